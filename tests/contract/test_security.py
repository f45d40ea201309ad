"""Who may ask: Host, Origin and Sec-Fetch-Site."""

from __future__ import annotations

import httpx
import pytest

from .client import Api, error_of, event
from .conftest import Launch
from .sse import Stream

READS = ["/api/health", "/api/events", "/api/sessions", "/api/filter-options", "/api/nothing"]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:3141",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil-localhost",
    "192.168.1.10",
    "10.0.0.1:3141",
    "0.0.0.0",
    "[::2]:3141",
    "128.0.0.1",
]
FOREIGN_ORIGINS = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "http://127.0.0.1"},
    {"origin": "http://localhost.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
]


def own_headers(api: Api) -> list[dict[str, str]]:
    """Headers as the server's own pages and plain programs send them."""
    return [
        {},
        {"origin": api.url},
        {"origin": api.url, "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ]


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:3141", "127.0.0.1:9", "127.8.7.6:3141", "[::1]", "[::1]:3141"],
)
def test_a_loopback_name_is_served(api: Api, host: str) -> None:
    assert api.get("/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_is_403_for_reads(api: Api, host: str) -> None:
    for path in READS:
        response = api.get(path, headers={"host": host})
        assert response.status_code == 403, path
        error_of(response)


@pytest.mark.parametrize("host", FOREIGN_HOSTS[:3])
def test_a_foreign_host_is_403_for_writes(api: Api, agent: str, host: str) -> None:
    for path, body in (("/api/events", event(agent)), ("/api/events/batch", {"events": []})):
        response = api.post(path, body, headers={"host": host})
        assert response.status_code == 403
        error_of(response)
    assert api.rows(agent_type=agent) == []


@pytest.mark.parametrize("host", FOREIGN_HOSTS[:3])
def test_a_foreign_host_is_403_for_the_stream(api: Api, host: str) -> None:
    with Stream(api.url, {"host": host}) as stream:
        assert stream.status == 403
        assert isinstance(stream.body()["error"], str)


def test_an_allowed_host_is_served(launch: Launch) -> None:
    with launch({"AGENTMONITOR_ALLOWED_HOSTS": "console.example, other.example"}) as own:
        for host in ("console.example", "console.example:3141", "other.example", "localhost"):
            assert own.get("/api/health", headers={"host": host}).status_code == 200, host
        for host in ("evil.example", "a.console.example", "console.example.evil"):
            assert own.get("/api/health", headers={"host": host}).status_code == 403, host


def test_the_server_s_own_pages_and_programs_may_read_and_write(api: Api, agent: str) -> None:
    for headers in own_headers(api):
        assert api.get("/api/stats", headers=headers).status_code == 200, headers
        assert api.post("/api/events", event(agent), headers=headers).status_code == 201, headers
        with Stream(api.url, headers) as stream:
            stream.connected()
    assert len(api.rows(agent_type=agent)) == len(own_headers(api))


def test_an_origin_is_held_against_the_host(api: Api) -> None:
    """A page of `localhost` is not one of `127.0.0.1`, nor one of another port."""
    port = httpx.URL(api.url).port or 80
    own = {"host": f"localhost:{port}", "origin": f"http://localhost:{port}"}
    assert api.get("/api/stats", headers=own).status_code == 200
    for host, origin in (
        (f"127.0.0.1:{port}", f"http://localhost:{port}"),
        (f"localhost:{port}", f"http://localhost:{port + 1}"),
    ):
        headers = {"host": host, "origin": origin}
        assert api.get("/api/stats", headers=headers).status_code == 403


@pytest.mark.parametrize("headers", FOREIGN_ORIGINS)
def test_a_foreign_page_is_403_for_every_method(
    api: Api, agent: str, headers: dict[str, str]
) -> None:
    for path in READS:
        response = api.get(path, headers=headers)
        assert response.status_code == 403, path
        error_of(response)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = api.http.request(method, "/api/events", json=event(agent), headers=headers)
        assert response.status_code == 403, method
        error_of(response)
    assert api.rows(agent_type=agent) == []


@pytest.mark.parametrize("headers", FOREIGN_ORIGINS)
def test_a_foreign_page_cannot_post_hooks(api: Api, headers: dict[str, str]) -> None:
    body = {"session_id": "x", "hook_event_name": "Stop"}
    assert api.post("/api/hooks/claude-code", body, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", FOREIGN_ORIGINS)
def test_a_foreign_page_is_403_for_the_stream(api: Api, headers: dict[str, str]) -> None:
    with Stream(api.url, headers) as stream:
        assert stream.status == 403
        assert isinstance(stream.body()["error"], str)


def test_no_foreign_page_is_let_in_by_cors(api: Api) -> None:
    asks = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    response = api.http.options("/api/events", headers=asks)
    assert response.status_code >= 400
    assert "access-control-allow-origin" not in response.headers


def test_a_link_from_elsewhere_opens_the_page(api: Api) -> None:
    headers = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    assert api.get("/", headers=headers).status_code != 403


def test_a_page_carries_the_policy(api: Api) -> None:
    response = api.get("/", headers={"accept": "text/html"})
    if not response.headers.get("content-type", "").startswith("text/html"):
        pytest.skip("this server was built without the dashboard")
    policy = response.headers["content-security-policy"]
    assert {part.strip() for part in policy.split(";") if part.strip()} == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    }
