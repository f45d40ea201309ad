"""What all calls of /api/v2 share."""

import asyncio
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.server import v2
from agentmonitor.server.http import FieldFault, Request, Response, error_response


def request(query: str = "", path: str = "/api/v2/sessions", **headers: str) -> Request:
    async def receive() -> Any:
        raise AssertionError("there is no body to be read")

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "method": "GET", "path": path, "raw_path": quote(path).encode(), "headers": named,
        "query_string": query.encode("latin-1"),
    }  # fmt: skip
    return Request(scope, receive)


def fault(run: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        run()
    [(field, message)] = caught.value.details
    assert message
    return field


scalars = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
)  # fmt: skip


@given(st.lists(scalars, max_size=4))
def test_a_cursor_gives_the_place_back(place: list[Any]) -> None:
    told = v2.cursor("kind", place)
    assert v2.place(told, "kind", list[Any]) == place
    assert quote(told, safe="") == told


@given(st.text(max_size=50))
def test_any_other_text_is_no_cursor(text: str) -> None:
    assert fault(lambda: v2.place(text, "kind", tuple[int, int])) == "cursor"


def test_a_cursor_of_another_call_or_shape_is_refused() -> None:
    for told in (v2.cursor("other", [1, 2]), v2.cursor("kind", [1]), v2.cursor("kind", ["a", "b"])):
        assert fault(lambda told=told: v2.place(told, "kind", tuple[int, int])) == "cursor"
    deep = urlsafe_b64encode(b"[" * 3000).decode()
    assert fault(lambda: v2.place(deep, "kind", tuple[int, int])) == "cursor"


def test_a_page_links_to_the_next_one_with_the_same_filters() -> None:
    page = v2.page_response(
        request("agent=a%26b&cursor=old&q=%C3%A9", "/api/v2/sessions/a b>c/events"),
        v2.Paged(), "events", [1, 2],
    )  # fmt: skip
    told = msgspec.json.decode(page.body)["next"]
    link = dict(page.headers)[b"link"].decode()
    where = f"</api/v2/sessions/a%20b%3Ec/events?agent=a%26b&q=%C3%A9&cursor={told}>"
    assert link == f'{where}; rel="next"'
    last = v2.page_response(request(), v2.Paged(), "events", None)
    assert msgspec.json.decode(last.body)["next"] is None
    assert b"link" not in dict(last.headers)


def test_a_tag_saves_the_body() -> None:
    first = v2.tagged_response(request(), {"a": 1})
    tag = dict(first.headers)[b"etag"].decode()
    assert (first.status, first.body) == (200, b'{"a":1}')
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = v2.tagged_response(request(if_none_match=known), {"a": 1})
        assert (again.status, again.body) == (304, b"")
        assert dict(again.headers)[b"etag"].decode() == tag
    for known in ('"other"', "", tag.strip('"')):
        assert v2.tagged_response(request(if_none_match=known), {"a": 1}).status == 200
    assert v2.tagged_response(request(if_none_match=tag), {"a": 2}).status == 200


def shaped(reply: Response, path: str = "/api/v2/x") -> Response:
    found = v2.in_shape(request(path=path), reply)
    assert isinstance(found, Response)
    return found


def test_an_error_is_problem_details() -> None:
    details = [{"field": "limit", "message": "must be less"}]
    faults = msgspec.convert(details, list[FieldFault])
    found = shaped(error_response(400, "Invalid limit.", [(b"retry-after", b"1")], details=faults))
    headers = dict(found.headers)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"retry-after"] == b"1"
    assert [name for name, _ in found.headers].count(b"content-type") == 1
    assert msgspec.json.decode(found.body) == {
        "type": "urn:agentmonitor:problem:invalid-input",
        "title": "The request is not acceptable",
        "status": 400,
        "detail": "Invalid limit.",
        "errors": details,
        "error": "Invalid limit.",
        "details": details,
    }
    odd = msgspec.json.decode(shaped(error_response(418, "No coffee.", max_clients=1)).body)
    assert (odd["title"], odd["status"], odd["errors"], odd["max_clients"]) == (
        "I'm a Teapot",
        418,
        [],
        1,
    )


def test_other_answers_keep_their_shape() -> None:
    error, page = error_response(404, "no"), Response(200, b"x")
    assert shaped(error, "/api/sessions") is error
    assert shaped(page) is page

    async def streamed(request: Request, send: Any) -> None:
        await asyncio.sleep(0)

    assert v2.in_shape(request(), streamed) is streamed
