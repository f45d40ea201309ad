"""JSON with comments is read as what it says, and its faults are named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.connect.jsonc import MAX_DEPTH, parse
from agentmonitor.errors import InvalidInput
from tests.unit.connect.documents import OBJECTS, VALUES, jsonc


@given(VALUES, st.none() | st.integers(0, 4), st.booleans())
def test_any_json_is_read_as_json_reads_it(
    value: Any, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert parse(text).data() == json.loads(text)


@given(st.data(), OBJECTS)
def test_comments_and_trailing_commas_change_nothing(
    data: st.DataObject, value: dict[str, Any]
) -> None:
    text = data.draw(jsonc(st.just(value)))
    assert parse(text).data() == value


@given(st.text(alphabet='{}[]",:/*\\ntrue12.eE- \n', max_size=30))
def test_what_json_refuses_is_refused_unless_it_has_comments_or_commas(text: str) -> None:
    try:
        found = parse(text).data()
    except InvalidInput:
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
        return
    if "//" not in text and "/*" not in text and "," not in text:
        assert found == json.loads(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: a value is expected, not the end"),
        ('{"a": 1 "b": 2}', "line 1: a comma or } is expected"),
        ('{\n  "a": 1\n  "b": 2\n}', "line 3: a comma or } is expected"),
        ('{"a" 1}', "line 1: a colon is expected"),
        ("{a: 1}", "line 1: a key in double quotes is expected"),
        ('{"a": 1}}', "line 1: there is more after the end"),
        ('{"a": "x\n"}', "line 1: a text has no end"),
        (r'{"a": "\q"}', "line 1: a text has an unknown escape"),
        ("[1,,2]", "line 1: a value is expected, not ','"),
        ("{,}", "line 1: a key in double quotes is expected"),
        ('{"a": /* open', "line 1: a value is expected, not '/'"),
        ("[" * (MAX_DEPTH + 2), f"line 1: values are nested more than {MAX_DEPTH} deep"),
    ],
)
def test_a_fault_names_the_line_and_what_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert str(caught.value) == fault


def test_of_keys_that_repeat_the_last_one_counts() -> None:
    text = '{"a": {"x": 1}, "a": {"y": 2}}'
    root = parse(text)
    member = root.member("a")
    assert root.data() == {"a": {"y": 2}}
    assert member is not None
    assert member.node.data() == {"y": 2}
