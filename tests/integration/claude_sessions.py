"""Claude Code sessions made up for tests: the truth, and every report of it."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from agentmonitor.model.clock import from_iso, to_iso
from agentmonitor.model.usage import TokenUsage

START = from_iso("2026-11-20T09:00:00Z")
MODELS = ("claude-sonnet-4-5-20250929", "claude-opus-4-1-20250805", "claude-haiku-4-5")
TOOLS = ("Bash", "Edit", "Read")
Document = dict[str, Any]


@dataclass
class Call:
    """One tool call."""

    id: str
    name: str
    failed: bool


@dataclass
class Request:
    """One model request with what it really used."""

    number: int
    session: str
    model: str
    usage: TokenUsage
    calls: list[Call]
    snapshots: list[int]
    """Output tokens that earlier lines of the response show."""
    has_request_id: bool

    @property
    def request_id(self) -> str:
        return f"req_{self.session}_{self.number}"

    @property
    def message_id(self) -> str:
        return f"msg_{self.session}_{self.number}"

    @property
    def at(self) -> int:
        return START + self.number * 61_000


@dataclass
class Session:
    """One session and the channels that report it."""

    id: str
    requests: list[Request]
    channels: frozenset[str]
    forked: int = 0
    """So many requests at the beginning are copied into a fork's file as well."""
    lost: set[tuple[str, int]] = field(default_factory=set)
    """(channel, request) of weaker channels that never arrived."""

    @property
    def best(self) -> str:
        return next(name for name in ("file", "log", "metric") if name in self.channels)


@st.composite
def sessions(draw: st.DrawFn, name: str) -> Session:
    """A session of one to four requests."""
    channels = draw(st.sampled_from((
        {"file"}, {"log"}, {"metric"}, {"file", "log"}, {"file", "metric"}, {"log", "metric"},
        {"file", "log", "metric"},
    )))  # fmt: skip
    requests = [draw(_requests(name, number)) for number in range(draw(st.integers(1, 4)))]
    # Requests that used exactly the same are told apart by their ids alone (a known limit, see
    # docs/explanation/accounting.md).
    for request in requests:
        if [other.usage for other in requests].count(request.usage) > 1:
            request.has_request_id = True
    session = Session(name, requests, frozenset(channels | {"hook"}))
    session.forked = draw(st.integers(0, len(requests)))
    for channel in sorted(channels - {session.best}):
        for request in requests:
            if draw(st.booleans()):
                session.lost.add((channel, request.number))
    return session


@st.composite
def _requests(draw: st.DrawFn, session: str, number: int) -> Request:
    tokens = st.integers(0, 5000)
    write, hour = draw(tokens), draw(tokens)
    out = draw(st.integers(1, 3000))
    calls = [
        Call(f"toolu_{session}_{number}_{index}", draw(st.sampled_from(TOOLS)), draw(st.booleans()))
        for index in range(draw(st.integers(0, 2)))
    ]
    return Request(
        number=number,
        session=session,
        model=draw(st.sampled_from(MODELS)),
        usage=TokenUsage(
            tokens_in=draw(tokens), tokens_out=out, cache_read=draw(tokens),
            cache_write=write + hour, cache_write_1h=hour,
        ),
        calls=calls,
        snapshots=draw(st.lists(st.integers(0, out), max_size=2)),
        has_request_id=draw(st.booleans()),
    )  # fmt: skip


def lines_of(session: Session) -> list[Document]:
    """The session's file."""
    lines: list[Document] = [_prompt(session.id)]
    for request in session.requests:
        outs = [*request.snapshots, request.usage.tokens_out]
        with_id = request.has_request_id
        for index, out in enumerate(outs):
            is_last = index == len(outs) - 1
            lines.append(_assistant(request, out, index, with_id=with_id, calls=is_last))
        lines += [_result(request, call) for call in request.calls]
    return lines


def fork_of(session: Session) -> list[Document]:
    """The file of a fork that goes on with nothing of its own."""
    copied = []
    numbers = {request.number for request in session.requests[: session.forked]}
    for line in lines_of(session):
        if line.get("number", 0) in numbers:
            origin = {"sessionId": session.id, "messageUuid": line["uuid"]}
            copied.append(line | {"sessionId": f"{session.id}-fork", "forkedFrom": origin})
    return copied


def encoded(lines: list[Document]) -> bytes:
    """A session file."""
    return b"".join(
        json.dumps({k: v for k, v in line.items() if k != "number"}).encode() + b"\n"
        for line in lines
    )


def _envelope(kind: str, session: str, uuid: str, at: int) -> Document:
    return {
        "type": kind, "uuid": uuid, "parentUuid": None, "sessionId": session, "isSidechain": False,
        "timestamp": to_iso(at), "cwd": "/home/dev/shop", "gitBranch": "main",
        "version": "2.1.0", "userType": "external",
    }  # fmt: skip


def _prompt(session: str) -> Document:
    message = {"role": "user", "content": "Make the tests pass"}
    line = _envelope("user", session, f"u-{session}", START - 1000)
    return line | {"message": message, "promptId": f"prompt-{session}"}


