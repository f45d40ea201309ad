"""An agent made for the tests: one line of its files is one event."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agentmonitor.agents.base import (
    Agent,
    Colors,
    FileReader,
    Palette,
    Reading,
    SessionFiles,
)
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.event import Event
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel, Report
from agentmonitor.paths import Folders
from tests.unit.builders import DAY

_PALETTE = Palette(mark="#000", text="#000", soft="#fff")


class NoteReader:
    """A line: ``{"n": …, "session": …, "out": tokens, "at": ms}``; it counts what it read."""

    def __init__(self, state: bytes | None) -> None:
        self.count = int(state or 0)

    def read(self, line: bytes) -> Reading:
        try:
            note: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise UnreadableLine(f"no JSON: {error}") from error
        self.count += 1
        return Reading(
            events=[
                Event(
                    session_id=note.get("session", "s"),
                    agent_type="notes",
                    event_type="llm_response",
                    source="import",
                    channel=Channel.FILE,
                    keys=(f"notes:{note['n']}",),
                    report=Report(),
                    tokens_out=note.get("out", 1),
                    occurred_at=note.get("at", DAY),
                    signal=Signal(kind="busy", cwd="/nowhere/at/all"),
                    metadata={"position": self.count},
                )
            ]
        )

    def save(self) -> bytes:
        return str(self.count).encode()


def find(folders: Folders) -> Iterable[Path]:
    return (folders.home / "notes").rglob("*.jsonl*")


def open_reader(path: Path, state: bytes | None) -> FileReader:
    return NoteReader(state)


NOTES = Agent(
    agent_type="notes",
    label="Notes",
    short="No",
    colors=Colors(light=_PALETTE, dark=_PALETTE),
    files=SessionFiles(find=find, open=open_reader, roots=lambda folders: [folders.home / "notes"]),
)


def line(number: int, **fields: Any) -> bytes:
    """One line of a notes file."""
    return json.dumps({"n": number} | fields).encode() + b"\n"
