"""GET /api/stream: ids, and resuming after a lost connection."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from .client import Api, event, unique
from .sse import Stream


def by_header(api: Api, last: int | str, agent: str) -> Stream:
    return Stream(api.url, headers={"last-event-id": str(last)}, agent_type=agent)


def by_query(api: Api, last: int | str, agent: str) -> Stream:
    return Stream(api.url, agent_type=agent, last_event_id=last)


Resume = Callable[[Api, int, str], Stream]


def test_an_event_frame_carries_the_event_s_id(api: Api, agent: str) -> None:
    with Stream(api.url, agent_type=agent).connected() as stream:
        api.ingest(event(agent), event(agent))
        for frame in stream.events(2):
            assert frame.id == str(frame.payload["id"])


@pytest.mark.parametrize("resume", [by_header, by_query])
def test_a_resumed_stream_tells_what_was_missed_and_goes_on(
    api: Api, agent: str, resume: Resume
) -> None:
    ids = api.ingest_batch([event(agent) for _ in range(20)])
    with resume(api, ids[7], agent).connected() as stream:
        missed = stream.events(12)
        assert [frame.payload["id"] for frame in missed] == ids[8:]
        assert [frame.id for frame in missed] == [str(number) for number in ids[8:]]
        [number] = api.ingest(event(agent))
        assert stream.of_type("event").payload["id"] == number


def test_what_was_missed_is_told_as_the_stored_rows(api: Api, agent: str) -> None:
    [first, *_] = api.ingest(event(agent), event(agent, tool_name="Read", cost_usd=0.5))
    with by_header(api, first, agent).connected() as stream:
        [row, _] = api.rows(agent_type=agent)
        assert stream.of_type("event").payload == row


def test_who_has_missed_nothing_is_told_nothing_again(api: Api, agent: str) -> None:
    ids = api.ingest(event(agent), event(agent))
    with by_header(api, ids[-1], agent).connected() as stream:
        [number] = api.ingest(event(agent))
        assert stream.of_type("event").payload["id"] == number


def test_without_an_id_the_past_is_not_told(api: Api, agent: str) -> None:
    api.ingest(event(agent))
    with Stream(api.url, agent_type=agent).connected() as stream:
        [number] = api.ingest(event(agent))
        assert stream.of_type("event").payload["id"] == number


def test_filters_hold_for_what_was_missed(api: Api, agent: str) -> None:
    [start] = api.ingest(event(agent))
    api.ingest(event(agent), event(unique("ct-agent"), event_type="error"))
    [number] = api.ingest(event(agent, event_type="error"))
    api.ingest(event(agent))
    with Stream(
        api.url, {"last-event-id": str(start)}, agent_type=agent, event_type="error"
    ).connected() as stream:
        assert stream.of_type("event").payload["id"] == number
        [later] = api.ingest(event(agent, event_type="error"))
        assert stream.of_type("event").payload["id"] == later


def test_however_much_was_missed_is_told(api: Api, agent: str) -> None:
    other = unique("ct-agent")
    [start] = api.ingest(event(agent))
    mixed = [event(who) for _ in range(1200) for who in (agent, other)]
    ids = api.ingest_batch(mixed)
    with by_header(api, start, agent).connected() as stream:
        missed = [frame.payload["id"] for frame in stream.events(1200)]
        assert missed == sorted(ids)[::2]
        [number] = api.ingest(event(agent))
        assert stream.of_type("event").payload["id"] == number


@pytest.mark.parametrize("resume", [by_header, by_query])
def test_reconnecting_while_events_keep_coming_neither_skips_nor_repeats(
    api: Api, agent: str, resume: Resume
) -> None:
    """One reader loses its connection again and again while another client writes."""
    total = 300
    [start] = api.ingest(event(agent))

    def deliver() -> None:
        client = Api(api.url)
        for n in range(total // 10):
            client.ingest_batch([event(agent) for _ in range(5 + n % 2 * 4)])
            client.ingest(*(event(agent) for _ in range(5 - n % 2 * 4)))
        client.close()

    writer = threading.Thread(target=deliver)
    heard = [start]
    writer.start()
    try:
        for length in [1, 2, 5, 11, 23, 3, 1, 40, 17, 30] * 10:
            with resume(api, heard[-1], agent).connected() as stream:
                wanted = min(length, total + 1 - len(heard))
                heard += [frame.payload["id"] for frame in stream.events(wanted)]
            if len(heard) > total:
                break
    finally:
        writer.join()
    pages = [api.rows(agent_type=agent, limit=100, offset=offset) for offset in range(0, 400, 100)]
    assert heard == sorted(row["id"] for page in pages for row in page)


@pytest.mark.parametrize("last", ["abc", "-1", "1.5", "", "99999999999999999999999"])
@pytest.mark.parametrize("resume", [by_header, by_query])
def test_a_senseless_id_is_no_fault_of_the_server(
    api: Api, agent: str, resume: Callable[[Api, str, str], Stream], last: str
) -> None:
    with resume(api, last, agent) as stream:
        assert stream.status in (200, 400)
