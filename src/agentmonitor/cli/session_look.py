"""What the commands about sessions share: finding one, and how its row looks."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from agentmonitor.cli.output import is_terminal, money
from agentmonitor.cli.source import Refused, Reports
from agentmonitor.cli.text import clean
from agentmonitor.errors import ConfigError

STYLES = {
    "permission": "bold yellow", "input": "bold yellow", "failed": "bold red",
    "working": "green", "idle": "dim", "ended": "dim",
}  # fmt: skip
"""How each state of a session is shown."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_BY_TIME = ("1", "6", "7")
"""Versions of UUIDs that begin with the time (RFC 9562): neighbours begin alike."""
_MOST_NAMED = 5


def find_session(reports: Reports, wanted: str) -> dict[str, Any]:
    """The details of the session with that id, or the only one that begins so, or the last one.

    Raises ConfigError when there is none, or more than one.
    """
    if wanted != "last":
        try:
            found: dict[str, Any] = reports.get(session_path(wanted))
            return found
        except Refused as error:
            if error.status != 404:
                raise
    if not wanted:
        raise ConfigError("Name a session: its id, how that begins, or 'last'.")
    ids = _beginning(reports, wanted)
    if not ids:
        what = "There is no session yet" if wanted == "last" else f"No session begins with {wanted}"
        raise ConfigError(f"{clean(what)}. 'agentmonitor sessions' lists them.")
    if len(ids) > 1:
        named = ", ".join(clean(each) for each in ids[:_MOST_NAMED])
        more = " and more" if len(ids) > _MOST_NAMED else ""
        raise ConfigError(
            f"Several sessions begin with {clean(wanted)}: {named}{more}. Write more of it."
        )
    detail: dict[str, Any] = reports.get(session_path(ids[0]))
    return detail


def _beginning(reports: Reports, wanted: str) -> list[str]:
    """Ids that begin with ``wanted``, or the last session's; a few more than can be named."""
    if wanted == "last":
        return [row["id"] for row in reports.get("/api/v2/sessions", {"limit": 1})["sessions"]]
    ids: list[str] = []
    for page in reports.pages("/api/v2/sessions", {"q": wanted, "limit": 500}):
        ids += [row["id"] for row in page["sessions"] if row["id"].startswith(wanted)]
        if len(ids) > _MOST_NAMED:
            break
    return ids


def session_path(session: str, *below: str) -> str:
    """The path of a session, or of what lies below it."""
    return "/".join(("/api/v2/sessions", quote(session, safe=""), *below))


def short_id(session: str) -> str:
    """Enough of an id to name it, where somebody looks; all of it for programs."""
    if not is_terminal() or not _UUID.fullmatch(session):
        return session
    return session[:13] if session[14] in _BY_TIME else session[:8]


def title_of(row: dict[str, Any]) -> str:
    """What a session is called."""
    return str(row["title"] or row["cwd"] or row["id"])


def tokens_of(row: dict[str, Any]) -> int:
    """Tokens of every class."""
    names = ("tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens")
    return sum(row[name] for name in names)


def cost_of(row: dict[str, Any]) -> str:
    """What a session cost."""
    return money(row["total_cost_usd"], row["unpriced_events"])


def moment(iso: str) -> datetime:
    """A time of the API."""
    return datetime.fromisoformat(iso)


def ago(iso: str, now: datetime | None = None) -> str:
    """How long ago that was, in one unit."""
    seconds = ((now or datetime.now(UTC)) - moment(iso)).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{max(0, int(seconds))}s"
