"""Our change comes out of a text that somebody else has changed as well."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentmonitor.connect.merge import merged

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "x"]), max_size=8)


@pytest.mark.parametrize(
    ("former", "ours", "theirs", "expected"),
    [
        ("1\n2\n3\n", "1\n2\nours\n3\n", "0\n1\n2\nours\n3\n", "0\n1\n2\n3\n"),
        ("1\n2}", "1\n2,\nours\n}", "1\n2,\nours\n}\n", None),
        ("1\n2}\n", "1\n2,\nours\n}\n", "1\n2,\nours\n}\n\n", "1\n2}\n\n"),
        ("1\n2\n", "1\nours\n2\n", "1\ntheirs\n2\n", None),
        ("1\n", "1\nours\n", "1\nours\n2\n", "1\n2\n"),
    ],
)
def test_only_what_is_ours_goes(former: str, ours: str, theirs: str, expected: str | None) -> None:
    assert merged(former, ours, theirs) == expected


@given(LINES, LINES, LINES)
def test_changes_that_do_not_meet_are_both_kept(a: list[str], b: list[str], c: list[str]) -> None:
    former, ours, theirs = "".join(a), "".join(b), "".join(c)
    assert merged(former, ours, ours) == former
    assume(theirs != ours)
    assert merged(ours, ours, theirs) == theirs


@given(LINES, LINES, LINES)
def test_a_change_above_ours_is_kept(head: list[str], tail: list[str], added: list[str]) -> None:
    first, last = "".join([*head, "-\n"]), "".join(["=\n", *tail])
    more = "".join([*added, "+\n"])
    ours = f"{first}~~~ours\n{last}"
    assert merged(first + last, ours, more + ours) == more + first + last
