"""Which sub-agent an event comes from, as an expression: its metadata says it."""

import sqlite3
import zlib

import msgspec

from agentmonitor.model.event import MAX_NAME

INLINE = "sidechain"
"""What stands for a sub-agent that has no id of its own."""


class _Told(msgspec.Struct):
    subagent_id: str | int | None = None
    is_sidechain: bool = False


_decode = msgspec.json.Decoder(_Told).decode

SUBAGENT = (
    "CASE WHEN e.truncated THEN subagent_in("
    "(SELECT body FROM contents WHERE contents.event = e.id))"
    " WHEN instr(e.metadata, '\"subagent_id\"') THEN"
    f" substr(CAST(json_extract(e.metadata, '$.subagent_id') AS TEXT), 1, {MAX_NAME})"
    " WHEN instr(e.metadata, '\"is_sidechain\":true') THEN"
    f" CASE WHEN json_extract(e.metadata, '$.is_sidechain') THEN '{INLINE}' END END"
)
"""Of the row ``e`` of events; NULL for the main thread. Needs ``prepare``."""


def prepare(connection: sqlite3.Connection) -> None:
    """Make SUBAGENT usable on ``connection``."""
    connection.create_function("subagent_in", 1, _subagent_in, deterministic=True)


def _subagent_in(body: bytes | None) -> str | None:
    """The sub-agent that packed metadata names."""
    if body is None:
        return None
    try:
        told = _decode(zlib.decompress(body))
    except (msgspec.MsgspecError, zlib.error):
        return None
    if told.subagent_id is None:
        return INLINE if told.is_sidechain else None
    return str(told.subagent_id)[:MAX_NAME]
