"""Secrets are taken out of what agents send before it is stored.

One pass over the JSON text finds whether there is anything to do; nearly always there is not.
"""

import re
from typing import Any

MARK = "[redacted]"

_PATTERNS = (
    # Keys and tokens with a recognisable beginning.
    r"(?<![A-Za-z0-9])sk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{20,}",
    r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}",
    r"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,}",
    r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{30,}",
    r"(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{30,}",
    r"(?<![A-Za-z0-9])(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}",
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.|\n|\\n)*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
)
_KEEPING = (
    # What stands before the secret stays, so that a reader still knows what it was.
    r"(?P<bearer>\b[Bb]earer\s+)[A-Za-z0-9._~+/=-]{16,}",
    r"(?P<url>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@\"'\\]{0,80}:)[^\s/@\"'\\]{1,200}(?=@)",
    r"(?P<env>\b[A-Za-z0-9_]{0,40}(?:API_?KEY|[Aa]pi_?[Kk]ey|SECRET|[Ss]ecret|TOKEN|[Tt]oken|PASSWORD|[Pp]assword|PASSWD|[Pp]asswd)"
    r"[A-Z0-9_]{0,20}\s*[=:]\s*(?:\\?[\"'])?)(?![$({\[<*]|\.\.\.|true\b|false\b|null\b|None\b)[^\s\"'\\;&|,)}]{8,}",
)
_SECRET = re.compile("|".join((*_PATTERNS, *_KEEPING)))
# Whether a closer look is worth it: run over everything that arrives. Each pattern begins with a
# letter of its own that is rare in JSON, which is found fast, and looks back from there.
# A small number is no secret: ``"reasoning_tokens":40``.
_ASSIGNED = r"[A-Za-z0-9_]{0,20}[\\\"' ]{0,3}[=:](?! ?\d{1,7}[,}])"
_HINTS = (
    r"-(?:(?<=sk-)|(?<=glpat-)|(?<=pypi-))", r"npm_", r"g(?:h[pousr]_|ithub_pat_)", r"xox",
    r"I(?:(?<=AKI)A|(?<=ASI)A|(?<=AI)za)", r"J(?<=eyJ)", r"V(?<=PRIV)ATE KEY", r"w(?<=assw)",
    r"W(?<=PASSW)", r"z(?<=uthoriz)ation", r"C(?<=SEC)RET", r"cret(?<=ecret)",
    rf"k(?:(?<=[sr]k)_|(?:ey|(?<=[tT]ok)en){_ASSIGNED})",
    rf"K(?:[Ee][Yy]|(?<=TOK)EN){_ASSIGNED}",
)  # fmt: skip
_HINT = re.compile("|".join(_HINTS))
_LONG_HINTS = [(hint[0], re.compile(hint)) for hint in _HINTS]
_LONG = 1000
"""From so many characters on, searching for each beginning by itself is faster."""
_BEARER = re.compile(r"earer\s")
_URL = re.compile(r"://[^/@\s\"]{0,280}@")
_SECRET_KEY = re.compile(
    r"(?:^|_|-)(?:api_?key|secret|secret_key|password|passwd|auth_?token|access_?token|private_?key"
    r"|authorization)$",
    re.IGNORECASE,
)
"""Names whose value is a secret whatever it looks like."""


def redact_text(text: str) -> str:
    """``text`` with every recognised secret replaced by a mark."""
    return _SECRET.sub(_replacement, text) if may_hold_secret(text) else text


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
    if len(text) < _LONG:
        found = _HINT.search(text) is not None
    else:
        found = any(letter in text and hint.search(text) for letter, hint in _LONG_HINTS)
    return (
        found
        or ("earer" in text and _BEARER.search(text) is not None)
        or ("@" in text and _URL.search(text) is not None)
    )


def _replacement(match: re.Match[str]) -> str:
    kept = match.group("bearer") or match.group("url") or match.group("env") or ""
    return kept + MARK
