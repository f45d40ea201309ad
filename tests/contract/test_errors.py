"""Errors: always JSON, never a stack trace, and nothing stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .client import Api, compact, error_of, event, eventually, unique

MIB = 1024 * 1024
MALFORMED = [
    b"",
    b"{",
    b"{'a': 1}",
    b'{"a": 1,}',
    b'{"a": 1} trailing',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": "\xff\xfe"}',
    b'{"a": "\xc3("}',
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
]


@pytest.mark.parametrize("path", ["/api/events", "/api/events/batch"])
@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_json_is_400(api: Api, path: str, body: bytes) -> None:
    response = api.post_raw(path, body)
    assert response.status_code == 400
    assert error_of(response) == "Invalid JSON payload"


@pytest.mark.parametrize("path", ["/api/events", "/api/events/batch"])
def test_deeply_nested_json_is_no_fault_of_the_server(api: Api, agent: str, path: str) -> None:
    nested = b'{"a":' * 5000 + b"1" + b"}" * 5000
    item = compact(event(agent))[:-1] + b',"metadata":' + nested + b"}"
    body = item if path == "/api/events" else b'{"events":[' + item + b"]}"
    response = api.post_raw(path, body)
    assert response.status_code in (201, 400)
    if response.status_code == 400:
        error_of(response)
    assert isinstance(api.rows(agent_type=agent), list)


@pytest.mark.parametrize(
    "path",
    ["/api/nothing", "/api/stats/nothing", "/api/sessions/x/nothing", "/api/events/1/2"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_is_404(api: Api, method: str, path: str) -> None:
    response = api.http.request(method, path)
    assert response.status_code == 404
    error_of(response)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/health", {"GET"}),
        ("/api/events", {"GET", "POST"}),
        ("/api/events/batch", {"POST"}),
        ("/api/stats", {"GET"}),
        ("/api/stats/tools", {"GET"}),
        ("/api/stats/cost", {"GET"}),
        ("/api/stats/usage-monitor", {"GET"}),
        ("/api/sessions", {"GET"}),
        ("/api/sessions/x", {"GET"}),
        ("/api/sessions/x/transcript", {"GET"}),
        ("/api/filter-options", {"GET"}),
        ("/api/stream", {"GET"}),
        ("/api/hooks/claude-code", {"POST"}),
    ],
)
def test_another_method_is_405_with_those_allowed(api: Api, path: str, allowed: set[str]) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        response = api.http.request(method, path)
        assert response.status_code == 405, method
        error_of(response)
        named = {name.strip() for name in response.headers["allow"].split(",")}
        assert allowed <= named
        assert method not in named


def padded(agent: str, size: int, path: str) -> bytes:
    """A valid body of exactly that size, filled with white space."""
    item = event(agent)
    body = compact(item if path == "/api/events" else {"events": [item]})
    return body[:-1] + b" " * (size - len(body)) + body[-1:]


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


@pytest.mark.parametrize("path", ["/api/events", "/api/events/batch"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_one_mib_is_taken(api: Api, agent: str, path: str, chunked: bool) -> None:
    body = padded(agent, MIB, path)
    response = api.http.post(
        path,
        content=chunks(body) if chunked else body,
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 201, response.text
    assert len(api.rows(agent_type=agent)) == 1


@pytest.mark.parametrize("path", ["/api/events", "/api/events/batch"])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB])
def test_a_body_beyond_one_mib_is_413_and_nothing_is_stored(
    api: Api, agent: str, path: str, chunked: bool, size: int
) -> None:
    body = padded(agent, size, path)
    client = Api(api.url)
    response = client.http.post(
        path,
        content=chunks(body) if chunked else body,
        headers={"content-type": "application/json"},
    )
    client.close()
    assert response.status_code == 413
    error_of(response)
    assert api.rows(agent_type=agent) == []


def test_the_server_answers_on_after_bad_requests(api: Api, agent: str) -> None:
    for body in (b"{", b"[]", b'"x"', b"{}"):
        assert api.post_raw("/api/events", body).status_code == 400
    api.ingest(event(agent))
    assert eventually(lambda: api.rows(agent_type=agent))


def test_an_error_s_text_is_not_what_was_sent_as_markup(api: Api) -> None:
    """An answer that shows input is JSON, so that no browser takes it for a page."""
    mark = f"<script>{unique()}</script>"
    for response in (
        api.get(f"/api/{mark}"),
        api.get(f"/api/sessions/{mark}"),
        api.post("/api/events", {"session_id": "x", "agent_type": "y", "event_type": mark}),
    ):
        assert response.status_code in (400, 404)
        error_of(response)


@pytest.mark.parametrize(
    ("path", "name", "known"),
    [
        ("/api/v2/agents", "model", "its filters are agent"),
        ("/api/v2/database", "agent", "it has none"),
        ("/api/v2/sessions/x", "q", "it has none"),
        ("/api/v2/sessions/x/turns", "session", "it has none"),
    ],
)
def test_a_filter_that_a_call_does_not_have_is_refused(
    api: Api, path: str, name: str, known: str
) -> None:
    """What is left out of account would be an answer to another question."""
    answer = api.get(path, {name: "x"})
    assert answer.status_code == 400
    assert name in error_of(answer)
    assert known in error_of(answer)
    assert answer.json()["errors"] == [{"field": name, "message": "is no filter of this call"}]


def test_every_call_takes_each_filter_or_refuses_it(api: Api) -> None:
    paths = api.get("/api/openapi.json").json()["paths"]
    filters = ("agent", "project", "branch", "model", "session", "q", "from", "to")
    everywhere = set()
    for path, methods in paths.items():
        if not path.startswith("/api/v2/") or "get" not in methods:
            continue
        taken = {told["name"] for told in methods["get"].get("parameters", [])}
        for name in filters:
            value = "2026-01-01" if name in ("from", "to") else "x"
            answer = api.get(path.replace("{id}", "x"), {name: value})
            refused = answer.status_code == 400 and "is no filter" in answer.text
            assert refused == (name not in taken), (path, name)
        if taken.issuperset(filters):
            everywhere.add(path.removeprefix("/api/v2/"))
    assert everywhere == {
        "activity", "blocks", "facets", "failures", "live", "search", "sessions", "tools",
        "usage", "usage/export", "windows",
    }  # fmt: skip


def test_a_parameter_that_no_call_knows_is_left_out_of_account(api: Api) -> None:
    assert api.get("/api/v2/usage", {"utm_source": "x"}).status_code == 200
