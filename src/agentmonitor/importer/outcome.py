"""What came of reading session files."""

import msgspec

MAX_FAULTS = 100
"""Unreadable lines that are named; all are counted."""


class Fault(msgspec.Struct, frozen=True):
    """A line that could not be read; line 0 stands for the file."""

    path: str
    line: int
    reason: str


class FileOutcome(msgspec.Struct, kw_only=True):
    """What came of one file, or of several."""

    bytes_read: int = 0
    lines: int = 0
    events: int = 0
    new: int = 0
    """Events that were not known yet."""
    unreadable: int = 0
    faults: list[Fault] = []

    def fault(self, path: str, line: int, reason: str) -> None:
        """Count an unreadable line."""
        self.unreadable += 1
        self.note(path, line, reason)

    def note(self, path: str, line: int, reason: str) -> None:
        """Name what could not be read, as long as there is room."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(path, line, reason))

    def add(self, other: "FileOutcome") -> None:
        """Count what came of ``other`` as well."""
        self.bytes_read += other.bytes_read
        self.lines += other.lines
        self.events += other.events
        self.new += other.new
        self.unreadable += other.unreadable
        for fault in other.faults:
            self.note(fault.path, fault.line, fault.reason)
