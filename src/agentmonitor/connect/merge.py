"""Taking our change back from a text that somebody else has changed too."""

import difflib
from collections.abc import Sequence

Hunk = tuple[int, int, Sequence[str]]
"""From line, to line (of the text with ours), and what is there instead."""


def merged(former: str, ours: str, theirs: str) -> str | None:
    """``former`` with what changed from ``ours`` to ``theirs``, line by line.

    None when both changed the same lines.
    """
    base = ours.splitlines(keepends=True)
    hunks = [*_hunks(base, former), *_hunks(base, theirs)]
    hunks.sort(key=lambda hunk: hunk[:2])
    lines: list[str] = []
    at = 0
    before: Hunk | None = None
    for begin, end, instead in hunks:
        if begin < at or (before is not None and before[:2] == (begin, end)):
            return None
        lines += [*base[at:begin], *instead]
        at, before = end, (begin, end, instead)
    return "".join([*lines, *base[at:]])


def _hunks(base: Sequence[str], text: str) -> list[Hunk]:
    lines = text.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, base, lines, autojunk=False)
    return [
        (begin, end, lines[first:last])
        for what, begin, end, first, last in matcher.get_opcodes()
        if what != "equal"
    ]
