"""Usage as rows, for spreadsheets and scripts. Costs are US dollars, times ISO 8601 UTC."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from agentmonitor.model.analytics import SessionReport, SessionRowUse, UsageReport, Use

Row = dict[str, str | int | float | bool | None]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula. Names are what agents send."""
_PART = 100
"""Rows that are made at once."""
_encode = msgspec.json.Encoder().encode

SESSION_COLUMNS = tuple(
    name
    for name in (*SessionRowUse.__struct_fields__, *Use.__struct_fields__)
    if name not in ("totals", "unpriced_tokens")
)
"""Of ``session_rows``."""


def usage_columns(by: str) -> list[str]:
    """Of ``usage_rows``."""
    return ["starts_at", "period", by, "other", *Use.__struct_fields__]


def usage_rows(report: UsageReport) -> Iterator[Row]:
    """One row for each period and series with events."""
    columns = [msgspec.structs.asdict(series.values) for series in report.series]
    for index, period in enumerate(report.buckets):
        for series, values in zip(report.series, columns, strict=True):
            if series.values.events[index]:
                row: Row = {"starts_at": period.starts_at, "period": period.label}
                row |= {report.by: series.key, "other": series.other}
                row |= {name: column[index] for name, column in values.items()}
                yield row


def session_rows(report: SessionReport) -> Iterator[Row]:
    """One row a session."""
    for session in report.sessions:
        row = msgspec.structs.asdict(session)
        row |= msgspec.structs.asdict(row.pop("totals"))
        del row["unpriced_tokens"]
        yield row


def csv_parts(names: Iterable[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """``rows`` as CSV in UTF-8 (RFC 4180), ``names`` first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(names))
    writer.writeheader()
    for some in _parts(rows):
        writer.writerows({name: _safe(value) for name, value in row.items()} for row in some)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def json_parts(rows: Iterable[Row]) -> Iterator[bytes]:
    """``{"rows": […]}``"""
    before = b'{"rows":['
    for some in _parts(rows):
        yield before + b",".join(map(_encode, some))
        before = b","
    yield b"]}" if before == b"," else before + b"]}"


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while some := list(islice(left, _PART)):
        yield some


def _safe(value: object) -> object:
    if value is True or value is False:
        return int(value)
    if isinstance(value, float):
        return f"{value:.9f}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
