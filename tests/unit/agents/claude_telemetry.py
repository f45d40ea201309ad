"""Claude Code's telemetry, made up: records, points and spans, and what becomes of them."""

import json
from pathlib import Path
from typing import Any

from agentmonitor.agents.base import Reading
from agentmonitor.agents.claude_code import AGENT
from agentmonitor.model.clock import from_iso, to_iso
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from agentmonitor.otlp.records import LogRecord, Point, Span
from tests.fixtures.claude_code.files.build import OPUS

FIXTURES = Path(__file__).parents[2] / "fixtures" / "claude_code" / "otlp"
RECORDS: dict[str, dict[str, Any]] = json.loads((FIXTURES / "records.json").read_text("utf-8"))
AT = from_iso("2026-11-23T21:00:00Z")
NOW = AT + 5_000
RESOURCE = {"service.name": "claude-code", "service.version": "2.1.212"}
SESSION = "5a3e2c11"


def record(name: str, *, sequence: Any = 7, at: int = AT, **changed: Any) -> LogRecord:
    attributes = {
        "session.id": SESSION, "user.id": "9f86", "terminal.type": "vscode", "event.name": name,
        "event.timestamp": to_iso(at), "event.sequence": sequence, "prompt.id": "p-1",
    } | RECORDS.get(name, {}) | {k.replace("__", "."): v for k, v in changed.items()}  # fmt: skip
    attributes = {key: value for key, value in attributes.items() if value is not None}
    return LogRecord(
        resource=RESOURCE, attributes=attributes, body=f"claude_code.{name}", time=at + 1
    )


def log(given: LogRecord) -> list[Event]:
    assert AGENT.telemetry is not None
    assert AGENT.telemetry.log is not None
    reading: Reading = AGENT.telemetry.log(given, NOW)
    assert reading.signals == []
    return reading.events


def one(name: str, **changed: Any) -> Event:
    (event,) = log(record(name, **changed))
    assert (event.source, event.channel) == ("otel", Channel.LOG)
    assert event.signal is not None
    assert event.signal.kind == "none"
    return event


def points(*given: Point) -> list[Event]:
    assert AGENT.telemetry is not None
    assert AGENT.telemetry.points is not None
    return AGENT.telemetry.points(list(given), NOW).events


def point(name: str, value: float, *, time: int | None = AT, **attributes: Any) -> Point:
    known: dict[str, Any] = {"session.id": SESSION, "model": OPUS, "user.id": "9f86"}
    known |= {key.replace("__", "."): v for key, v in attributes.items()}
    return Point(
        resource=RESOURCE, attributes={k: v for k, v in known.items() if v is not None},
        name=f"claude_code.{name}", kind="sum", value=value, time=time,
    )  # fmt: skip


def spans(name: str, **attributes: Any) -> list[Event]:
    assert AGENT.telemetry is not None
    assert AGENT.telemetry.span is not None
    known = {"session.id": SESSION} | attributes
    given = Span(
        resource=RESOURCE, attributes=known, name=f"claude_code.{name}", trace_id="a",
        span_id="b", start=AT, end=AT + 900,
    )  # fmt: skip
    return AGENT.telemetry.span(given, NOW).events
