"""Edits of any settings file: what the file says is merged, all else stays as it was written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentmonitor.agents.setup import Append, Edit, Put
from agentmonitor.connect.edits import apply, is_bare, merge, read, undo
from agentmonitor.errors import InvalidInput
from tests.unit.connect.documents import VALUES, comments, jsonc, toml

PATHS = st.lists(st.sampled_from(["hooks", "Stop", "env", "new", "a"]), min_size=1, max_size=3)
EDITS = st.one_of(
    st.builds(lambda p, v: Put(channel="hooks", path=tuple(p), value=v), PATHS, VALUES),
    st.builds(
        lambda p, v: Append(
            channel="hooks", path=tuple(p), value={"ours": v, "m": "@mark@"}, mark="@mark@"
        ),
        PATHS,
        VALUES,
    ),
)
EXPORTER = {"otlp-http": {"endpoint": "http://127.0.0.1:3141/v1/logs", "protocol": "json"}}
OTEL = Put(channel="telemetry", path=("otel", "exporter"), value=EXPORTER)


def applied(text: str, edits: list[Edit]) -> tuple[str, list[Any]]:
    """As apply does; what does not fit the document is not looked at."""
    try:
        return apply(text, "json", edits)
    except InvalidInput:
        assume(False)
        raise


@given(jsonc(), st.lists(EDITS, max_size=4))
def test_an_edited_document_says_what_the_edits_merge(text: str, edits: list[Edit]) -> None:
    after, done = applied(text, edits)
    expected = read(text, "json")
    for each in done:
        merge(expected, each.edit)
    assert read(after, "json") == expected
    for each in done[-1:]:  # an earlier one may have been replaced
        value: Any = read(after, "json")
        for key in each.edit.path:
            value = value[key]
        assert (value[-1] if isinstance(each.edit, Append) else value) == each.edit.value


@given(jsonc(), st.lists(EDITS.filter(lambda e: isinstance(e, Append)), max_size=4))
def test_adding_keeps_every_comment_and_the_line_ends(text: str, edits: list[Edit]) -> None:
    after, _ = applied(text, edits)
    assert comments(after) == comments(text)
    assert ("\r\n" in text) == ("\r\n" in after) or "\n" not in text
    if "\r\n" in text:
        assert after.replace("\r\n", "").count("\n") == 0


@given(jsonc(), st.lists(EDITS, max_size=4))
def test_undoing_brings_back_what_the_document_said(text: str, edits: list[Edit]) -> None:
    after, done = applied(text, edits)
    before = undo(after, "json", done)
    assert read(before, "json") == read(text, "json")
    if all(isinstance(each.edit, Append) for each in done):
        assert comments(before) == comments(text)


@given(jsonc(), st.lists(EDITS, max_size=3), st.lists(EDITS, max_size=3))
def test_undoing_takes_out_nothing_that_came_later(
    text: str, ours: list[Edit], theirs: list[Edit]
) -> None:
    mine = {each.path[0] for each in ours}
    assume(not mine & {each.path[0] for each in theirs})
    middle, done = applied(text, ours)
    after, added = applied(middle, theirs)
    expected = read(text, "json")
    for each in added:
        merge(expected, each.edit)
    assert read(undo(after, "json", done), "json") == expected


@given(jsonc(), st.lists(EDITS, max_size=4))
def test_applying_again_changes_nothing(text: str, edits: list[Edit]) -> None:
    once = applied(text, edits)[0]
    assume(len({each.path for each in edits}) == len(edits))
    try:
        again, done = apply(once, "json", edits)
    except InvalidInput:
        return  # one edit put a text where the next one needs an object
    if not done:
        assert again == once


@given(toml())
def test_toml_gets_one_key_and_keeps_everything_else(text: str) -> None:
    after, done = apply(text, "toml", [OTEL])
    expected = tomllib.loads(text)
    merge(expected, OTEL)
    assert tomllib.loads(after) == expected
    assert len(done) == 1
    kept = [line for line in text.splitlines() if line.strip() and "exporter =" not in line]
    assert [line for line in after.splitlines() if line in kept] == kept
    assert apply(after, "toml", [OTEL]) == (after, [])
    before = undo(after, "toml", done)
    assert tomllib.loads(before) == tomllib.loads(text)
    lines = [line for line in text.splitlines() if line.strip()]
    # Where there was only a table within it, its own header stays, which says nothing.
    undone = [line for line in before.splitlines() if line.strip()]
    assert [line for line in undone if line in lines or line != "[otel]"] == lines


@pytest.mark.parametrize(
    ("text", "newline"),
    [("", "\n"), ('model = "x"', "\n"), ("a = 1\nb = 2\n", "\n"), ("a = 1\r\nb = 2", "\r\n")],
)
def test_toml_keeps_its_line_ends(text: str, newline: str) -> None:
    after, _ = apply(text, "toml", [OTEL])
    assert newline in after
    assert ("\r" in after) == (newline == "\r\n")


@given(toml())
def test_undoing_toml_leaves_what_the_user_changed(text: str) -> None:
    after, done = apply(text, "toml", [OTEL])
    changed = after.replace("3141", "9999")
    assert undo(changed, "toml", done) == changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "a": {\n    "b": [1]\n  }\n}\n'),
        ("{}", '{\n  "a": {\n    "b": [1]\n  }\n}'),
        ('{"x": 1}', '{"x": 1, "a": {"b": [1]}}'),
        ('{"a": {}, "x": 1}', '{"a": {"b": [1]}, "x": 1}'),
        ('{\n\t"x": 1\n}\n', '{\n\t"x": 1,\n\t"a": {\n\t\t"b": [1]\n\t}\n}\n'),
        (
            '{\n    "x": 1 // one\n    // two\n}',
            '{\n    "x": 1, // one\n    "a": {\n        "b": [1]\n    }\n    // two\n}',
        ),
        ('{\n  "x": 1,\n}', '{\n  "x": 1,\n  "a": {\n    "b": [1]\n  },\n}'),
        ('{\r\n  "x": 1\r\n}', '{\r\n  "x": 1,\r\n  "a": {\r\n    "b": [1]\r\n  }\r\n}'),
        ('\ufeff{"x": 1}', '\ufeff{"x": 1, "a": {"b": [1]}}'),
        ('{\n  "a": {\n    "b": [\n      0\n    ]\n  }\n}', None),
        ("{\n  // nothing\n}", '{\n  // nothing\n  "a": {\n    "b": [1]\n  }\n}'),
    ],
)
def test_what_is_added_looks_like_what_is_there_and_comes_out_exactly(
    before: str, after: str | None
) -> None:
    edit = Append(channel="hooks", path=("a", "b"), value=1, mark="@")
    text, done = apply(before, "json", [edit])
    if after is None:
        assert text == '{\n  "a": {\n    "b": [\n      0,\n      1\n    ]\n  }\n}'
    else:
        assert text == after
    undone = undo(text, "json", done)
    assert undone == before or is_bare(undone, "json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "it is no object"),
        ('{"a": 1}', "a is no object"),
        ('{"a": {"b": 1}}', "a.b is no list"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str) -> None:
    edit = Append(channel="hooks", path=("a", "b"), value=1, mark="@")
    with pytest.raises(InvalidInput, match=message):
        apply(text, "json", [edit])


def test_an_entry_that_the_user_wrote_by_hand_is_not_added_again() -> None:
    text = '{"hooks": {"Stop": [{"hooks": [{"type": "http", "url": "http://x/hook"}]}]}}'
    edit = Append(channel="hooks", path=("hooks", "Stop"), value={"new": 1}, mark="http://x/hook")
    assert apply(text, "json", [edit]) == (text, [])


def test_an_emptied_list_of_ours_goes_and_one_of_the_users_stays() -> None:
    edit = Append(channel="hooks", path=("hooks", "Stop"), value={"m": "@"}, mark="@")
    for text in ('{"hooks": {"Stop": []}}', '{"hooks": {}}', '{"x": 1}'):
        after, done = apply(text, "json", [edit])
        assert undo(after, "json", done) == text
