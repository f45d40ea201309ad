"""GET /api/stream: frames, filters and what they carry."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from .client import Api, event, eventually, unique
from .conftest import Launch
from .shape import EVENT_ROW, SESSION_ROW, STATS, faults, moment
from .sse import Frame, Stream


def test_the_first_frame_says_connected(api: Api) -> None:
    with Stream(api.url) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        first = stream.frame().message
        assert first["type"] == "connected"
        assert moment(first["timestamp"])


def test_an_event_s_payload_is_the_stored_row(api: Api, agent: str) -> None:
    with Stream(api.url, agent_type=agent).connected() as stream:
        api.ingest(
            event(agent),
            event(
                agent,
                event_type="llm_response",
                tool_name="Read",
                model="claude-sonnet-4-5",
                tokens_in=1000,
                metadata={"command": "ä \U0001f600\n\r\u2028 data: x\n\n"},
                client_timestamp="2026-03-01T12:00:00+02:00",
            ),
        )
        payloads = [frame.payload for frame in stream.events(2)]
        rows = {row["id"]: row for row in api.rows(agent_type=agent)}
        assert payloads == [rows[number] for number in sorted(rows)]
        for payload in payloads:
            assert faults(payload, EVENT_ROW) == {}


def test_a_payload_shows_what_the_server_added(api: Api, agent: str, session_id: str) -> None:
    """The session's project and branch, and the summary of large metadata."""
    with Stream(api.url, agent_type=agent).connected() as stream:
        api.ingest(
            event(agent, session_id=session_id, project="ct-p", branch="ct-b"),
            event(agent, session_id=session_id, metadata={"blob": "é" * 100_000, "path": "x"}),
        )
        payload = stream.events(2)[1].payload
        assert (payload["project"], payload["branch"]) == ("ct-p", "ct-b")
        assert payload["payload_truncated"] == 1
        assert payload == api.rows(session_id=session_id)[0]


def test_without_a_filter_every_event_comes(api: Api, agent: str) -> None:
    other = unique("ct-agent")
    with Stream(api.url).connected() as stream:
        ids = api.ingest(event(agent), event(other, event_type="error"))
        mine = [stream.first(lambda f: _is_of(f, agent, other)).payload["id"] for _ in ids]
        assert mine == ids


def _is_of(frame: Frame, *agents: str) -> bool:
    return frame.type == "event" and frame.payload["agent_type"] in agents


def test_agent_type_filters_events(api: Api, agent: str) -> None:
    with Stream(api.url, agent_type=agent).connected() as stream:
        api.ingest(event(unique("ct-agent")))
        [number] = api.ingest(event(agent))
        assert stream.of_type("event").payload["id"] == number


def test_event_type_filters_events(api: Api, agent: str) -> None:
    with Stream(api.url, agent_type=agent, event_type="error").connected() as stream:
        api.ingest(event(agent), event(unique("ct-agent"), event_type="error"))
        [number] = api.ingest(event(agent, event_type="error"))
        assert stream.of_type("event").payload["id"] == number


def test_a_batch_comes_in_order(api: Api, agent: str) -> None:
    with Stream(api.url, agent_type=agent).connected() as stream:
        ids = api.ingest_batch([event(agent) for _ in range(300)])
        assert [frame.payload["id"] for frame in stream.events(300)] == sorted(ids)


def test_duplicates_and_rejected_events_are_not_published(api: Api, agent: str) -> None:
    item = event(agent, event_id=unique())
    with Stream(api.url, agent_type=agent).connected() as stream:
        [first] = api.ingest(item)
        assert api.post("/api/events", item).status_code == 200
        api.post("/api/events/batch", {"events": [item, event(agent, status="fine")]})
        [last] = api.ingest(event(agent))
        assert [frame.payload["id"] for frame in stream.events(2)] == [first, last]


def test_concurrent_clients_each_get_every_event_in_order(api: Api, agent: str) -> None:
    def deliver(_: int) -> None:
        client = Api(api.url)
        client.ingest(*(event(agent) for _ in range(20)))
        client.close()

    with ExitStack() as open_streams:
        streams = [
            open_streams.enter_context(Stream(api.url, agent_type=agent)).connected()
            for _ in range(5)
        ]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(deliver, range(4)))
        ids = sorted(row["id"] for row in api.rows(agent_type=agent, limit=100))
        assert len(ids) == 80
        for stream in streams:
            assert [frame.payload["id"] for frame in stream.events(80)] == ids


