"""What JSON and protobuf have in common: times, ids, numbers, enums, and the list of refusals.

Source: the OTLP specification and the comments in opentelemetry-proto's ``.proto`` files.
"""

import binascii
import math
from collections.abc import Mapping
from typing import Generic

from agentmonitor.otlp.records import Decoded, Record

MAX_DEPTH = 24
"""How deep lists and objects may stand in each other. protobuf's own limit of 100 messages refuses
a whole request from 31 on; this one refuses a single record before that."""
MAX_INT = 2**63 - 1

_NANOS = 1_000_000
_FIRST = 946_684_800_000 * _NANOS
"""The year 2000: what is earlier is a clock that was never set, or another unit."""
_LAST = 7_258_118_400_000 * _NANOS
"""The year 2200."""

NO_RECORDED_VALUE = 1
"""The bit of a data point's flags that says: there is no value here."""
DELTA, CUMULATIVE = 1, 2
STATUS_ERROR = 2

TOO_DEEP = f"lists and objects stand in each other more than {MAX_DEPTH} times"
NO_SPAN_ID = "traceId must be 16 bytes and spanId 8 bytes, and neither all zeros"
NO_VALUE = "a number point needs asInt or asDouble"
NOT_FINITE = "its value is not a finite number"
NO_COUNT = "count must be a whole number of at least 0"


class Malformed(Exception):
    """One record cannot be used; the text is the reason."""


class Gathered(Generic[Record]):
    """The records of a request while it is read; ``noun`` is what they are called."""

    __slots__ = ("_noun", "_reason", "records", "rejected")

    def __init__(self, noun: str) -> None:
        self.records: list[Record] = []
        self.rejected = 0
        self._noun = noun
        self._reason = ""

    def refuse(self, fault: Malformed, count: int = 1) -> None:
        """Count what cannot be used; the first reason is the one that is told."""
        self.rejected += count
        self._reason = self._reason or str(fault)

    def decoded(self) -> Decoded[Record]:
        """The outcome."""
        if not self.rejected:
            return Decoded(self.records)
        total = len(self.records) + self.rejected
        message = f"{self.rejected} of {total} {self._noun} refused; the first: {self._reason}."
        return Decoded(self.records, self.rejected, message)


def millis(nanos: int) -> int | None:
    """A time in milliseconds; None when there is none, or none that can be true."""
    return nanos // _NANOS if _FIRST <= nanos < _LAST else None


def finite(value: float) -> float | None:
    """``value``, or None: JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None


def measured(value: float) -> float:
    """The value of a data point. Raises Malformed when nothing can be added to it."""
    if not math.isfinite(value):
        raise Malformed(NOT_FINITE)
    return value


def counted(value: int) -> int:
    """The count of a histogram's point. Raises Malformed."""
    if not 0 <= value <= MAX_INT:
        raise Malformed(NO_COUNT)
    return value


def hex_id(raw: bytes, size: int) -> str:
    """An id as text; empty when it is not ``size`` bytes or all zeros, which means "no id"."""
    return raw.hex() if len(raw) == size and any(raw) else ""


def hex_id_of_text(text: str, size: int) -> str:
    """The same of an id in JSON: hex as OTLP has it, or base64 as protobuf's own JSON has it."""
    try:
        if len(text) == 2 * size:
            return hex_id(bytes.fromhex(text), size)
        return hex_id(from_base64(text), size)
    except ValueError:
        return ""


def from_base64(text: str) -> bytes:
    """Bytes from base64, of either alphabet, padded or not. Raises ValueError."""
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)


def to_base64(raw: bytes) -> str:
    """Bytes as the text that stands for them in a record."""
    return binascii.b2a_base64(raw, newline=False).decode()


def _names(prefix: str, names: Mapping[str, int]) -> dict[str, int]:
    return dict(names) | {prefix + name: number for name, number in names.items()}


SEVERITIES = _names(
    "SEVERITY_NUMBER_",
    {
        name + (str(step + 1) if step else ""): 4 * index + step + 1
        for index, name in enumerate(("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"))
        for step in range(4)
    },
)
SPAN_KINDS = _names(
    "SPAN_KIND_", {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
)
STATUS_CODES = _names("STATUS_CODE_", {"OK": 1, "ERROR": STATUS_ERROR})
TEMPORALITIES = _names("AGGREGATION_TEMPORALITY_", {"DELTA": DELTA, "CUMULATIVE": CUMULATIVE})
