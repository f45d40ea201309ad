"""A stored event as one line."""

from datetime import tzinfo
from typing import Any

import msgspec

from agentmonitor.cli.output import GAP, columns, duration, money, short, style
from agentmonitor.cli.session_look import moment, short_id, tokens_of
from agentmonitor.cli.text import clean, cut, pad, width

TELLING = (
    "command", "file_path", "path", "pattern", "query", "url", "error", "message", "prompt",
    "text", "description", "last_assistant_message", "summary", "reason",
)  # fmt: skip
"""Of an event's metadata, the first of these that it has says most."""
WIDE = 100
"""Columns from which on there is room for the session and the agent."""
_TYPES = {"user_prompt": "cyan", "session_start": "green", "session_end": "dim",
          "permission_request": "yellow", "notification": "yellow"}  # fmt: skip


def event_line(row: dict[str, Any], zone: tzinfo) -> str:
    """Time, session, agent, project, what it was, how it went, and what says most of it."""
    when = moment(row["client_timestamp"] or row["created_at"]).astimezone(zone)
    failed = row["status"] != "success" or row["event_type"] == "error"
    what = clean(row["tool_name"] or row["event_type"])
    facts = [(clean(row["status"]), "red")] if failed else []
    if row["duration_ms"] is not None:
        facts.append((duration(row["duration_ms"]), "dim"))
    tokens = tokens_of(row)
    if tokens:
        facts.append((f"{short(tokens)} tokens {money(row['cost_usd'])}", "dim"))
    color = "red" if failed else _TYPES.get(row["event_type"], "bold")
    head = [(when.strftime("%H:%M:%S"), 8, "dim")]
    if columns() >= WIDE:
        head.append((short_id(clean(row["session_id"])), 8, "dim"))
        head.append((clean(row["agent_type"]), 11, ""))
    head += [(clean(row["project"] or "-"), 14, ""), (what, 14, color)]
    # Cut before it is styled: the codes have no width.
    parts = [(pad(cut(text, max(most, 24)), most), name) for text, most, name in head] + facts
    told = cut(_telling(row), columns() - sum(width(text) + len(GAP) for text, _ in parts))
    shown = [style(text, *name.split()) for text, name in parts]
    return GAP.join([*shown, told]).rstrip()


def _telling(row: dict[str, Any]) -> str:
    try:
        metadata = msgspec.json.decode(row["metadata"])
    except msgspec.MsgspecError:
        return ""
    if isinstance(metadata, str):
        return clean(metadata)
    if not isinstance(metadata, dict):
        return ""
    for name in TELLING:
        value = metadata.get(name)
        if value and isinstance(value, str):
            return clean(value)
    return ""
