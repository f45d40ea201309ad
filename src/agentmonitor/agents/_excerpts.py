"""What events keep of long answers and changes: beginnings of texts, and diffs in the unified
format."""

from typing import Final

import msgspec

MAX_DIFF: Final = 24_000
"""Characters kept of a diff."""
MAX_OUTPUT: Final = 16_000
"""Characters kept of what a tool answered."""
MAX_ENCODED: Final = 4 * MAX_OUTPUT
"""Bytes of an answer's JSON in which these are looked for."""
_LONGEST = 16
"""Bytes of the longest escape (two halves of a character), and a few more."""

_WORD = 200
"""Characters in which a word has its end, nearly always."""

_decode = msgspec.json.Decoder(str).decode


def beginning(encoded: bytes) -> str:
    """What the first bytes of a JSON text say, which may end inside an escape or a character;
    "" when they are no such text."""
    for end in range(len(encoded), max(len(encoded) - _LONGEST, 0), -1):
        try:
            return _decode(encoded[:end] + b'"')
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return ""


def start(text: str, limit: int = MAX_OUTPUT) -> str:
    """The first ``limit`` characters of a text, or somewhat fewer: it ends between two words,
    because half of a secret could not be told from other words."""
    if len(text) <= limit:
        return text
    near = max(limit - _WORD, 0)
    end = max(text.rfind("\n", near, limit + 1), text.rfind(" ", near, limit + 1))
    return text[: end if end > 0 else limit]


def bounded(diff: str, beyond: int = 0) -> str:
    """``diff``, and when it is longer than MAX_DIFF its whole first lines and a line that says how
    many are left out. ``beyond``: further lines, which ``diff`` itself does not hold."""
    if len(diff) > MAX_DIFF:
        end = diff.rfind("\n", 0, MAX_DIFF)
        if end < MAX_DIFF // 2:  # a line so long that too little would be left
            end = len(start(diff, MAX_DIFF))
        beyond += count(diff[end:].removeprefix("\n"))
        diff = diff[:end]
    return f"{diff}\n… {beyond} more lines are left out" if beyond else diff


def whole(content: str, sign: str) -> tuple[str, int]:
    """The hunk of a file that is new (``+``) or gone (``-``), and how many of its lines the hunk
    lacks because nobody would see them."""
    lines = count(content)
    if not lines:
        return "", 0
    head = f"@@ -0,0 +1,{lines} @@" if sign == "+" else f"@@ -1,{lines} +0,0 @@"
    shown = content[:MAX_DIFF].removesuffix("\n")
    return f"{head}\n{sign}" + shown.replace("\n", f"\n{sign}"), lines - (1 + shown.count("\n"))


def count(text: str) -> int:
    """Lines of a text, the last of which need not have an end."""
    return text.count("\n") + (text != "" and not text.endswith("\n"))
