"""What agents wrote cannot drive the terminal, and is as wide as it says."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.cli.text import (
    clean,
    clean_json,
    clean_lines,
    clean_part,
    clean_text,
    cut,
    pad,
    width,
    wrap,
)

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
WORDS = st.text(st.sampled_from("ab 日本😀é\u0301 ,"), max_size=120)


def harmless(text: str) -> bool:
    directions = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    return not any(
        unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") or each in directions
        for each in text
    )


@given(ANY)
def test_no_control_character_survives(text: str) -> None:
    assert harmless(clean(text))
    assert harmless(clean_part(text))
    assert all(harmless(line) for line in clean_lines(text))
    assert harmless(clean_text(text).replace("\n", "").replace("\t", ""))


@given(st.recursive(ANY, lambda inner: st.lists(inner) | st.dictionaries(ANY, inner), max_leaves=5))
def test_json_is_the_same_document_without_control_characters(value: object) -> None:
    for raw in (json.dumps(value, ensure_ascii=False), json.dumps(value, indent=2)):
        cleaned = clean_json(raw)
        assert json.loads(cleaned) == json.loads(raw)
        assert harmless(cleaned.replace("\n", ""))


@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=100))
def test_what_only_shows_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", "␛[2J␛]0;owned␇"),
        ("a\x9b31mb", "a\ufffd31mb"),
        ("one\r\ntwo\tthree", "one two three"),
        ("abc\u202edef", "abc\ufffddef"),
        ("lone \ud800 half", "lone \ufffd half"),
    ],
)
def test_control_characters_are_replaced_visibly(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_lines_stay_lines() -> None:
    assert clean_lines("a\r\n\tb \n\x1bc") == ["a", "        b", "␛c"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("日本", 4), ("😀", 2), ("e\u0301", 1), ("a\u200db", 2), ("\uff21", 2), ("", 0)],
)
def test_width_counts_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@given(WORDS, st.integers(0, 60))
def test_a_cut_text_fits_and_is_a_beginning(text: str, columns: int) -> None:
    short = cut(text, columns)
    assert width(short) <= columns
    if width(text) <= columns:
        assert short == text
    else:
        assert text.startswith(short.removesuffix("…"))


@given(WORDS, st.integers(0, 60), st.booleans())
def test_a_padded_text_fills_its_columns(text: str, columns: int, right: bool) -> None:
    assert width(pad(text, columns, right=right)) == max(columns, width(text))


@given(WORDS, st.integers(2, 30))
def test_wrapped_pieces_fit_and_lose_nothing_but_spaces(text: str, columns: int) -> None:
    pieces = list(wrap(text, columns))
    assert all(width(piece) <= columns for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
