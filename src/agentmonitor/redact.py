"""Secrets are taken out of what agents send before it is stored.

One pass over the JSON text finds whether there is anything to do; nearly always there is not.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

MARK = "[redacted]"

# Each pattern begins with one letter and looks back from there, also where that reads worse: places
# where none of them can begin are passed over at once, which makes the search ten times as fast.
_ALONE = r"(?<![A-Za-z0-9].)"
_PATTERNS = (
    # Keys and tokens with a recognisable beginning.
    rf"s{_ALONE}k-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{{20,}}",
    rf"g{_ALONE}(?:h[pousr]_|ithub_pat_)[A-Za-z0-9_]{{20,}}",
    rf"g{_ALONE}lpat-[A-Za-z0-9_-]{{20,}}",
    rf"x{_ALONE}ox[abeoprs]-[A-Za-z0-9-]{{10,}}",
    rf"A{_ALONE}(?:KIA|SIA)[A-Z0-9]{{16}}",
    r"AIza[A-Za-z0-9_-]{35}",
    rf"n{_ALONE}pm_[A-Za-z0-9]{{30,}}",
    rf"p{_ALONE}ypi-[A-Za-z0-9_-]{{30,}}",
    *(rf"{first}{_ALONE}k_(?:live|test)_[A-Za-z0-9]{{16,}}" for first in "sr"),
    r"e(?<![A-Za-z0-9_-]e)yJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:.|\n|\\n)*?"
    r"(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
)
# What stands before the secret stays, so that a reader still knows what it was: an empty group says
# where that ends. A key of several lines is left to its own pattern.
_OTHER = r"(?![$({\[<*]|\.\.\.|true\b|false\b|null\b|None\b|-----BEGIN )"
_VALUE = r"[A-Z0-9_]{0,20}\s{0,40}[=:]\s*(?:\\?[\"'])?()" + _OTHER + r"[^\s\"'\\;&|,)}]{8,}"
_NAMES = (
    "API_?KEY", "Api_?[Kk]ey", "api_?[Kk]ey", "SECRET", "Secret", "secret",
    "TOKEN", "Token", "token", "PASSW(?:OR)?D", "Passw(?:or)?d", "passw(?:or)?d",
)  # fmt: skip
_KEEPING = (
    *(rf"{first}(?<!\w.)earer\s+()[A-Za-z0-9._~+/=-]{{16,}}" for first in "Bb"),
    r":(?<=[a-z0-9+.-]:)//[^\s:/@\"'\\]{0,80}:()[^\s/@\"'\\]{1,200}(?=@)",
    *(name + _VALUE for name in _NAMES),
)
_SECRET = re.compile("|".join((*_PATTERNS, *_KEEPING)))
# Whether a closer look is worth it: run over everything that arrives. Each pattern begins with a
# letter of its own that is rare in JSON, which is found fast, and looks back from there.
# A small number is no secret: ``"reasoning_tokens":40``.
_ASSIGNED = r"[A-Za-z0-9_]{0,20}(?:\\[nrt]|[\\\"'\s]){0,40}[=:](?! ?\d{1,7}[,}])"
_HINTS = (
    r"-(?<=[kti]-)(?:(?<=sk-)(?=[A-Za-z0-9_-]{20})|(?<=glpat-)|(?<=pypi-))", r"_(?<=npm_)", r"xox",
    r"g(?:h[pousr]_|ithub_pat_)",
    r"I(?:(?<=AKI)A|(?<=ASI)A|(?<=AI)za)", r"J(?<=eyJ)", r"V(?<=PRIV)ATE KEY", r"w(?<=assw)",
    r"W(?<=PASSW)", r"z(?<=uthoriz)ation", r"C(?<=SEC)RET", r"cret(?<=ecret)",
    rf"k(?:(?<=[sr]k)_(?:live|test)_|(?:ey|(?<=[tT]ok)en){_ASSIGNED})",
    rf"K(?:[Ee][Yy]|(?<=TOK)EN){_ASSIGNED}",
)  # fmt: skip
_OTHERS = (("earer", re.compile(r"earer\s")), ("@", re.compile(r"://[^/@\s\"]{0,280}@")))
_SHORT_LOOKS = (("", re.compile("|".join(_HINTS))), *_OTHERS)
_LONG_LOOKS = (*((hint[0], re.compile(hint)) for hint in _HINTS), *_OTHERS)
"""What must stand in a text to be worth a search, and what is searched for."""
_BACK = {
    "-": (5, 4, 2), "_": (3,), "x": (0,), "g": (0,), "I": (2, 1), "J": (2,), "V": (), "w": (4,),
    "W": (4,), "z": (), "C": (2,), "c": (2,), "k": (4, 3, 2, 1), "K": (4, 3, 2), "e": (1,),
    ":": (0,),
}  # fmt: skip
"""By the letter that a look finds: how many characters before it a secret can begin."""
_PEM = "-----BEGIN "
_PEM_BACK = len(_PEM) + 44
"""How many characters before the one that a look finds a private key can begin."""
_MANY = 1000
"""Places from which on one search of the whole text is faster."""
_LONG = 1000
"""Characters from which on searching for each beginning by itself is faster."""
_SECRET_KEY = re.compile(
    r"(?:^|_|-)(?:api_?key|secret|secret_key|password|passwd|auth_?token|access_?token|private_?key"
    r"|authorization)$",
    re.IGNORECASE,
)
"""Names whose value is a secret whatever it looks like."""


def redact_text(text: str) -> str:
    """``text`` with every recognised secret replaced by a mark."""
    starts = _starts(text)
    if len(starts) > _MANY:
        return _SECRET.sub(_replacement, text)
    parts: list[str] = []
    done = 0
    for start in starts:
        match = _SECRET.match(text, start) if start >= done else None
        if match is not None:
            parts += (text[done:start], _replacement(match))
            done = match.end()
    return "".join((*parts, text[done:])) if parts else text


def _starts(text: str) -> list[int]:
    """Where in ``text`` a secret can begin; not all, when there are more than _MANY.

    Most texts that are worth a closer look are so in a few places, and to look for secrets
    everywhere takes ten times as long.
    """
    starts: set[int] = set()
    for sign, hint in _looks(text):
        match = hint.search(text) if sign in text else None
        while match is not None and len(starts) <= _MANY:
            at = match.start()
            starts.update(at - back for back in _BACK[text[at]])
            if text[at] == "V":
                starts.add(text.rfind(_PEM, max(0, at - _PEM_BACK), at))
            match = hint.search(text, at + 1)
    return sorted(start for start in starts if start >= 0)


def redact(value: Any) -> Any:
    """A JSON value with every recognised secret in its strings replaced; keys stay."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, list):
        return [redact(item) for item in value]
    if isinstance(value, dict):
        return {
            key: MARK if isinstance(item, str) and _SECRET_KEY.search(key) else redact(item)
            for key, item in value.items()
        }
    return value


def may_hold_secret(text: str) -> bool:
    """Whether ``text``, or the JSON of several, is worth a closer look."""
    return any(sign in text and hint.search(text) for sign, hint in _looks(text))


def suspects(texts: Sequence[str]) -> list[int]:
    """Which of ``texts``, each the JSON of something, are worth a closer look: their places."""
    whole = "\n".join(texts)
    starts: list[int] = []
    found: set[int] = set()
    for sign, hint in _looks(whole):
        match = hint.search(whole) if sign in whole else None
        if match is not None and not starts:
            starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
        while match is not None:
            place = bisect_right(starts, match.start()) - 1
            found.add(place)
            match = hint.search(whole, starts[place + 1])
    return sorted(found)


def _looks(text: str) -> Sequence[tuple[str, re.Pattern[str]]]:
    return _LONG_LOOKS if len(text) >= _LONG else _SHORT_LOOKS


def _replacement(match: re.Match[str]) -> str:
    if match.lastindex is None:
        return MARK
    return match.string[match.start() : match.start(match.lastindex)] + MARK
