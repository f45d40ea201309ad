"""The OpenAPI file is what the server does: generated requests, and answers held against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs
from schemathesis.config import SchemathesisConfig

from agentmonitor.server.app import all_routes
from scripts.build_openapi import TARGET, build

from .client import Api, ago, event
from .conformance import DOCUMENT, EVENTS, LINES, check_shape, closed
from .conftest import running

STREAM = "/api/stream"
EXAMPLES = 12
"""Random requests of each operation; the systematic ones come before them."""
CONFIG = {
    "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
    "checks": {
        # What is well-formed can still be refused: a range that ends before it begins.
        "positive_data_acceptance": {"enabled": False},
    },
}
Case = schemathesis.Case[Any]
SESSIONS = ["ct-openapi-1", "ct-openapi 2/ü", "ct-openapi-3"]
CURSORS: list[str] = ["0.0"]
LOGS = ExportLogsServiceRequest(resource_logs=[ResourceLogs()]).SerializeToString()


def moments(*formats: str) -> st.SearchStrategy[str]:
    return st.sampled_from([*formats, *(ago(days=days) for days in (0, 1, 40, -1, 4000))])


for name, strategy in {
    "iso-time": moments("2026-11-23T21:00:00", "2026-11-23T21:00:00+02:00"),
    "iso-day-or-time": moments("2026-11-23", "20261123", "2026-11-23T21:00"),
    "time-zone": st.sampled_from(["UTC", "Europe/Vienna", "Asia/Kolkata", "America/St_Johns"]),
    "cursor": st.deferred(lambda: st.sampled_from(CURSORS)),
}.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.serializer("application/x-protobuf")
def as_it_is(_: schemathesis.SerializationContext, value: Any) -> Any:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


schemathesis.openapi.media_type(
    "application/x-protobuf", st.binary(max_size=50) | st.sampled_from([b"", LOGS])
)

schema = schemathesis.openapi.from_dict(closed(), config=SchemathesisConfig.from_dict(CONFIG))


@schema.hook
def filter_query(context: schemathesis.HookContext, query: Any) -> bool:
    """What the query cannot say, or what is no fault: unknown, empty and repeated parameters."""
    assert context.operation is not None
    known = {parameter.name for parameter in context.operation.query}
    return all(name in known and is_said(value) for name, value in (query or {}).items())


def is_said(value: Any) -> bool:
    (one, *more) = value if isinstance(value, list) and value else [value]
    return not more and isinstance(one, str | int | float) and bool(str(one).strip())


@schema.hook
def map_path_parameters(_: schemathesis.HookContext, parameters: Any) -> Any:
    """Names of nothing lead to 404 only."""
    known = {"id": SESSIONS, "agent": ["claude-code", "codex", "gemini-cli"]}
    for name, value in (parameters or {}).items():
        if crc32(str(value).encode("utf-8", "replace")) % 3:
            parameters[name] = known[name][len(str(value)) % 3]
    return parameters


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path]) -> Iterator[Api]:
    """A server of its own: the requests store, prune and import."""
    with running(new_folder(), {}) as api:
        for session in SESSIONS:
            fill(api, session)
        lists = ("sessions?limit=1", f"sessions/{SESSIONS[0]}/events?limit=1")
        CURSORS.extend(api.read(f"/api/v2/{path}")["next"] for path in lists)
        yield api


def fill(api: Api, session: str) -> None:
    about = {"session_id": session, "project": "ct", "branch": "main", "source": "ct"}
    tool = {"tool_name": "Edit", "duration_ms": 20, "metadata": {"file_path": "a.py"}}
    usage = {"model": "gpt-5", "tokens_in": 900, "tokens_out": 80, "cache_read_tokens": 50}
    api.ingest(
        event("codex", event_type="session_start", client_timestamp=ago(minutes=9), **about),
        event("codex", event_type="user_prompt", metadata={"prompt": "mend it"}, **about),
        event("codex", event_type="tool_use", **tool, **about),
        event("codex", event_type="llm_response", **usage, **about),
        event("codex", event_type="error", metadata={"message": "no"}, **about),
        event("codex", event_type="permission_request", tool_name="Bash", **about),
    )


@schema.exclude(path=STREAM).parametrize()
def test_every_answer_is_in_the_document(case: Case, server: Api) -> None:
    response = case.call_and_validate(base_url=server.url)
    if response.headers.get("content-type") == [LINES]:
        content = DOCUMENT["paths"][case.path]["post"]["responses"]["200"]["content"]
        for line in response.content.splitlines():
            check_shape(json.loads(line), content[LINES]["x-lines"])


@schema.include(path=STREAM).parametrize()
def test_a_stream_begins_or_says_why_not(case: Case, server: Api) -> None:
    told = case.as_transport_kwargs(base_url=server.url)
    asked = {name: told[name] for name in ("method", "url", "headers", "params")}
    with server.http.stream(**asked) as response:
        if response.status_code == 200 and case.method == "GET":
            line = next(response.iter_lines())
            content = DOCUMENT["paths"][STREAM]["get"]["responses"]["200"]["content"]
            check_shape(json.loads(line.removeprefix("data: ")), content[EVENTS]["x-data"])
        assert response.status_code < 500 or case.method != "GET"


def test_the_file_is_what_the_routes_declare() -> None:
    assert TARGET.read_bytes() == build(), "run make openapi"


def test_every_route_is_in_the_file_and_nothing_else() -> None:
    served = {(m.lower(), path) for m, path in all_routes().routes() if m != "HEAD"}
    told = {(m, path) for path, methods in DOCUMENT["paths"].items() for m in methods}
    assert served == told


def test_it_is_a_sound_document_of_version_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    names = [o["operationId"] for path in DOCUMENT["paths"].values() for o in path.values()]
    assert len(names) == len(set(names))


def test_it_is_served_with_a_tag(api: Api) -> None:
    first = api.get("/api/openapi.json")
    assert first.status_code == 200
    assert first.content == TARGET.read_bytes()
    again = api.get("/api/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
