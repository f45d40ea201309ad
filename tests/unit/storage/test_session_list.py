"""Lists of sessions: order, filters, and pages that lose nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.event import Event
from agentmonitor.model.selection import Selection, SessionChoice
from tests.unit.builders import DAY, event, events, report
from tests.unit.storage.store import Factory, Store, opened
from tests.unit.storage.test_session_detail import pages

SORTS = ("last_activity", "started", "cost", "tokens", "events", "errors")


@given(
    st.lists(events(), min_size=1, max_size=12),
    st.lists(events(sessions=("s1", "s2", "s3", "s4", "s5")), max_size=12),
    st.sampled_from(SORTS),
    st.booleans(),
    st.integers(1, 2),
)
def test_a_list_shows_each_session_once_whatever_comes_in_between(
    engine: Factory, first: list[Event], later: list[Event], sort: Any, down: bool, limit: int
) -> None:
    with opened(engine) as store:
        store.write(*first)
        reads = store.engine.session_reads
        choice = SessionChoice(sort=sort, descending=down)
        before = [row.id for row in reads.session_list(choice, 50).rows]

        def between() -> None:
            if later:
                store.write(later.pop())

        rows = pages(lambda place: reads.session_list(choice, limit, place), between)
        assert [row.id for row in rows] == before


@given(st.lists(events(), min_size=1, max_size=15), st.sampled_from(SORTS), st.booleans())
def test_a_list_is_in_the_order_asked_for(
    engine: Factory, stored: list[Event], sort: str, down: bool
) -> None:
    def value(row: Any) -> Any:
        tokens = row.tokens_in + row.tokens_out + row.cache_read_tokens + row.cache_write_tokens
        return {
            "last_activity": row.last_event_at, "started": row.started_at, "tokens": tokens,
            "cost": row.total_cost_usd, "events": row.event_count, "errors": row.error_count,
        }[sort]  # fmt: skip

    with opened(engine) as store:
        store.write(*stored)
        choice = SessionChoice(sort=sort, descending=down)  # type: ignore[arg-type]
        page = store.engine.session_reads.session_list(choice, 50)
        values = [value(row) for row in page.rows]
        assert values == sorted(values, reverse=down)
        assert page.total == len({e.session_id for e in stored})


def ids(store: Store, **fields: Any) -> set[str]:
    choice = SessionChoice(where=Selection(**fields))
    return {row.id for row in store.engine.session_reads.session_list(choice, 50).rows}


def test_each_filter_leaves_out_what_does_not_match(store: Store) -> None:
    store.write(
        event(session_id="a", agent_type="alpha", project="p", branch="b", model="m"),
        event(session_id="b", agent_type="beta", occurred_at=DAY),
        event(session_id="b", agent_type="beta", occurred_at=DAY + 10),
        signals=[report("turn_started", "a", title="Mend 100% of it", cwd="/src/cart_x")],
    )
    assert ids(store) == {"a", "b"}
    for field, value in (("agent", "alpha"), ("project", "p"), ("branch", "b"), ("model", "m")):
        assert ids(store, **{field: value}) == {"a"}
        assert ids(store, **{field: "no such"}) == set()
    assert ids(store, session="b") == {"b"}
    assert ids(store, since=DAY + 11) == {"a"}
    assert ids(store, since=DAY + 10, until=DAY + 11) == {"b"}
    assert ids(store, since=DAY + 1, until=DAY + 2) == {"b"}
    assert ids(store, until=DAY) == set()
    for text in ("mEND", "100%", "cart_x"):
        assert ids(store, q=text) == {"a"}
    for text in ("100_", "cartyx", "\\", "'"):
        assert ids(store, q=text) == set()


def test_status_and_state_filter(store: Store) -> None:
    store.write(
        event(session_id="works"), event(session_id="over", event_type="session_end"),
        signals=[report("permission_asked", "asks", tool="Bash")],
    )  # fmt: skip
    reads = store.engine.session_reads
    for choice, expected in (
        (SessionChoice(status="active"), {"works", "asks"}),
        (SessionChoice(status="ended"), {"over"}),
        (SessionChoice(state="permission"), {"asks"}),
        (SessionChoice(state="no such"), set()),
    ):
        assert {row.id for row in reads.session_list(choice, 9).rows} == expected
    rows, counts = reads.live_sessions(Selection(), 9)
    assert {row.id for row in rows} == {"works", "asks"}
    assert counts == {"working": 1, "permission": 1}
    assert reads.live_sessions(Selection(agent="nobody"), 9) == ([], {})
    few, counts = reads.live_sessions(Selection(), 1)
    assert (len(few), sum(counts.values())) == (1, 2)


def test_a_list_goes_on_when_its_order_is_forgotten(engine: Factory) -> None:
    with opened(engine) as store:
        store.write(*(event(session_id=f"s{n}", occurred_at=DAY + n) for n in range(5)))
        reads = store.engine.session_reads
        first = reads.session_list(SessionChoice(), 2)
        assert first.next is not None
        _, done, value, key = first.next
        again = reads.session_list(SessionChoice(), 9, (12345, int(done), float(value), int(key)))
        assert [row.id for row in again.rows] == ["s2", "s1", "s0"]
