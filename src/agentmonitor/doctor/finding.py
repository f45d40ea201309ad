"""What a check found."""

from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    state: State
    """warn: it works, but not as well as it could. fail: something does not work."""
    seen: str
    advice: str | None = None
    """What to do; None when nothing is to be done."""


def ok(name: str, seen: str) -> Finding:
    """Nothing to be done."""
    return Finding(name, "ok", seen)


def warn(name: str, seen: str, advice: str) -> Finding:
    """It works, but not as well as it could."""
    return Finding(name, "warn", seen, advice)


def fail(name: str, seen: str, advice: str) -> Finding:
    """Something does not work."""
    return Finding(name, "fail", seen, advice)
