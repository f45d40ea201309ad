"""The arithmetic of latencies."""

from collections.abc import Mapping, Sequence

PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0..1) of the ascending ``ordered`` lie; 0 of nothing."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and max, in the unit of ``values``."""
    ordered = sorted(values)
    found = {name: round(percentile(ordered, share), 3) for name, share in PERCENTILES.items()}
    return found | {"max": round(ordered[-1], 3) if ordered else 0.0}


def histogram_percentiles(counts: Mapping[int, int]) -> dict[str, float]:
    """The same of a histogram of whole values."""
    total = sum(counts.values())
    found: dict[str, float] = {}
    for name, share in PERCENTILES.items():
        seen, found[name] = 0, 0.0
        for value in sorted(counts):
            seen += counts[value]
            if seen > share * total:
                found[name] = float(value)
                break
    return found | {"max": float(max(counts, default=0))}
