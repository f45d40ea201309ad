"""The one write path: what becomes of events between their arrival and their listeners."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.bus import Bus, Subscription
from agentmonitor.errors import InvalidInput, StorageError
from agentmonitor.metadata import Rules
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.filters import EventFilter
from agentmonitor.model.session import EventRow
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from agentmonitor.redact import MARK
from agentmonitor.storage.engine import WriteResult
from agentmonitor.storage.sqlite.apply import Applier
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import event, report
from tests.unit.test_bus import frames, ids

SECRET = "ghp_" + "a1B2" * 9


class Parts:
    """A pipeline and what it is put together from."""

    def __init__(self, engine: SqliteEngine) -> None:
        self.engine = engine
        self.bus = Bus()
        self.pipeline = Pipeline(
            engine, self.bus, Pricer(), Rules(max_bytes=10_240, edit_tools=frozenset({"Edit"}))
        )

    def stored(self) -> list[EventRow]:
        return self.engine.events_after(0, 10**6, None, None, 1000)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    engine = SqliteEngine(tmp_path / "a.db")
    engine.open()
    yield Parts(engine)
    engine.close()


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await story()

    asyncio.run(whole())


def test_new_events_are_published_after_the_commit_and_repeats_are_not(parts: Parts) -> None:
    async def story() -> None:
        listener = Subscription(None, None)
        parts.bus.add(listener)
        batch = [event(event_id="a", project="p"), event(event_id="a"), event()]
        assert await parts.pipeline.ingest(batch) == [1, None, 2]
        sent = frames(await listener.get(1))
        assert [f["payload"]["id"] for f in sent] == [1, 2]
        # What a listener sees is what the store holds, the session's project included.
        assert [EventRow(**f["payload"]) for f in sent] == parts.stored()
        assert sent[1]["payload"]["project"] == "p"

    run(story)


def test_many_callers_at_once_each_get_their_own_answer(parts: Parts) -> None:
    async def story() -> None:
        listener = Subscription(None, None)
        parts.bus.add(listener)
        batches = [[event(event_id=f"{n}.{k}") for k in range(n % 4)] for n in range(40)]
        answers = await asyncio.gather(*(parts.pipeline.ingest(batch) for batch in batches))
        by_id = {row.id: row.event_id for row in parts.stored()}
        for batch, answer in zip(batches, answers, strict=True):
            assert [by_id[i or 0] for i in answer] == [e.event_id for e in batch]
        heard = ids(await listener.get(1))
        assert heard == sorted(by_id)
        assert parts.bus.last_event_id == heard[-1]

    run(story)


def test_a_failed_batch_is_told_to_its_caller_and_published_to_nobody(parts: Parts) -> None:
    async def story() -> None:
        listener = Subscription(None, None)
        parts.bus.add(listener)
        with pytest.raises(StorageError):
            await parts.pipeline.ingest([event(), event(project="\ud800")])
        assert await listener.get(0) == b""
        assert await parts.pipeline.ingest([event()]) == [1]

    run(story)


def test_nobody_listening_still_moves_the_last_id(parts: Parts) -> None:
    async def story() -> None:
        await parts.pipeline.ingest([event(), event()])
        assert parts.bus.last_event_id == 2
        assert await parts.pipeline.ingest([]) == []

    run(story)


def test_who_leaves_before_the_answer_disturbs_nobody(parts: Parts) -> None:
    async def story() -> None:
        impatient = asyncio.create_task(parts.pipeline.ingest([event()]))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await parts.pipeline.ingest([event()]) == [2]

    run(story)


def test_an_event_is_completed_before_it_is_stored(parts: Parts) -> None:
    priced = {"model": "gpt-5", "tokens_in": 1000}

    async def story() -> None:
        await parts.pipeline.ingest(
            [event(status=None), event(status=None, event_type="error"), event(**priced),
             event(**priced, cost_usd=0.0), event(model="nobody's", tokens_in=1000),
             event(model="gpt-5"), event(metadata={"a": SECRET}, **priced)]
        )  # fmt: skip

    run(story)
    rows = parts.stored()
    assert [row.status for row in rows[:3]] == ["success", "error", "success"]
    assert [row.cost_usd for row in rows[2:]] == [0.00125, 0.0, None, None, 0.00125]
    assert rows[-1].metadata == f'{{"a":"{MARK}"}}'


def test_a_count_that_cannot_be_true_costs_nothing_and_breaks_nothing(parts: Parts) -> None:
    absurd = {"tokens_in": MAX_INT, "tokens_out": MAX_INT, "model": "claude-opus-4-8"}

    async def story() -> None:
        await parts.pipeline.ingest([event(**absurd) for _ in range(1100)])
        await parts.pipeline.ingest([event(tokens_in=1, cost_usd=0.5)])
        parts.engine.rebuild()
        await parts.pipeline.ingest([event(cost_usd=0.5)])

    run(story)
    assert parts.engine.events(EventFilter(), 1, 0)[1] == 1102
    assert parts.engine.stats(None, None).total_cost_usd == 1.0


def test_signals_are_cleaned_and_their_sessions_are_news_to_who_asked(parts: Parts) -> None:
    async def story() -> None:
        await parts.pipeline.ingest([], [report("permission_asked", detail=f"use {SECRET}")])
        assert parts.pipeline.changed_sessions.ids == set()
        parts.bus.add(Subscription(None, None, sessions=True))
        await parts.pipeline.ingest([event(session_id="e")], [report("busy", session_id="s")])
        assert parts.pipeline.changed_sessions.ids == {"e", "s"}

    run(story)
    (row,) = parts.engine.sessions_by_id(["s1"])
    assert row.state_detail == f"use {MARK}"


def test_what_comes_while_the_store_writes_is_looked_at_afterwards(parts: Parts) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        parts.pipeline.attach(loop)
        reached, release = threading.Event(), threading.Event()
        apply = Applier.apply

        def held(applier: Applier, *batch: Any) -> WriteResult:
            reached.set()
            assert release.wait(20)
            return apply(applier, *batch)

        order: list[object] = []
        done = asyncio.Event()

        def failed(error: Exception) -> None:
            order.append(str(error))
            done.set()

        def broken() -> list[Event]:
            order.append("broken")
            raise InvalidInput("no event")

        def sound() -> list[Event]:
            order.append("sound")
            return [event(event_id="b")]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Applier, "apply", held)
            first = asyncio.ensure_future(parts.pipeline.ingest([event(event_id="a")]))
            await asyncio.to_thread(reached.wait, 20)
            parts.pipeline.take(sound, order.append, failed)
            parts.pipeline.take(broken, order.append, failed)
            assert order == []
            release.set()
            assert await first == [1]
            await asyncio.wait_for(done.wait(), 20)
        while [2] not in order:
            await asyncio.sleep(0.01)
        assert order == ["sound", "broken", "no event", [2]]
        parts.pipeline.take(list, order.append, failed)
        assert order[-1] == []

    run(story)
