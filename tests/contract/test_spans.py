"""A session's spans under /api/v2: as the exporter sent them, page by page."""

from __future__ import annotations

import secrets
from typing import Any

from .client import Api, error_of, unique

START_NS = 1_795_467_600_000_000_000
SECRET = "sk-ant-" + "a1B2" * 8


def attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}


def sent(session: str, trace: str, count: int) -> dict[str, Any]:
    """A trace: a request and what stands below it, of which only the request names the session."""
    root = f"{1:016x}"
    spans = [
        {
            "traceId": trace, "spanId": f"{number:016x}",
            "parentSpanId": "" if number == 1 else root,
            "name": "claude_code.llm_request" if number == 1 else f"step {number}",
            "startTimeUnixNano": str(START_NS + number * 1_000_000),
            "endTimeUnixNano": str(START_NS + number * 3_000_000),
            "status": {"code": 2} if number == 2 else {},
            "attributes": [
                attribute("session.id", session), attribute("request_id", unique("req")),
                attribute("model", "claude-sonnet-4-5"), attribute("success", "true"),
                attribute("note", f"key {SECRET}"),
            ] if number == 1 else [],
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    resource = {"attributes": [attribute("service.name", "claude-code")]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}


def test_spans_come_back_as_they_were_sent_and_without_secrets(api: Api) -> None:
    session, trace = unique("ct-span"), secrets.token_hex(16)
    for _ in range(2):
        assert api.post("/v1/traces", sent(session, trace, 3)).status_code == 200
    answer = api.get(f"/api/v2/sessions/{session}/spans")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert (page["session_id"], page["next"]) == (session, None)
    first, second, third = page["spans"]
    assert (first["name"], first["trace_id"]) == ("claude_code.llm_request", trace)
    assert (first["parent_id"], first["duration_ms"]) == (None, 2)
    assert first["attributes"]["model"] == "claude-sonnet-4-5"
    assert SECRET not in answer.text
    assert (second["status"], third["status"]) == ("error", "success")
    assert second["parent_id"] == third["parent_id"] == first["span_id"]


def test_pages_are_linked_and_a_strange_cursor_is_refused(api: Api) -> None:
    session = unique("ct-span")
    api.post("/v1/traces", sent(session, secrets.token_hex(16), 5))
    path = f"/api/v2/sessions/{session}/spans"
    first = api.get(f"{path}?limit=2").json()
    assert len(first["spans"]) == 2
    rest = api.get(f"{path}?limit=10&cursor={first['next']}").json()
    assert [row["name"] for row in rest["spans"]] == ["step 3", "step 4", "step 5"]
    assert rest["next"] is None
    assert api.get(f"{path}?cursor=x").status_code == 400


def test_an_unknown_session_has_no_spans(api: Api) -> None:
    answer = api.get("/api/v2/sessions/nobody-knows-it/spans")
    assert answer.status_code == 404
    assert "no session" in error_of(answer)
