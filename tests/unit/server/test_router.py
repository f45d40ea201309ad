"""From a path and a method to a handler."""

from typing import Any

import pytest

from agentmonitor.server.http import Request
from agentmonitor.server.router import Handler, MethodNotAllowed, NotFound, Router


def handler(name: str) -> Handler:
    async def handle(*_: object) -> Any:
        return name

    handle.__name__ = name
    return handle


TRANSCRIPT = "/api/sessions/{id}/transcript"
ROUTES = {
    ("GET", "/api/events"): handler("list"),
    ("POST", "/api/events"): handler("add"),
    ("POST", "/api/events/batch"): handler("batch"),
    ("GET", "/api/sessions/{id}"): handler("session"),
    ("GET", TRANSCRIPT): handler("transcript"),
    ("DELETE", "/api/sessions/{id}"): handler("delete"),
}


@pytest.fixture
def router() -> Router:
    router = Router()
    for (method, path), handle in ROUTES.items():
        router.add(method, path, handle)
    return router


async def nothing() -> dict[str, object]:
    return {}


def request(method: str, raw: str) -> Request:
    from urllib.parse import unquote

    scope = {"method": method, "path": unquote(raw), "raw_path": raw.encode(), "headers": []}
    return Request(scope, nothing)


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/api/events", ("GET", "/api/events"), {}),
        ("HEAD", "/api/events", ("GET", "/api/events"), {}),
        ("POST", "/api/events", ("POST", "/api/events"), {}),
        ("POST", "/api/events/batch", ("POST", "/api/events/batch"), {}),
        ("GET", "/api/sessions/a", ("GET", "/api/sessions/{id}"), {"id": "a"}),
        ("HEAD", "/api/sessions/a", ("GET", "/api/sessions/{id}"), {"id": "a"}),
        ("DELETE", "/api/sessions/a", ("DELETE", "/api/sessions/{id}"), {"id": "a"}),
        ("GET", "/api/sessions/a%20b", ("GET", "/api/sessions/{id}"), {"id": "a b"}),
        ("GET", "/api/sessions/a%2Fb", ("GET", "/api/sessions/{id}"), {"id": "a/b"}),
        ("GET", "/api/sessions/%C3%A4", ("GET", "/api/sessions/{id}"), {"id": "ä"}),
        ("GET", "/api/sessions/transcript", ("GET", "/api/sessions/{id}"), {"id": "transcript"}),
        ("GET", "/api/sessions/a/transcript", ("GET", TRANSCRIPT), {"id": "a"}),
    ],
)  # fmt: skip
def test_a_path_leads_to_its_handler(
    router: Router, method: str, path: str, route: tuple[str, str], parameters: dict[str, str]
) -> None:
    asked = request(method, path)
    assert router.find(asked) is ROUTES[route]
    assert asked.parameters == parameters


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/events/", "//api/events", "/api/events/batch/x", "/api/sessions/",
     "/api/sessions", "/api/sessions//transcript", "/api/sessions/a/other", "/API/EVENTS", ""],
)  # fmt: skip
def test_other_paths_lead_nowhere(router: Router, path: str) -> None:
    with pytest.raises(NotFound):
        router.find(request("GET", path))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/events", ["GET", "HEAD", "POST"]),
        ("GET", "/api/events/batch", ["POST"]),
        ("POST", "/api/sessions/a", ["DELETE", "GET", "HEAD"]),
        ("get", "/api/events", ["GET", "HEAD", "POST"]),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    router: Router, method: str, path: str, allowed: list[str]
) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        router.find(request(method, path))
    assert (caught.value.method, caught.value.allowed) == (method, allowed)
