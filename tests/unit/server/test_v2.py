"""What all calls of /api/v2 share."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso
from agentmonitor.model.selection import Selection
from agentmonitor.server import v2
from agentmonitor.server.http import Request, Response, error_response


def request(query: str = "", path: str = "/api/v2/sessions", **headers: str) -> Request:
    async def receive() -> Any:
        raise AssertionError("there is no body to be read")

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "method": "GET", "path": path, "raw_path": quote(path).encode(), "headers": named,
        "query_string": query.encode("latin-1"),
    }  # fmt: skip
    return Request(scope, receive)


def asked(**parameters: str) -> Request:
    return request(urlencode(parameters))


def fault(run: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        run()
    [(field, message)] = caught.value.details
    assert message
    return field


def test_the_common_filters_are_read() -> None:
    found = v2.selection(asked(agent="a", project="p", branch="b", model="m", session="s", q="x"))
    assert found == Selection(agent="a", project="p", branch="b", model="m", session="s", q="x")
    assert v2.selection(request()) == Selection()


def test_a_time_without_an_offset_is_in_the_zone_asked_for() -> None:
    found = v2.selection(
        asked(**{"from": "2026-11-23", "to": "2026-11-24T12:00", "tz": "Asia/Tokyo"})
    )
    assert found.since == from_iso("2026-11-22T15:00:00Z")
    assert found.until == from_iso("2026-11-24T03:00:00Z")
    told = v2.selection(asked(**{"from": "2026-11-23T00:00:00+01:00", "tz": "Asia/Tokyo"}))
    assert told.since == from_iso("2026-11-22T23:00:00Z")
    unescaped = v2.selection(request("from=2026-11-23T00:00:00+01:00"))
    assert unescaped.since == told.since


def test_utc_needs_no_zone_files() -> None:
    for name in ("UTC", "utc", "Z"):
        assert v2.time_zone(asked(tz=name)).utcoffset(None) == timedelta(0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tz", "Nowhere/Else"), ("tz", "../../etc/passwd"), ("tz", "/etc/passwd"), ("tz", "Europe"),
        ("tz", "x" * 5000), ("tz", "a\0b"), ("from", "soon"), ("to", "2026-13-01"),
        ("from", "0001-01-01T00:00:00+23:59"), ("to", "9999-12-31"), ("q", "x" * 1001),
    ],
)  # fmt: skip
def test_a_senseless_filter_is_named(field: str, value: str) -> None:
    assert fault(lambda: v2.selection(asked(**{field: value}))) == field


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    for early in ("2026-11-22", "2026-11-23T00:00"):
        query = asked(**{"from": "2026-11-23", "to": early})
        assert fault(lambda query=query: v2.selection(query)) == "to"


def test_a_day_in_to_belongs_to_the_range() -> None:
    found = v2.selection(asked(**{"from": "2026-03-29", "to": "2026-03-29", "tz": "Europe/Vienna"}))
    assert found.since == from_iso("2026-03-28T23:00:00Z")
    assert found.until == from_iso("2026-03-29T22:00:00Z")  # its clocks changed


def test_flags_and_orders_have_few_values() -> None:
    assert v2.flag(asked(errors="1"), "errors")
    assert not v2.flag(request(), "errors")
    assert fault(lambda: v2.flag(asked(errors="maybe"), "errors")) == "errors"
    assert v2.is_descending(asked(order="desc"), default=False)
    assert not v2.is_descending(asked(order="asc"), default=True)
    assert v2.is_descending(request(), default=True)
    assert fault(lambda: v2.is_descending(asked(order="up"), default=True)) == "order"


scalars = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
)  # fmt: skip


@given(st.lists(scalars, max_size=4))
def test_a_cursor_gives_the_place_back(place: list[Any]) -> None:
    told = v2.cursor("kind", place)
    assert v2.place(asked(cursor=told), "kind", list[Any]) == place
    assert quote(told, safe="") == told


@given(st.text(max_size=50))
def test_any_other_text_is_no_cursor(text: str) -> None:
    if text.strip():
        query = urlencode({"cursor": text}, errors="replace")
        assert fault(lambda: v2.place(request(query), "kind", tuple[int, int])) == "cursor"


def test_a_cursor_of_another_call_or_shape_is_refused() -> None:
    for told in (v2.cursor("other", [1, 2]), v2.cursor("kind", [1]), v2.cursor("kind", ["a", "b"])):
        query = asked(cursor=told)
        assert fault(lambda query=query: v2.place(query, "kind", tuple[int, int])) == "cursor"
    deep = urlsafe_b64encode(b"[" * 3000).decode()
    assert fault(lambda: v2.place(asked(cursor=deep), "kind", tuple[int, int])) == "cursor"


def test_a_page_links_to_the_next_one_with_the_same_filters() -> None:
    page = v2.page_response(
        request("agent=a%26b&cursor=old&q=%C3%A9", "/api/v2/sessions/a b>c/events"),
        {"events": []}, "events", [1, 2],
    )  # fmt: skip
    told = msgspec.json.decode(page.body)["next"]
    link = dict(page.headers)[b"link"].decode()
    where = f"</api/v2/sessions/a%20b%3Ec/events?agent=a%26b&q=%C3%A9&cursor={told}>"
    assert link == f'{where}; rel="next"'
    last = v2.page_response(request(), {"events": []}, "events", None)
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
    found = shaped(error_response(400, "Invalid limit.", [(b"retry-after", b"1")], details=details))
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
    odd = msgspec.json.decode(shaped(error_response(418, "No coffee.", more=1)).body)
    assert (odd["title"], odd["status"], odd["errors"], odd["more"]) == ("I'm a Teapot", 418, [], 1)


def test_other_answers_keep_their_shape() -> None:
    error, page = error_response(404, "no"), Response(200, b"x")
    assert shaped(error, "/api/sessions") is error
    assert shaped(page) is page

    async def streamed(request: Request, send: Any) -> None:
        await asyncio.sleep(0)

    assert v2.in_shape(request(), streamed) is streamed
