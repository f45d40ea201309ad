"""What a made-up file of Claude Code tells, line by line."""

from pathlib import Path

from agentmonitor.agents.claude_code.files import open_file
from agentmonitor.model.event import Event
from agentmonitor.model.signal import SessionSignal
from tests.fixtures.claude_code.files.build import File


def tell(file: File, name: str = "s.jsonl") -> tuple[list[Event], list[SessionSignal]]:
    reader = open_file(Path(name), None)
    readings = [reader.read(line) for line in file.lines]
    return [e for r in readings for e in r.events], [s for r in readings for s in r.signals]


def one(file: File, name: str = "s.jsonl") -> Event:
    (event,) = tell(file, name)[0]
    return event
