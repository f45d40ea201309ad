"""Answers that grow line by line: within one batch they are put together before the store sees
them. It would do the same, with a change of its books for each line."""

from typing import Any

import msgspec

from agentmonitor.model.event import Event

_encode = msgspec.json.Encoder().encode


def absorb(known: Event, later: Event) -> bool:
    """Put ``later``, another report of the same request from the same file, into ``known``.

    False when they differ in more than growth; then the store decides between them.
    """
    ours, theirs = known.report, later.report
    if ours is None or theirs is None or known.session_id != later.session_id:
        return False
    if (ours.is_copy, ours.approximate) != (theirs.is_copy, theirs.approximate):
        return False
    if not isinstance(known.metadata, dict) or not isinstance(later.metadata, dict):
        return False
    if _size(later) > _size(known):
        known.tokens_in, known.tokens_out = later.tokens_in, later.tokens_out
        known.cache_read_tokens = later.cache_read_tokens
        known.cache_write_tokens = later.cache_write_tokens
        known.model, known.report = later.model, theirs
        known.occurred_at = later.occurred_at
    known.metadata = _longest(known.metadata, later.metadata)
    known.signal = later.signal or known.signal
    return True


def _size(event: Event) -> tuple[int, int]:
    cached = event.cache_read_tokens + event.cache_write_tokens
    return event.tokens_out, event.tokens_in + cached


def _longest(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Both, and of a key in both the longer value, as in ``storage.sqlite.activities``."""
    result = theirs | ours
    for key in ours.keys() & theirs.keys():
        if ours[key] != theirs[key]:
            result[key] = max(ours[key], theirs[key], key=_length)
    return result


def _length(value: Any) -> tuple[int, bytes]:
    encoded = _encode(value)
    return len(encoded), encoded
