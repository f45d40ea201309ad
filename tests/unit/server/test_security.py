"""Who may talk to the server."""

import pytest

from agentmonitor.server.http import Request
from agentmonitor.server.security import Gate, is_loopback


async def nothing() -> dict[str, object]:
    return {}


def request(path: str = "/api/health", method: str = "GET", **headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request({"method": method, "path": path, "headers": pairs}, nothing)


def refused(gate: Gate | None = None, **headers: str) -> bool:
    gate = gate or Gate(frozenset({"box.local", "192.168.1.5"}))
    return gate.refusal(request(**headers)) is not None


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:3141", "LOCALHOST:1", "localhost.", "127.0.0.1", "127.0.0.1:3141",
     "127.8.9.1:80", "[::1]", "[::1]:3141", "box.local", "Box.Local:3141", "box.local.:80",
     "192.168.1.5:3141"],
)  # fmt: skip
def test_this_machines_names_are_served(host: str) -> None:
    gate = Gate(frozenset({"box.local", "192.168.1.5"}))
    for _ in range(2):  # the second verdict comes from memory
        assert not refused(gate, host=host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:3141",
     "128.0.0.1", "0.0.0.0", "10.0.0.1", "[::2]:3141", "::1", "localhost:3141:1", "localhost:x",
     "localhost@evil.example", "127.0.0.1/x", "localhost ", "box.local.evil", "xbox.local",
     "127.0.0.1:3141@evil.example", "[::1]evil.example", "[localhost].evil.example", "2130706433"],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    gate = Gate(frozenset({"box.local", "192.168.1.5"}))
    for _ in range(2):
        assert refused(gate, host=host)


def test_a_request_without_a_host_is_refused() -> None:
    assert refused()


def test_a_good_host_does_not_open_the_gate_for_others() -> None:
    gate = Gate(frozenset())
    for n in range(300):
        assert not refused(gate, host=f"localhost:{n}")
    assert refused(gate, host="evil.example")
    assert not refused(gate, host="127.0.0.1:9")


HOST = "localhost:3141"


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"origin": "http://localhost:3141"}, False),
        ({"origin": "HTTP://LOCALHOST:3141"}, False),
        ({"origin": "http://localhost"}, True),
        ({"origin": "http://localhost:3000"}, True),
        ({"origin": "http://127.0.0.1:3141"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "http://localhost:3141.evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"sec_fetch_site": "same-origin"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"sec_fetch_site": "same-site"}, True),
        ({"sec_fetch_site": "cross-site"}, True),
        ({"sec_fetch_site": ""}, True),
        ({"origin": "http://localhost:3141", "sec_fetch_site": "cross-site"}, True),
    ],
)
def test_pages_of_other_origins_are_refused_whatever_they_ask(
    method: str, headers: dict[str, str], is_refused: bool
) -> None:
    asked = request("/api/events", method, host=HOST, **headers)
    assert (Gate(frozenset()).refusal(asked) is not None) == is_refused


def test_a_link_from_elsewhere_to_a_page_of_ours_may_be_followed() -> None:
    visit = {
        "sec_fetch_site": "cross-site",
        "sec_fetch_mode": "navigate",
        "sec_fetch_dest": "document",
    }
    gate = Gate(frozenset())
    assert gate.refusal(request("/", host=HOST, **visit)) is None
    for path, method, changed in (
        ("/api/events", "GET", {}),
        ("/", "POST", {}),
        ("/", "GET", {"sec_fetch_dest": "iframe"}),
        ("/", "GET", {"sec_fetch_mode": "no-cors"}),
        ("/", "GET", {"origin": "https://evil.example"}),
    ):
        assert gate.refusal(request(path, method, host=HOST, **(visit | changed))) is not None


def test_a_refusal_says_what_to_do_and_repeats_little_of_what_came() -> None:
    told = Gate(frozenset()).refusal(request(host="x" * 5000))
    assert told is not None
    assert "AGENTMONITOR_ALLOWED_HOSTS" in told
    assert len(told) < 400


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False),
     ("::", False), ("example.com", False), ("", False), ("192.168.0.1", False)],
)  # fmt: skip
def test_loopback(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours
