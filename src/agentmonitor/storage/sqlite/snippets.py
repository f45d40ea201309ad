"""What to show of a text that was found: a piece around its hits, and where they are in it."""

from bisect import bisect_left, bisect_right

LENGTH = 200
"""Characters at most."""
_LEAD = 40
"""How much of the text stands before the first hit, if there is room."""
OPEN, CLOSE = "\x02", "\x03"
"""Marks around hits. Texts are without them."""
_JOINERS = "\u200d\ufe0e\ufe0f"

Span = tuple[int, int]


def unmarked(text: str) -> str:
    """A text of the same length without the characters that serve as marks."""
    if OPEN in text or CLOSE in text:
        return text.replace(OPEN, " ").replace(CLOSE, " ")
    return text


def cut(marked: str) -> tuple[str, list[Span], int]:
    """Of a text with marks: the piece with the most hits, their places, and how many it has."""
    text, hits = _unmark(marked)
    if not hits:
        return text[: _whole(text, min(len(text), LENGTH))], [], 0
    start, end = _window(text, hits)
    shown = [
        (max(first, start) - start, min(last, end) - start)
        for first, last in hits
        if first < end and last > start
    ]
    return text[start:end], shown, len(hits)


def _unmark(marked: str) -> tuple[str, list[Span]]:
    pieces: list[str] = []
    hits: list[Span] = []
    length = 0
    for number, part in enumerate(marked.split(OPEN)):
        if number == 0:
            inside, rest = "", part
        else:
            inside, _, rest = part.partition(CLOSE)
            hits.append((length, length + len(inside)))
        pieces += (inside, rest)
        length += len(inside) + len(rest)
    return "".join(pieces), hits


def _window(text: str, hits: list[Span]) -> Span:
    if len(text) <= LENGTH:
        return 0, len(text)
    firsts = [first for first, _ in hits]
    lasts = [last for _, last in hits]

    def count(at: int) -> int:
        start = max(0, firsts[at] - _LEAD)
        return bisect_right(lasts, start + LENGTH) - at

    best = max(range(len(hits)), key=lambda at: (count(at), -at))
    start = min(max(0, firsts[best] - _LEAD), len(text) - LENGTH)
    end = start + LENGTH
    # Words are not cut where that costs little.
    if start > 0 and not text[start - 1].isspace():
        space = _space_after(text, start, firsts[bisect_left(firsts, start)])
        start = space if space else start
    return _whole(text, start), _whole(text, end)


def _space_after(text: str, start: int, before: int) -> int:
    """Where the next word begins in the first characters; 0: nowhere before the hit."""
    for at in range(start, min(start + _LEAD // 2, before)):
        if text[at].isspace():
            return at + 1
    return 0


def _whole(text: str, at: int) -> int:
    """``at``, or the place before it where no character is torn from what modifies it."""
    from unicodedata import combining  # large, and only ever needed here

    place = at
    while 0 < place < len(text) and (
        combining(text[place]) or text[place] in _JOINERS or text[place - 1] == "\u200d"
    ):
        place -= 1
    return place if at - place < LENGTH else at
