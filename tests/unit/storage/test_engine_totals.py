"""What every engine promises of its totals, against a naive model."""

import threading
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.event import Event
from agentmonitor.model.filters import SessionFilter
from tests.unit.builders import event, events, report
from tests.unit.storage.store import PATIENCE_S, Factory, Store, opened
from tests.unit.storage.test_engine_events import copies

Key = tuple[str, str, str | None, str | None]


def naive(stored: list[Event]) -> dict[Key, list[int]]:
    sums: dict[Key, list[int]] = {}
    for e in stored:
        tokens = (e.tokens_in, e.tokens_out, e.cache_read_tokens, e.cache_write_tokens)
        nano = 0 if e.cost_usd is None else round(e.cost_usd * 1e9)
        values = (1, e.status != "success", *tokens, nano, sum(tokens) * (e.cost_usd is None))
        key = (e.agent_type, e.event_type, e.tool_name, e.model)
        sums[key] = [a + b for a, b in zip(sums.get(key, [0] * 8), values, strict=True)]
    return sums


@given(batches=st.lists(st.lists(events(), max_size=15), min_size=1, max_size=4))
def test_totals_are_what_the_events_add_up_to(engine: Factory, batches: list[list[Event]]) -> None:
    with opened(engine) as store:
        for batch in batches:
            store.write(*copies(batch))
        found = store.engine.totals()
        assert {
            (t.agent_type, t.event_type, t.tool_name, t.model): [
                t.events, t.errors, t.tokens_in, t.tokens_out, t.cache_read, t.cache_write,
                t.cost_nano, t.unpriced_tokens,
            ]
            for t in found.usage
        } == naive([e for batch in batches for e in batch])  # fmt: skip
        sessions, _ = store.engine.sessions(SessionFilter(), 0)
        states = Counter(row.state for row in sessions)
        assert Counter(found.sessions) == states
        assert sum(found.sessions.values()) == len(sessions)


def test_totals_are_the_same_after_a_rebuild(store: Store) -> None:
    for number in range(3):
        store.write(event(model="m", tokens_in=number, cost_usd=0.001), event(tool_name="Bash"))
    before = store.engine.totals()
    store.engine.rebuild()
    assert store.engine.totals() == before


def test_every_state_is_there_and_a_signal_moves_the_session(store: Store) -> None:
    nobody = store.engine.totals().sessions
    assert set(nobody) == {"working", "permission", "input", "idle", "failed", "ended"}
    assert set(nobody.values()) == {0}
    store.write(signals=[report("permission_asked", tool="Bash")])
    assert store.engine.totals().sessions == nobody | {"permission": 1}


def wait(gate: threading.Event) -> None:
    gate.wait(PATIENCE_S)


def test_what_waits_for_the_writer_is_counted(store: Store) -> None:
    gate, stored = threading.Event(), threading.Event()
    store.engine.put_quotas([], lambda error: wait(gate))
    try:
        store.engine.submit([event(), event()], [report()], lambda result: stored.set())
        assert store.engine.queued() == 3
    finally:
        gate.set()
    assert stored.wait(PATIENCE_S)
    store.engine.rebuild()  # comes after the batch in the queue
    assert store.engine.queued() == 0
