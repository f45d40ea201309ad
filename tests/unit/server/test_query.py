"""The query as a struct."""

from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso
from agentmonitor.model.selection import Selection
from agentmonitor.server.http import Request
from agentmonitor.server.query import (
    Flag,
    Limit,
    Order,
    SessionFilters,
    decode,
    instant,
    is_set,
    time_zone,
)


class Asked(SessionFilters, kw_only=True, frozen=True):
    errors: Flag = "0"
    order: Order = "asc"
    group: Literal["session"] | None = None
    limit: Limit = 50
    most: Limit | None = None


class Needed(msgspec.Struct):
    name: str
    order: Order = "asc"


def request(query: str = "") -> Request:
    async def receive() -> Any:
        raise AssertionError("there is no body to be read")

    scope = {"method": "GET", "path": "/", "headers": [], "query_string": query.encode("latin-1")}
    return Request(scope, receive)


def asked(**parameters: str) -> Request:
    return request(urlencode(parameters))


def selection(request: Request) -> Selection:
    return decode(request, Asked).selection()


def faults(run: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        run()
    assert all(message in str(caught.value) for _, message in caught.value.details)
    return caught.value.details


def fault(run: Any) -> str:
    [(field, message)] = faults(run)
    assert message
    return field


def test_the_common_filters_are_read() -> None:
    found = selection(asked(agent="a", project="p", branch="b", model="m", session="s", q="x"))
    assert found == Selection(agent="a", project="p", branch="b", model="m", session="s", q="x")
    assert selection(request()) == Selection()


def test_a_time_without_an_offset_is_in_the_zone_asked_for() -> None:
    found = selection(asked(**{"from": "2026-11-23", "to": "2026-11-24T12:00", "tz": "Asia/Tokyo"}))
    assert found.since == from_iso("2026-11-22T15:00:00Z")
    assert found.until == from_iso("2026-11-24T03:00:00Z")
    told = selection(asked(**{"from": "2026-11-23T00:00:00+01:00", "tz": "Asia/Tokyo"}))
    assert told.since == from_iso("2026-11-22T23:00:00Z")
    unescaped = selection(request("from=2026-11-23T00:00:00+01:00"))
    assert unescaped.since == told.since


def test_utc_needs_no_zone_files() -> None:
    for name in ("UTC", "utc", "Z"):
        assert time_zone(name).utcoffset(None) == timedelta(0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tz", "Nowhere/Else"), ("tz", "../../etc/passwd"), ("tz", "/etc/passwd"), ("tz", "Europe"),
        ("tz", "x" * 5000), ("tz", "a\0b"), ("from", "soon"), ("to", "2026-13-01"),
        ("from", "0001-01-01T00:00:00+23:59"), ("to", "9999-12-31"), ("q", "x" * 1001),
    ],
)  # fmt: skip
def test_a_senseless_filter_is_named(field: str, value: str) -> None:
    assert fault(lambda: selection(asked(**{field: value}))) == field


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    for early in ("2026-11-22", "2026-11-23T00:00"):
        query = asked(**{"from": "2026-11-23", "to": early})
        assert fault(lambda query=query: selection(query)) == "to"


def test_a_day_in_to_belongs_to_the_range() -> None:
    found = selection(asked(**{"from": "2026-03-29", "to": "2026-03-29", "tz": "Europe/Vienna"}))
    assert found.since == from_iso("2026-03-28T23:00:00Z")
    assert found.until == from_iso("2026-03-29T22:00:00Z")  # its clocks changed


def test_what_is_absent_or_empty_has_its_default() -> None:
    assert decode(request(), Asked) == Asked()
    assert decode(request("limit=&order=%20&errors=&agent=+"), Asked) == Asked()
    assert decode(request("unknown=1&limit=7"), Asked) == Asked(limit=7)
    assert decode(request("limit=7&limit=8"), Asked).limit == 8


def test_values_are_trimmed() -> None:
    found = decode(request("agent=%20a%20b%20&limit=%09007%0a"), Asked)
    assert (found.agent, found.limit) == ("a b", 7)


@given(st.integers(1, 10**40))
def test_a_whole_number_is_as_large_as_it_likes(number: int) -> None:
    found = decode(asked(limit=str(number), most=str(number)), Asked)
    assert found.limit == found.most == int(str(number)[:18])


@pytest.mark.parametrize(
    "text", ["0", "-1", "+1", "1.0", "1e2", "0x1", "many", "\u0661", "1_0", "null"]
)
def test_anything_else_is_no_number(text: str) -> None:
    wrong = faults(lambda: decode(asked(limit=text), Asked))
    assert wrong == [("limit", "must be a whole number of at least 1")]
    assert fault(lambda: decode(asked(most=text), Asked)) == "most"


def test_flags_and_choices_have_few_values() -> None:
    for text, value in (("1", True), ("true", True), ("0", False), ("false", False)):
        assert is_set(decode(asked(errors=text), Asked).errors) is value
    for field, text, message in (
        ("errors", "maybe", "must be one of 1, 0, true, false"),
        ("order", "up", "must be one of asc, desc"),
        ("group", "agent", "must be session"),
    ):
        wrong = faults(lambda field=field, text=text: decode(asked(**{field: text}), Asked))
        assert wrong == [(field, message)]


def test_every_fault_is_named() -> None:
    wrong = faults(lambda: decode(asked(order="up", limit="0", q="x" * 1001, agent="a"), Asked))
    assert {field for field, _ in wrong} == {"order", "limit", "q"}
    assert faults(lambda: decode(request(), Needed)) == [("name", "is required")]
    assert len(faults(lambda: decode(request("order=x"), Needed))) == 2


def test_an_instant_without_an_offset_is_utc() -> None:
    assert instant("since", None) is None
    assert instant("since", "2026-11-23T21:00:00") == from_iso("2026-11-23T21:00:00Z")
    assert instant("since", "2026-11-23T21:00:00 01:00") == from_iso("2026-11-23T20:00:00Z")
    assert fault(lambda: instant("since", "yesterday")) == "since"


@given(st.dictionaries(st.sampled_from(Asked.__struct_encode_fields__), st.text(max_size=8)))
def test_any_query_is_decoded_or_its_faults_are_named(parameters: dict[str, str]) -> None:
    query = urlencode(parameters, errors="replace")
    named: set[str] = set()
    try:
        found = decode(request(query), Asked)
    except InvalidInput as error:
        named = {field for field, _ in error.details}
    else:
        assert found.limit >= 1
    assert named <= set(parameters)
