"""Text for a terminal: what is untrusted made harmless, and how wide it is."""

import re
from collections.abc import Iterator

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BLANK = re.compile(r"[ \t\r\n\v\f\x85\u2028\u2029]+")
ELLIPSIS = "…"


def clean(text: str) -> str:
    """One line of ``text`` that a terminal only shows.

    Line ends and tabs become spaces. Control characters, which could move the cursor, change
    colours or drive the terminal, become their pictures (ESC: ␛), and those that turn the
    direction of what follows become �.
    """
    return clean_part(text).strip()


def clean_part(text: str) -> str:
    """The same for a part of a line: spaces at its ends stay."""
    return _CONTROL.sub(_visible, _BLANK.sub(" ", text))


def clean_lines(text: str) -> list[str]:
    """The same for a text of several lines; tabs reach to the next eighth column."""
    lines = re.split(r"\r\n|[\n\r\v\f\x85\u2028\u2029]", text.expandtabs(8))
    return [_CONTROL.sub(_visible, line).rstrip() for line in lines]


def clean_text(text: str) -> str:
    """A text of several lines with its line ends and tabs as they are."""
    return _CONTROL.sub(lambda found: _visible(found) if found[0] not in "\n\t" else found[0], text)


def clean_json(text: str) -> str:
    """JSON whose strings hold no control character as it is: the same document, escaped."""
    return _CONTROL.sub(_escaped, text)


def width(text: str) -> int:
    """The columns that ``text``, made by ``clean``, takes in a terminal."""
    return len(text) if text.isascii() else sum(_widths(text))


def cut(text: str, columns: int) -> str:
    """``text`` in at most ``columns``, with an ellipsis when something is left out."""
    if width(text) <= columns:
        return text
    if columns < 1:
        return ""
    taken = end = 0
    for index, wide in enumerate(_widths(text)):
        if taken + wide > columns - 1:
            break
        taken, end = taken + wide, index + 1
    return text[:end].rstrip() + ELLIPSIS


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """``text`` filled up with spaces; ``right``: before it."""
    fill = " " * max(0, columns - width(text))
    return fill + text if right else text + fill


def wrap(line: str, columns: int) -> Iterator[str]:
    """``line`` in pieces of at most ``columns``, between words where that is possible."""
    while width(line) > columns:
        taken = end = 0
        for index, wide in enumerate(_widths(line)):
            if index and taken + wide > columns:
                break
            taken, end = taken + wide, index + 1
        space = line.rfind(" ", 1, end + 1)
        # A word that begins far to the left is cut: a narrow ragged column reads worse.
        if space > end // 2:
            yield line[:space]
            line = line[space + 1 :]
        else:
            yield line[:end]
            line = line[end:]
    yield line


def _escaped(found: "re.Match[str]") -> str:
    # A line end can only stand between values: inside a string JSON has it escaped already.
    return found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}"


def _visible(match: "re.Match[str]") -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def _widths(text: str) -> Iterator[int]:
    """The columns of each character: 0 for those that combine, 2 for East Asian wide ones and
    emoji (Unicode Standard Annex 11)."""
    import unicodedata

    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in _NARROW:
            yield 0
        else:
            yield 2 if unicodedata.east_asian_width(character) in "WF" else 1


_NARROW = frozenset(("Mn", "Me", "Cf"))
