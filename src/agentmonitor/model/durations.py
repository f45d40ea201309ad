"""Durations counted by size, in bins that grow by a tenth: what is read from them errs by at most
5 %.

The counts of all bins are one whole number, 32 bits for each bin, so that adding two sets of counts
is one addition.
"""

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from struct import Struct, unpack

_GROWTH = 1.105
"""(b - a) / (b + a) < 0.05 for b = 1.105 a: the error of the value between them."""
_LONGEST = 2**31
"""Milliseconds, 24 days: what takes longer counts as if it took that."""
_LANE = 32


def _bounds() -> tuple[int, ...]:
    bounds = [0]
    while bounds[-1] < _LONGEST:
        bounds.append(int((bounds[-1] + 1) * _GROWTH))
    return tuple(bounds)


BOUNDS = _bounds()
"""The longest duration (ms) of each bin. Up to 9 ms each has a bin of its own."""

_LANES = Struct(f"<{len(BOUNDS)}I")


def bin_of(duration_ms: int) -> int:
    """Which bin counts ``duration_ms``."""
    return min(bisect_left(BOUNDS, duration_ms), len(BOUNDS) - 1)


def counts_of(bins: Counter[int]) -> int:
    """How often each bin occurred, as one number."""
    if not bins:
        return 0
    lanes = [0] * len(BOUNDS)
    for number, count in bins.items():
        lanes[number] = count
    return int.from_bytes(_LANES.pack(*lanes), "little")


def packed(counts: int) -> tuple[int, bytes]:
    """``counts`` without the empty bins at both ends: the first bin, and for each bin as many bytes
    as the first byte says, 1 or 4."""
    first, told = _trimmed(counts)
    if any(told[1::4]) or any(told[2::4]) or any(told[3::4]):
        return first, b"\4" + told
    return first, b"\1" + told[::4] if told else b""


def unpacked(first: int, counts: bytes) -> int:
    """The reverse of ``packed``."""
    if counts[:1] == b"\1":
        told = bytearray(4 * len(counts) - 4)
        told[::4] = counts[1:]
        return int.from_bytes(told, "little") << (first * _LANE)
    return int.from_bytes(counts[1:], "little") << (first * _LANE)


def _trimmed(counts: int) -> tuple[int, bytes]:
    if counts <= 0:
        return 0, b""
    first = ((counts & -counts).bit_length() - 1) // _LANE
    counts >>= first * _LANE
    width = -(-counts.bit_length() // _LANE)
    return first, counts.to_bytes(width * _LANE // 8, "little")


def percentiles(counts: int, shares: tuple[float, ...]) -> list[float | None]:
    """By share (0..1): the duration (ms) that this share of all stays within; None of nothing."""
    first, told = _trimmed(counts)
    sums = list(accumulate(unpack(f"<{len(told) // 4}I", told)))
    if not sums:
        return [None] * len(shares)
    found: list[float | None] = []
    for share in shares:
        number = first + bisect_left(sums, max(1, share * sums[-1]))
        low = BOUNDS[number - 1] + 1 if number else 0
        high = BOUNDS[number]
        # As far from the one end as from the other, in proportion.
        found.append(round(2 * low * high / (low + high), 1) if high else 0.0)
    return found
