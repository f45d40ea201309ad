"""Usage as rows, for spreadsheets and scripts. Costs are US dollars, times ISO 8601 UTC."""

import csv
import io
from collections.abc import Iterable, Mapping

import msgspec

from agentmonitor.model.analytics import SessionReport, SessionRowUse, UsageReport, Use

Row = dict[str, str | int | float | bool | None]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula. Names are what agents send."""


SESSION_COLUMNS = tuple(
    name
    for name in (*SessionRowUse.__struct_fields__, *Use.__struct_fields__)
    if name not in ("totals", "unpriced_tokens")
)
"""Of ``session_rows``."""


def usage_columns(by: str) -> list[str]:
    """Of ``usage_rows``."""
    return ["starts_at", "period", by, "other", *Use.__struct_fields__]


def usage_rows(report: UsageReport) -> list[Row]:
    """One row for each period and series with events."""
    rows: list[Row] = []
    for series in report.series:
        for index, period in enumerate(report.buckets):
            if series.values.events[index]:
                row: Row = {"starts_at": period.starts_at, "period": period.label}
                row |= {report.by: series.key, "other": series.other}
                columns = msgspec.structs.asdict(series.values)
                row |= {name: column[index] for name, column in columns.items()}
                rows.append(row)
    return sorted(rows, key=lambda row: str(row["starts_at"]))


def session_rows(report: SessionReport) -> list[Row]:
    """One row a session."""
    rows: list[Row] = []
    for session in report.sessions:
        row = msgspec.structs.asdict(session)
        row |= msgspec.structs.asdict(row.pop("totals"))
        del row["unpriced_tokens"]
        rows.append(row)
    return rows


def to_csv(names: Iterable[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """``rows`` as CSV in UTF-8 (RFC 4180), ``names`` first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(names))
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _safe(value) for name, value in row.items()})
    return text.getvalue().encode()


def _safe(value: object) -> object:
    if value is True or value is False:
        return int(value)
    if isinstance(value, float):
        return f"{value:.9f}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
