"""What goes on now, and who needs a human."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from agentmonitor.model.clock import IsoTime, from_iso
from agentmonitor.model.session import RunningTool, SessionRow

Reason = Literal["permission", "input", "failed", "long_running"]
_ORDER: tuple[Reason, ...] = ("permission", "input", "failed", "long_running")


class Attention(msgspec.Struct, kw_only=True):
    """Why somebody should look at a session. ``since``: ISO 8601 UTC."""

    session_id: str
    reason: Reason
    since: IsoTime
    tool: str | None
    code: str | None
    """A short machine word: why it failed, what kind of question it is."""
    detail: str | None
    """What is asked, what failed, or what runs; untrusted text."""
    subagent_id: str | None = None
    """Whose tool has run for long; None: the session's own."""


def attention(rows: Iterable[SessionRow], now: int, long_running_ms: int) -> list[Attention]:
    """What needs somebody as of ``now`` (ms): questions, failures, then tools that have run for
    ``long_running_ms``; the oldest first."""
    found = [each for row in rows for each in _reasons(row, now, long_running_ms)]
    return sorted(found, key=lambda each: (_ORDER.index(each.reason), each.since))


def _reasons(row: SessionRow, now: int, long_running_ms: int) -> list[Attention]:
    found: list[Attention] = []
    running: list[tuple[str | None, RunningTool]] = []
    if row.state in ("permission", "input", "failed"):
        reason: Reason = row.state
        found.append(
            Attention(
                session_id=row.id,
                reason=reason,
                since=row.state_since,
                tool=row.tool.name if row.tool and row.state != "failed" else None,
                code=row.state_reason,
                detail=row.state_detail,
            )
        )
    elif row.state == "working" and row.tool is not None:
        running.append((None, row.tool))
    running += [(s.id, s.tool) for s in row.subagents if s.tool and s.state == "working"]
    for subagent, tool in running:
        if now - from_iso(tool.since) >= long_running_ms:
            found.append(
                Attention(
                    session_id=row.id,
                    reason="long_running",
                    since=tool.since,
                    tool=tool.name,
                    code=None,
                    detail=tool.detail,
                    subagent_id=subagent,
                )
            )
    return found
