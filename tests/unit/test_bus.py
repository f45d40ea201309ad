"""Publish and subscribe: who gets what, in which order, and who is let go."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from agentmonitor.bus import MAX_QUEUED_BYTES, Bus, Subscription
from agentmonitor.model.session import EventRow, event_row
from tests.unit.builders import event


def row(id_: int, **fields: Any) -> EventRow:
    return event_row(event(id=id_, **fields))


def joined(
    bus: Bus, agent: str | None = None, kind: str | None = None, **more: bool
) -> Subscription:
    subscription = Subscription(agent, kind, **more)
    bus.add(subscription)
    return subscription


def frames(data: bytes | None) -> list[dict[str, Any]]:
    """The frames in what a listener got."""
    assert data is not None
    result = []
    for part in data.decode().split("\n\n")[:-1]:
        lines = dict(line.split(": ", 1) for line in part.splitlines())
        result.append(json.loads(lines["data"]))
        if "id" in lines:
            assert int(lines["id"]) == result[-1]["payload"]["id"]
    return result


def ids(data: bytes | None) -> list[int]:
    return [frame["payload"]["id"] for frame in frames(data)]


def run(test: Callable[[Bus], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test(Bus()))


def test_events_come_in_the_order_of_their_ids_each_once() -> None:
    async def story(bus: Bus) -> None:
        listener = joined(bus)
        bus.publish_events([row(1), row(2)])
        bus.publish_events([row(3)])
        assert ids(await listener.get(1)) == [1, 2, 3]
        bus.publish_events([row(4)])
        assert ids(await listener.get(1)) == [4]
        assert bus.last_event_id == 4

    run(story)


def test_a_frame_holds_the_stored_row() -> None:
    async def story(bus: Bus) -> None:
        listener = joined(bus)
        stored = row(7, metadata_json='{"a":"\\n"}', project="p")
        bus.publish_events([stored])
        (frame,) = frames(await listener.get(1))
        assert frame["type"] == "event"
        assert frame["payload"] == {n: getattr(stored, n) for n in stored.__struct_fields__}

    run(story)


def test_filters_let_only_what_is_asked_for_pass() -> None:
    async def story(bus: Bus) -> None:
        everything, alpha = joined(bus), joined(bus, "alpha")
        errors, both = joined(bus, None, "error"), joined(bus, "alpha", "error")
        bus.publish_events(
            [row(1, agent_type="alpha"), row(2, agent_type="beta", event_type="error"),
             row(3, agent_type="alpha", event_type="error"), row(4, agent_type="beta")]
        )  # fmt: skip
        assert ids(await everything.get(1)) == [1, 2, 3, 4]
        assert ids(await alpha.get(1)) == [1, 3]
        assert ids(await errors.get(1)) == [2, 3]
        assert ids(await both.get(1)) == [3]
        bus.publish_events([row(5, agent_type="beta")])
        assert await both.get(0) == b""

    run(story)


def test_session_rows_go_only_to_who_asked_for_them() -> None:
    async def story(bus: Bus) -> None:
        plain = joined(bus)
        before = bus.wants_sessions
        rich = joined(bus, sessions=True)
        assert (before, bus.wants_sessions) == (False, True)
        bus.publish("session", {"id": "s"}, sessions=True)
        bus.publish("stats", {"n": 1})
        assert [f["type"] for f in frames(await plain.get(1))] == ["stats"]
        assert [f["type"] for f in frames(await rich.get(1))] == ["session", "stats"]

    run(story)


def test_only_who_does_not_read_is_let_go() -> None:
    async def story(bus: Bus) -> None:
        slow, quick = joined(bus), joined(bus)
        payload = "x" * 100_000
        count = MAX_QUEUED_BYTES // 100_000 + 2
        got = b""
        for _ in range(count):
            bus.publish("stats", payload)
            got += await quick.get(1) or b""
        assert [slow.closed, slow.overflowed] == [True, True]
        assert await slow.get(1) is None
        assert [quick.closed, quick.overflowed] == [False, False]
        assert len(frames(got)) == count

    run(story)


def test_a_burst_is_no_fault_of_who_reads() -> None:
    async def story(bus: Bus) -> None:
        listener = joined(bus)
        count = MAX_QUEUED_BYTES // 400
        bus.publish_events([row(n) for n in range(1, count)])
        data = await listener.get(1)
        assert data is not None
        assert len(data) > MAX_QUEUED_BYTES
        assert not listener.closed

    run(story)


def test_what_waits_for_one_listener_is_bounded() -> None:
    async def story(bus: Bus) -> None:
        slow = joined(bus)
        for _ in range(200):
            bus.publish("stats", "x" * 100_000)
        assert sum(map(len, slow._frames)) == 0

    run(story)


def test_a_listener_that_left_gets_nothing() -> None:
    async def story(bus: Bus) -> None:
        listener = joined(bus)
        bus.remove(listener)
        bus.remove(listener)
        bus.publish_events([row(9)])
        assert await listener.get(0) == b""
        assert (len(bus), bus.last_event_id) == (0, 9)

    run(story)


def test_closing_ends_streams_after_what_is_queued_and_those_to_come() -> None:
    async def story(bus: Bus) -> None:
        listener = joined(bus)
        bus.publish_events([row(1)])
        bus.close()
        assert ids(await listener.get(1)) == [1]
        assert await listener.get(1) is None
        late = joined(bus)
        assert await late.get(1) is None
        bus.publish_events([row(2)])
        assert await late.get(1) is None

    run(story)


@pytest.mark.parametrize("close", [True, False])
def test_who_waits_is_woken(close: bool) -> None:
    async def story(bus: Bus) -> None:
        listener = joined(bus)
        waiting = asyncio.create_task(listener.get(60))
        await asyncio.sleep(0)
        bus.close() if close else bus.publish_events([row(1)])
        found = await waiting
        assert found is None if close else ids(found) == [1]

    run(story)


def test_nothing_in_time_is_an_empty_answer() -> None:
    async def story(bus: Bus) -> None:
        assert await joined(bus).get(0.001) == b""

    run(story)