def _assistant(request: Request, out: int, index: int, *, with_id: bool, calls: bool) -> Document:
    usage = request.usage
    content: list[Document] = [{"type": "text", "text": f"Step {request.number}.{index}"}]
    if calls:
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": {"command": "make"}}
            for call in request.calls
        ]
    line = _envelope(
        "assistant", request.session, f"a-{request.message_id}-{index}", request.at + index
    )
    line["number"] = request.number
    if with_id:
        line["requestId"] = request.request_id
    five_minutes = usage.cache_write - usage.cache_write_1h
    line["message"] = {
        "id": request.message_id, "type": "message", "role": "assistant", "model": request.model,
        "content": content, "stop_reason": None,
        "usage": {
            "input_tokens": usage.tokens_in, "output_tokens": out,
            "cache_read_input_tokens": usage.cache_read,
            "cache_creation_input_tokens": usage.cache_write,
            "cache_creation": {
                "ephemeral_5m_input_tokens": five_minutes,
                "ephemeral_1h_input_tokens": usage.cache_write_1h,
            },
        },
    }  # fmt: skip
    return line


def _result(request: Request, call: Call) -> Document:
    block = {"type": "tool_result", "tool_use_id": call.id, "content": "done"}
    if call.failed:
        block["is_error"] = True  # type: ignore[assignment]  # a document holds any JSON
    line = _envelope("user", request.session, f"r-{call.id}", request.at + 500)
    return line | {"message": {"role": "user", "content": [block]}, "number": request.number}


def hook_payloads(session: Session) -> list[Document]:
    """Hooks carry no usage, but the calls and the prompt."""
    common = {"session_id": session.id, "cwd": "/home/dev/shop", "transcript_path": "/t.jsonl"}
    payloads: list[Document] = [
        common | {"hook_event_name": "UserPromptSubmit", "prompt": "Make the tests pass",
                  "prompt_id": f"prompt-{session.id}"},
        common | {"hook_event_name": "Stop"},
    ]  # fmt: skip
    for request in session.requests:
        for call in request.calls:
            name = "PostToolUseFailure" if call.failed else "PostToolUse"
            payloads.append(
                common | {"hook_event_name": name, "tool_name": call.name, "tool_use_id": call.id,
                          "tool_input": {"command": "make"}, "duration_ms": 400}
                | ({"error": "exit 2"} if call.failed else {"tool_response": {"stdout": "ok"}})
            )  # fmt: skip
    return payloads


def _attributes(values: dict[str, object]) -> list[Document]:
    return [{"key": key, "value": {"stringValue": str(value)}} for key, value in values.items()]


_RESOURCE = {"attributes": _attributes({"service.name": "claude-code", "service.version": "2.1"})}


def log_body(request: Request) -> Document:
    """An OTLP request with the log record of one model request."""
    usage = request.usage
    attributes = {
        "session.id": request.session, "event.name": "api_request",
        "event.timestamp": to_iso(request.at), "event.sequence": request.number,
        "prompt.id": f"prompt-{request.session}", "model": request.model,
        "request_id": request.request_id, "duration_ms": 900, "cost_usd": 0.5,
        "input_tokens": usage.tokens_in, "output_tokens": usage.tokens_out,
        "cache_read_tokens": usage.cache_read, "cache_creation_tokens": usage.cache_write,
    }  # fmt: skip
    record = {
        "timeUnixNano": str(request.at * 1_000_000),
        "body": {"stringValue": "claude_code.api_request"},
        "attributes": _attributes(attributes),
    }
    return {"resourceLogs": [{"resource": _RESOURCE, "scopeLogs": [{"logRecords": [record]}]}]}


def metric_body(request: Request) -> Document:
    """An OTLP request with the delta points of one model request."""
    usage = request.usage
    classes = {
        "input": usage.tokens_in, "output": usage.tokens_out, "cacheRead": usage.cache_read,
        "cacheCreation": usage.cache_write,
    }  # fmt: skip
    points = [
        {
            "attributes": _attributes(
                {"session.id": request.session, "model": request.model, "type": name}
            ),
            "startTimeUnixNano": str((request.at - 1000) * 1_000_000),
            "timeUnixNano": str(request.at * 1_000_000),
            "asInt": str(count),
        }
        for name, count in classes.items()
    ]
    metric = {
        "name": "claude_code.token.usage", "unit": "tokens",
        "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": points},
    }  # fmt: skip
    return {"resourceMetrics": [{"resource": _RESOURCE, "scopeMetrics": [{"metrics": [metric]}]}]}


def expected_tokens(story: list[Session]) -> dict[tuple[str, str], Counter[str]]:
    """By session and model: the tokens of each class."""
    result: dict[tuple[str, str], Counter[str]] = {}
    for session in story:
        for request in session.requests:
            usage = request.usage
            result.setdefault((session.id, request.model), Counter()).update(
                tokens_in=usage.tokens_in, tokens_out=usage.tokens_out,
                cache_read=usage.cache_read, cache_write=usage.cache_write,
            )  # fmt: skip
    return result
