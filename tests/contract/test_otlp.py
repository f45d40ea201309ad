"""OTLP over HTTP: what is accepted, and how what is not is answered."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from .client import Api, unique
from .conftest import Launch

PATHS = ("/v1", "/api/otel/v1")
Encode = Callable[[bytes], bytes]
ENCODINGS: dict[str, Encode] = {
    "gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress,
}  # fmt: skip
JSON = {"content-type": "application/json"}
LONG_AGO_NS = 1_795_168_800_000_000_000
PROTOBUF = {"content-type": "application/x-protobuf"}


def text(value: str) -> dict[str, Any]:
    return {"stringValue": value}


def logs(session: str, request: str, at_ns: int = LONG_AGO_NS, **tokens: int) -> dict[str, Any]:
    """One Claude Code ``api_request`` record."""
    attributes = {
        "session.id": text(session), "event.name": text("api_request"),
        "model": text("claude-sonnet-4-5"),
        "request_id": text(request), "cost_usd": text("0.01"), "duration_ms": text("900"),
    } | {name: {"intValue": str(count)} for name, count in tokens.items()}  # fmt: skip
    record = {
        "timeUnixNano": str(at_ns),
        "body": text("claude_code.api_request"),
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }
    service = {"key": "service.name", "value": text("claude-code")}
    return {
        "resourceLogs": [
            {"resource": {"attributes": [service]}, "scopeLogs": [{"logRecords": [record]}]}
        ]
    }


def tokens_of(api: Api, session: str) -> tuple[int, int]:
    answer = api.get(f"/api/sessions/{session}")
    assert answer.status_code == 200, answer.text
    row = answer.json()["session"]
    return row["tokens_in"], row["tokens_out"]


def test_clients_that_add_no_path_are_understood_by_what_they_send(api: Api) -> None:
    session = unique("ct-s")
    answer = api.post("/", logs(session, unique("req"), input_tokens=5, output_tokens=7))
    assert (answer.status_code, answer.json()) == (200, {})
    assert tokens_of(api, session) == (5, 7)
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m"}]}]}]}
    assert api.post("/", metrics).status_code == 200
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "no ids"}]}]}]}
    assert api.post("/", spans).json()["partialSuccess"]["rejectedSpans"] == "1"
    for body in (b"{}", b"[]", b"x", b"[" * 100_000):
        refused = api.http.post("/", content=body, headers=JSON)
        assert refused.status_code == 400, body[:10]
        assert "no OTLP request" in refused.json()["error"]
    assert api.http.post("/", content=b"", headers=PROTOBUF).status_code == 415
    assert api.http.get("/").status_code == 200  # the dashboard


@pytest.mark.parametrize("base", PATHS)
def test_a_request_in_json_is_counted_once_however_often_it_comes(api: Api, base: str) -> None:
    session, request = unique("ct-s"), unique("req")
    for _ in range(2):
        answer = api.post(f"{base}/logs", logs(session, request, input_tokens=7, output_tokens=3))
        assert (answer.status_code, answer.json()) == (200, {})
    assert tokens_of(api, session) == (7, 3)


@pytest.mark.parametrize("name", ENCODINGS)
def test_compressed_bodies_are_understood(api: Api, name: str) -> None:
    session = unique("ct-s")
    body = json.dumps(logs(session, unique("req"), input_tokens=5)).encode()
    answer = api.http.post(
        "/v1/logs", content=ENCODINGS[name](body), headers=JSON | {"content-encoding": name}
    )
    assert answer.status_code == 200
    assert tokens_of(api, session) == (5, 0)


def test_protobuf_is_answered_in_protobuf(api: Api) -> None:
    from google.protobuf.json_format import ParseDict  # type: ignore[import-untyped]  # has none
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    session = unique("ct-s")
    document = logs(session, unique("req"), input_tokens=11, output_tokens=2)
    message = ParseDict(document, ExportLogsServiceRequest())
    answer = api.http.post("/v1/logs", content=message.SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert answer.content == b""
    assert tokens_of(api, session) == (11, 2)


def test_a_document_in_quotes_is_unwrapped(api: Api) -> None:
    session = unique("ct-s")
    body = json.dumps(json.dumps(logs(session, unique("req"), input_tokens=4)))
    answer = api.http.post(
        "/api/otel/v1/logs", content=body, headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 200
    assert tokens_of(api, session) == (4, 0)


@pytest.mark.parametrize("signal", ["logs", "metrics", "traces"])
def test_what_is_no_request_is_refused_in_its_own_encoding(api: Api, signal: str) -> None:
    for body in (b"", b"[]", b"{", b'"text"'):
        answer = api.http.post(f"/v1/{signal}", content=body, headers=JSON)
        assert answer.status_code == 400, body
        assert answer.json()["error"]
    answer = api.http.post(f"/v1/{signal}", content=b"\xff\xff\xff", headers=PROTOBUF)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/x-protobuf"


def test_too_large_a_body_is_refused_also_when_it_is_small_on_the_way(api: Api) -> None:
    bomb = gzip.compress(b" " * (6 * 1024 * 1024))
    answer = api.http.post("/v1/logs", content=bomb, headers=JSON | {"content-encoding": "gzip"})
    assert answer.status_code == 413
    answer = api.http.post("/v1/logs", content=b" " * (6 * 1024 * 1024), headers=JSON)
    assert answer.status_code == 413


def test_unknown_types_and_encodings_are_refused(api: Api) -> None:
    answer = api.http.post("/v1/logs", content=b"x", headers={"content-type": "image/png"})
    assert answer.status_code == 415
    answer = api.http.post("/v1/logs", content=b"x", headers=JSON | {"content-encoding": "br"})
    assert answer.status_code == 415
    assert "gzip" in answer.headers["accept-encoding"]


def test_a_record_that_cannot_be_read_is_named_and_the_others_are_stored(api: Api) -> None:
    session = unique("ct-s")
    document = logs(session, unique("req"), input_tokens=9)
    records = document["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    records.append({"attributes": "none", "timeUnixNano": {}})
    answer = api.post("/v1/logs", document)
    assert answer.status_code == 200
    partial = answer.json()["partialSuccess"]
    assert partial["rejectedLogRecords"] == "1"
    assert partial["errorMessage"]
    assert tokens_of(api, session) == (9, 0)


def state_of(api: Api, session: str) -> str:
    return str(api.get(f"/api/sessions/{session}").json()["session"]["state"])


def test_logs_alone_show_that_a_session_works(api: Api) -> None:
    session, now = unique("live"), time.time_ns()
    assert api.post("/v1/logs", logs(session, "one", input_tokens=5)).status_code == 200
    assert state_of(api, session) == "idle"  # that was long ago
    assert api.post("/v1/logs", logs(session, "two", now, input_tokens=5)).status_code == 200
    assert state_of(api, session) == "working"


def test_a_log_that_comes_after_the_hook_of_the_turns_end_does_not_wake_the_session(
    api: Api,
) -> None:
    session = unique("ended")
    for name in ("UserPromptSubmit", "Stop"):
        hook = {"hook_event_name": name, "session_id": session, "prompt": "go"}
        assert api.post("/api/hooks/claude-code", hook).status_code == 200
    late = logs(session, unique("request"), time.time_ns(), input_tokens=5)
    assert api.post("/v1/logs", late).status_code == 200
    assert state_of(api, session) == "idle"


def cumulative(session: str, at_s: int, **used: int) -> dict[str, Any]:
    """Token usage since the agent began, in series that only their ``query_source`` tells apart."""
    begin = LONG_AGO_NS
    points = [
        {
            "attributes": [
                {"key": key, "value": text(value)}
                for key, value in {
                    "session.id": session, "model": "claude-sonnet-4-5", "type": "input",
                    "query_source": source,
                }.items()
            ],
            "startTimeUnixNano": str(begin), "timeUnixNano": str(begin + at_s * 10**9),
            "asInt": str(count),
        }
        for source, count in used.items()
    ]  # fmt: skip
    usage = {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}
    metric = {"name": "claude_code.token.usage", "unit": "tokens", "sum": usage}
    service = {"key": "service.name", "value": text("claude-code")}
    return {
        "resourceMetrics": [
            {"resource": {"attributes": [service]}, "scopeMetrics": [{"metrics": [metric]}]}
        ]
    }


def test_cumulative_usage_counts_what_it_adds_also_over_a_restart(
    launch: Launch, new_folder: Callable[[], Path]
) -> None:
    folder, session = new_folder(), unique()
    with launch(folder=folder) as before:
        assert (
            before.post("/v1/metrics", cumulative(session, 60, main=100, subagent=70)).json() == {}
        )
        assert (
            before.post("/v1/metrics", cumulative(session, 120, main=130, subagent=70)).json() == {}
        )
        assert tokens_of(before, session) == (200, 0)
    with launch(folder=folder) as after:
        again = cumulative(session, 120, main=130, subagent=70)
        assert after.post("/v1/metrics", again).json() == {}
        assert tokens_of(after, session) == (200, 0)
        assert (
            after.post("/v1/metrics", cumulative(session, 180, main=150, subagent=75)).json() == {}
        )
        assert tokens_of(after, session) == (225, 0)
