"""The life of a session, as events and time move it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from .client import Api, ago, event, unique
from .conftest import Launch
from .shape import moment
from .sse import Stream


def test_session_start_makes_an_active_session(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(agent, session_id=session_id, event_type="session_start"))
    session = api.session(session_id)
    assert session["status"] == "active"
    assert session["ended_at"] is None


def test_any_event_makes_an_active_session(api: Api, agent: str, session_id: str) -> None:
    api.ingest(event(agent, session_id=session_id, event_type="llm_request"))
    assert api.session(session_id)["status"] == "active"


def test_session_end_ends_a_session(api: Api, agent: str, session_id: str) -> None:
    api.ingest(
        event(agent, session_id=session_id),
        event(agent, session_id=session_id, event_type="session_end"),
    )
    session = api.session(session_id)
    assert session["status"] == "ended"
    assert moment(session["ended_at"])


def test_session_end_leaves_claude_code_idle_first(api: Api, session_id: str) -> None:
    api.ingest(
        event("claude_code", session_id=session_id),
        event("claude_code", session_id=session_id, event_type="session_end"),
    )
    assert api.session(session_id)["status"] == "idle"


@pytest.mark.parametrize("kind", ["claude_code", None])
def test_a_later_event_reactivates(api: Api, agent: str, session_id: str, kind: str | None) -> None:
    who = kind or agent
    api.ingest(
        event(who, session_id=session_id, event_type="session_end"),
        event(who, session_id=session_id, event_type="user_prompt"),
    )
    assert api.session(session_id)["status"] == "active"


def test_start_and_end_in_one_batch_leave_it_ended(api: Api, agent: str, session_id: str) -> None:
    kinds = ("session_start", "tool_use", "session_end")
    api.ingest_batch([event(agent, session_id=session_id, event_type=kind) for kind in kinds])
    assert api.session(session_id)["status"] == "ended"


@pytest.mark.parametrize("age", [{"days": 40}, {"seconds": 1}])
def test_imported_history_never_looks_live(
    api: Api, agent: str, session_id: str, age: dict[str, float]
) -> None:
    for kind in ("session_start", "tool_use"):
        api.ingest(
            event(
                agent,
                session_id=session_id,
                event_type=kind,
                source="import",
                client_timestamp=ago(**age),
            )
        )
        assert api.session(session_id)["status"] == "ended"
    stats = api.read("/api/stats", agent_type=agent)
    assert (stats["total_sessions"], stats["live_sessions"]) == (1, 0)
    assert (stats["active_sessions"], stats["active_agents"]) == (0, 0)


def test_an_import_does_not_reactivate(api: Api, agent: str, session_id: str) -> None:
    api.ingest(
        event(agent, session_id=session_id, event_type="session_end"),
        event(agent, session_id=session_id, source="import", client_timestamp=ago(days=2)),
        event(agent, session_id=session_id, source="import"),
    )
    assert api.session(session_id)["status"] == "ended"


def test_an_import_does_not_end_an_active_session(api: Api, agent: str, session_id: str) -> None:
    api.ingest(
        event(agent, session_id=session_id),
        event(agent, session_id=session_id, source="import", client_timestamp=ago(days=2)),
    )
    assert api.session(session_id)["status"] == "active"


def test_a_live_event_revives_an_imported_session(api: Api, agent: str, session_id: str) -> None:
    api.ingest(
        event(agent, session_id=session_id, source="import", client_timestamp=ago(days=2)),
        event(agent, session_id=session_id, source="hook"),
    )
    assert api.session(session_id)["status"] == "active"


def test_an_event_takes_its_session_s_project_and_branch(
    api: Api, agent: str, session_id: str
) -> None:
    api.ingest(
        event(agent, session_id=session_id, project="ct-p", branch="ct-b"),
        event(agent, session_id=session_id),
        event(agent, session_id=session_id, project="ct-other"),
    )
    last, second, _ = api.rows(session_id=session_id)
    assert (second["project"], second["branch"]) == ("ct-p", "ct-b")
    assert (last["project"], last["branch"]) == ("ct-other", "ct-b")


def test_project_and_branch_are_inherited_inside_one_batch(
    api: Api, agent: str, session_id: str
) -> None:
    api.ingest_batch(
        [
            event(agent, session_id=session_id, project="ct-p", branch="ct-b"),
            event(agent, session_id=session_id),
        ]
    )
    assert [row["project"] for row in api.rows(session_id=session_id)] == ["ct-p", "ct-p"]
    assert [row["branch"] for row in api.rows(session_id=session_id)] == ["ct-b", "ct-b"]


class Watched:
    """What a server with a timeout of three seconds made of four sessions."""

    def __init__(self, api: Api) -> None:
        self.agent = unique("ct-agent")
        self.quiet, self.busy, self.woken, self.claude = (unique("ct-s") for _ in range(4))
        self.seen: dict[str, list[str]] = {
            name: [] for name in (self.quiet, self.busy, self.woken, self.claude)
        }
        for name in (self.quiet, self.busy, self.woken):
            api.ingest(event(self.agent, session_id=name))
        api.ingest(event("claude_code", session_id=self.claude, event_type="session_end"))
        deadline = time.monotonic() + 60
        while not self._over():
            assert time.monotonic() < deadline, self.seen
            api.ingest(event(self.agent, session_id=self.busy))
            for session in api.sessions(limit=0):
                past = self.seen[session["id"]]
                if past[-1:] != [session["status"]]:
                    past.append(session["status"])
            if self.seen[self.woken] == ["active", "idle"]:
                api.ingest(event(self.agent, session_id=self.woken))
            time.sleep(0.1)
        self.stats = api.read("/api/stats", agent_type=self.agent)

    def _over(self) -> bool:
        ends = self.seen[self.quiet][-1:] == self.seen[self.claude][-1:] == ["ended"]
        return ends and len(self.seen[self.woken]) > 2


@pytest.fixture(scope="module")
def sweeping(launch: Launch) -> Iterator[Api]:
    with launch({"AGENTMONITOR_SESSION_TIMEOUT": "0.05"}) as own:
        yield own


@pytest.fixture(scope="module")
def watched(sweeping: Api) -> Watched:
    return Watched(sweeping)


def test_without_events_a_session_goes_idle_and_then_ends(watched: Watched) -> None:
    assert watched.seen[watched.quiet] == ["active", "idle", "ended"]


def test_events_keep_a_session_active(watched: Watched) -> None:
    assert watched.seen[watched.busy] == ["active"]


def test_an_event_wakes_an_idle_session(watched: Watched) -> None:
    assert watched.seen[watched.woken][:3] == ["active", "idle", "active"]


def test_an_ended_claude_session_lingers_idle_and_then_ends(watched: Watched) -> None:
    assert watched.seen[watched.claude] == ["idle", "ended"]


def test_live_sessions_are_those_not_ended(watched: Watched) -> None:
    assert watched.stats["total_sessions"] == 3
    assert watched.stats["live_sessions"] == 2
    assert watched.stats["active_agents"] == 1


def test_the_stream_tells_of_sessions_gone_idle(sweeping: Api, watched: Watched) -> None:
    with Stream(sweeping.url).connected() as stream:
        sweeping.ingest(event(watched.agent))
        payload = stream.of_type("session_update").payload
        assert payload["type"] == "idle_check"
        assert type(payload["idled"]) is int
        assert payload["idled"] >= 1