def test_an_event_is_published_only_after_it_can_be_read(api: Api, agent: str) -> None:
    """Whoever hears of an event finds it, in the list and in its session's row."""
    session, count = unique("ct-s"), 30

    def deliver() -> None:
        client = Api(api.url)
        client.ingest(*(event(agent, session_id=session) for _ in range(count)))
        client.close()

    with Stream(api.url, agent_type=agent).connected() as stream:
        writer = threading.Thread(target=deliver)
        writer.start()
        for n in range(1, count + 1):
            number = stream.of_type("event").payload["id"]
            assert number in [row["id"] for row in api.rows(session_id=session)]
            assert api.session(session)["event_count"] >= n
        writer.join()


def test_stats_come_while_someone_listens(api: Api, agent: str) -> None:
    api.ingest(event(agent))
    with Stream(api.url).connected() as stream:
        payload = stream.of_type("stats").payload
        assert faults(payload, STATS) == {}
        assert isinstance(payload["usage_monitor"], list)
        assert agent in payload["agent_breakdown"]
        api.ingest(event(agent))
        stream.first(lambda f: f.type == "stats" and f.payload["agent_breakdown"][agent] == 2)


def test_without_sessions_1_only_the_contract_s_frames_come(api: Api, agent: str) -> None:
    with Stream(api.url).connected() as stream:
        api.ingest(event(agent), event(agent, event_type="session_end"))
        seen: set[str | None] = set()
        while "stats" not in seen:
            seen.add(stream.frame().type)
        assert seen <= {"event", "stats", "session_update", None}


def test_sessions_1_adds_the_session_s_row(api: Api, agent: str, session_id: str) -> None:
    with Stream(api.url, sessions=1).connected() as stream:
        api.ingest(event(agent, session_id=session_id, model="claude-opus-4-5", tokens_in=5))
        frame = stream.first(lambda f: f.type == "session" and f.payload["id"] == session_id)
        assert faults(frame.payload, SESSION_ROW) == {}
        assert frame.payload["context_window"] == 200_000
        assert frame.payload["status"] == "active"
        api.ingest(event(agent, session_id=session_id, event_type="session_end"))
        stream.first(
            lambda f: (
                f.type == "session"
                and f.payload["id"] == session_id
                and f.payload["status"] == "ended"
            )
        )


@pytest.fixture(scope="module")
def small(launch: Launch) -> Iterator[Api]:
    """A server with room for two streams, a heartbeat each second and no stats for long."""
    with launch(
        {
            "AGENTMONITOR_MAX_SSE_CLIENTS": "2",
            "AGENTMONITOR_SSE_HEARTBEAT_MS": "1000",
            "AGENTMONITOR_STATS_INTERVAL": "3600000",
        }
    ) as own:
        yield own


def test_a_heartbeat_is_a_comment(small: Api) -> None:
    with Stream(small.url).connected() as stream:
        for _ in range(2):
            frame = stream.first(lambda f: bool(f.comments))
            assert frame.data == []


def test_heartbeats_come_between_other_frames(launch: Launch) -> None:
    often = {"AGENTMONITOR_SSE_HEARTBEAT_MS": "1000", "AGENTMONITOR_STATS_INTERVAL": "250"}
    with launch(often) as own, Stream(own.url).connected() as stream:
        for _ in range(2):
            stream.first(lambda f: bool(f.comments), timeout=4)


def test_beyond_the_most_clients_it_is_503(small: Api) -> None:
    eventually(lambda: small.read("/api/health")["sse_clients"] == 0)
    with Stream(small.url).connected(), Stream(small.url).connected() as second:
        with Stream(small.url) as third:
            assert third.status == 503
            assert third.headers["content-type"].startswith("application/json")
            answer = third.body()
            assert isinstance(answer["error"], str)
            assert answer["max_clients"] == 2
        agent = unique("ct-agent")
        [number] = small.ingest(event(agent))
        assert second.of_type("event").payload["id"] == number


def test_a_place_is_free_again_once_a_client_has_gone(small: Api) -> None:
    def admitted() -> bool:
        with Stream(small.url) as stream:
            return stream.status == 200

    eventually(lambda: small.read("/api/health")["sse_clients"] == 0)
    with Stream(small.url).connected(), Stream(small.url).connected():
        assert not admitted()
    eventually(admitted)


def test_a_short_interval_gives_stats_often(launch: Launch) -> None:
    with (
        launch({"AGENTMONITOR_STATS_INTERVAL": "250"}) as own,
        Stream(own.url).connected() as stream,
    ):
        own.ingest(event(unique("ct-agent")))
        for _ in range(4):
            stream.of_type("stats", timeout=4)
