"""Marks: how far a source has been read. Stored in the transaction of what was read."""

import msgspec


class FileMark(msgspec.Struct, frozen=True, kw_only=True):
    """A session file, read up to ``offset``."""

    path: str
    agent_type: str
    size: int
    """Bytes, when it was last looked at."""
    mtime_ns: int
    inode: int
    offset: int
    """Everything before this byte has been taken in."""
    fingerprint: bytes
    """Of the bytes at the beginning and just before ``offset``: whether the file is still the
    one that was read."""
    state: bytes
    """What the agent's reader saved."""
    lines: int = 0
    unreadable: int = 0


class FileRead(msgspec.Struct, frozen=True, gc=False):
    """Which file was read, and how far: a part of its mark."""

    size: int
    mtime_ns: int
    inode: int
    offset: int


class SeriesMark(msgspec.Struct, frozen=True):
    """A cumulative OTLP series: its last point."""

    key: bytes
    start: int | None
    """Of the series, ms."""
    value: float
    count: int
    time: int | None
    """Of the point, ms."""


Mark = FileMark | SeriesMark
