"""The text formats of Prometheus: OpenMetrics 1.0 and its predecessor, version 0.0.4."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from agentmonitor.model.histogram import Snapshot

Kind = Literal["counter", "gauge", "histogram", "info"]
Sample = tuple[str, tuple[tuple[str, str], ...], float]
"""(suffix of the name, labels, value)"""

OPENMETRICS = b"application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = b"text/plain; version=0.0.4; charset=utf-8"

MAX_LABEL = 120
"""Characters of a label's value at most: names are what somebody sent."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
# Some readers end at a NUL, and none shows the others.
_CONTROLS = {code: "\ufffd" for code in (*range(32), 127) if chr(code) != "\n"}


class Family(msgspec.Struct):
    """One metric: its samples share a name, a meaning and the names of their labels.

    ``name`` is without ``_total`` and ``_info``; it ends in the unit, when there is one.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    samples: list[Sample] = []

    def add(self, value: float, *labels: str) -> None:
        """Add a sample with the values of its labels."""
        suffix = {"counter": "_total", "info": "_info"}.get(self.kind, "")
        self.samples.append((suffix, tuple(zip(self.labels, labels, strict=True)), value))

    def add_histogram(self, snapshot: Snapshot) -> None:
        """Add the buckets, the count and the sum of a histogram without labels."""
        bounds = [*map(repr, snapshot.bounds), "+Inf"]
        for bound, count in zip(bounds, snapshot.counts, strict=True):
            self.samples.append(("_bucket", (("le", bound),), count))
        self.samples.append(("_count", (), snapshot.counts[-1]))
        self.samples.append(("_sum", (), snapshot.sum))


def label(text: str) -> str:
    """A name as a label shows it: not endless, without control characters, never empty."""
    if len(text) > MAX_LABEL:
        text = text[: MAX_LABEL - 1] + "…"
    return text.translate(_CONTROLS) or "unknown"


def render(families: Iterable[Family], *, openmetrics: bool) -> bytes:
    """The text of ``families``, in OpenMetrics or in the older format."""
    lines: list[str] = []
    for family in families:
        name, kind = family.name, str(family.kind)
        if not openmetrics:
            # There the name is that of the samples, and what carries information is a gauge.
            name += {"counter": "_total", "info": "_info"}.get(kind, "")
            kind = "gauge" if kind == "info" else kind
        lines.append(f"# TYPE {name} {kind}")
        if openmetrics and family.unit:
            lines.append(f"# UNIT {name} {family.unit}")
        lines.append(f"# HELP {name} {_help(family.help, openmetrics)}")
        lines += [_line(family.name, sample) for sample in family.samples]
    if openmetrics:
        lines.append("# EOF")
    return ("\n".join(lines) + "\n").encode(errors="replace")


def wants_openmetrics(accept: str | None) -> bool:
    """Whether an Accept header asks for OpenMetrics 1.0, and for nothing that we have more."""
    plain = asked = 0.0
    for part in (accept or "").lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        given = dict(p.replace(" ", "").partition("=")[::2] for p in parameters)
        weight = _weight(given.get("q", "1"))
        if kind == "application/openmetrics-text":
            if given.get("version", "1.0.0").strip('"') == "1.0.0":
                asked = max(asked, weight)
        elif kind == "text/plain":
            plain = max(plain, weight)
    return asked > 0 and asked >= plain


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def _help(text: str, openmetrics: bool) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if openmetrics else text


def _line(name: str, sample: Sample) -> str:
    suffix, labels, value = sample
    pairs = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels)
    return f"{name}{suffix}{{{pairs}}} {value!r}" if pairs else f"{name}{suffix} {value!r}"
