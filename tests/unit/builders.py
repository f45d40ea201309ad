"""Short ways to make the things that tests are about."""

from typing import Any

from hypothesis import strategies as st

from agentmonitor.model.clock import DAY_MS, HOUR_MS, MINUTE_MS, from_iso
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal, Signal, SignalKind

DAY = from_iso("2026-11-20T00:00:00Z")
"""The first day of every story."""
NOW = DAY + 10 * DAY_MS
"""When things arrive, unless a test says otherwise."""
LINGERING = "lingerer"
"""An agent type whose ended sessions stay idle for a while."""
AGENTS = ("alpha", "beta", LINGERING)


def event(**fields: Any) -> Event:
    """A sound event, as the pipeline hands it to the store."""
    known: dict[str, Any] = {
        "session_id": "s1", "agent_type": "alpha", "event_type": "tool_use", "created_at": NOW,
        "status": "success",
    }  # fmt: skip
    return Event(**known | fields)


def report(kind: SignalKind = "none", session_id: str = "s1", **fields: Any) -> SessionSignal:
    """A signal without an event; what is no field of SessionSignal goes into its signal."""
    outer = {k: fields.pop(k) for k in ("project", "branch", "model") if k in fields}
    at = fields.pop("at", NOW)
    agent = fields.pop("agent_type", "alpha")
    signal = Signal(kind=kind, **fields)
    return SessionSignal(session_id=session_id, agent_type=agent, at=at, signal=signal, **outer)


def moments() -> st.SearchStrategy[int]:
    """Times on and beside the borders of minutes, hours and days, over five days."""
    return st.builds(
        lambda day, hour, minute, ms: DAY + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + ms,
        st.integers(0, 4),
        st.sampled_from((0, 1, 12, 23)),
        st.sampled_from((0, 1, 30, 59)),
        st.sampled_from((0, 1, 30_000, 59_999)),
    )


def costs() -> st.SearchStrategy[float | None]:
    """Known and unknown costs, in thousandths of a dollar."""
    return st.one_of(st.none(), st.integers(0, 5000).map(lambda n: n / 1000))


def events(
    *, sessions: tuple[str, ...] = ("s1", "s2", "s3"), ids: bool = False
) -> st.SearchStrategy[Event]:
    """Events that meet each other often: few names, many borders of time."""
    tokens = st.sampled_from((0, 0, 7, 1000))
    return st.builds(
        Event,
        session_id=st.sampled_from(sessions),
        agent_type=st.sampled_from(AGENTS),
        event_type=st.sampled_from(("tool_use", "llm_request", "error", "session_end")),
        event_id=st.sampled_from((None, "e1", "e2", "e3", "e4")) if ids else st.none(),
        status=st.sampled_from(("success", "success", "error", "timeout")),
        tool_name=st.sampled_from((None, "Bash", "Edit")),
        branch=st.sampled_from((None, None, "main", "fix/a")),
        project=st.sampled_from((None, None, "storefront", "ledger")),
        model=st.sampled_from((None, "m-large", "m-small")),
        source=st.sampled_from(("api", "hook", "import")),
        tokens_in=tokens,
        tokens_out=tokens,
        cache_read_tokens=tokens,
        cache_write_tokens=tokens,
        duration_ms=st.sampled_from((None, 0, 15, 1001)),
        cost_usd=costs(),
        occurred_at=st.one_of(st.none(), moments()),
        created_at=moments().map(lambda ms: ms + DAY_MS),
        file_path=st.sampled_from((None, "/a.py", "/b.py")),
        lines_added=st.integers(0, 3),
        lines_removed=st.integers(0, 3),
    )
