"""Options that the reports share, and the times that they take."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, TypeVar

import click

from agentmonitor.cli.source import Query
from agentmonitor.config import load_terminal
from agentmonitor.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])

_AGO = re.compile(r"(\d{1,5})([mhdw])")
_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 7 * 1440}
_ZONES = "zoneinfo/"
WHEN = "a day (2026-11-01), a time, 'today', 'yesterday', or how long ago (30m, 12h, 7d, 4w)"


def source_options(function: F) -> F:
    """``--url``, ``--db`` and ``--json``."""
    path = click.Path(dir_okay=False, path_type=Path)
    for option in (
        click.option("--db", type=path, help="The database file."),
        click.option("--url", metavar="URL", help="Ask the server at this address."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        function = option(function)
    return function


def filter_options(function: F) -> F:
    """``--agent``, ``--project``, ``--branch`` and ``--model``."""
    for name in ("model", "branch", "project", "agent"):
        function = click.option(f"--{name}", help=f"Only of this {name}.")(function)
    return function


def range_options(function: F) -> F:
    """``--since``, ``--until`` and ``--tz``."""
    for option in (
        click.option("--tz", metavar="ZONE", help="The time zone (default: this computer's)."),
        click.option("--until", metavar="WHEN", help="Up to the end of this day, or this time."),
        click.option("--since", metavar="WHEN", help="From this day or time on; 7d: a week ago."),
    ):
        function = option(function)
    return function


def time_range(since: str | None, until: str | None, tz: str | None) -> dict[str, object]:
    """The parameters ``from``, ``to`` and ``tz`` of the API. Raises ConfigError."""
    name = tz or local_zone()
    now = datetime.now(zone_of(name))
    return {
        "from": _when("--since", since, now),
        "to": _when("--until", until, now),
        "tz": name,
    }


def local_zone() -> str:
    """The name of this computer's time zone in the IANA database; UTC when none can be told."""
    told = (load_terminal().zone or "").removeprefix(":")
    if told and not told.startswith("/"):
        return told if _is_zone(told) else "UTC"
    try:
        place = str(Path(told or "/etc/localtime").resolve())
    except OSError:
        return "UTC"
    _, found, name = place.partition(_ZONES)
    name = name.removeprefix("posix/").removeprefix("right/")
    return name if found and _is_zone(name) else "UTC"


def zone_of(name: str) -> tzinfo:
    """The zone of that name. Raises ConfigError."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ConfigError(
            f"--tz {name!r} is no time zone that this computer knows. "
            "Write it as Europe/Vienna, or UTC."
        ) from None


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except ConfigError:
        return False
    return True


def _when(option: str, text: str | None, now: datetime) -> str | None:
    """A day or time of the API from what a user wrote."""
    if text is None:
        return None
    word = text.strip().lower()
    if word in ("today", "yesterday"):
        return (now - timedelta(days=word == "yesterday")).date().isoformat()
    ago = _AGO.fullmatch(word)
    try:
        if ago is not None:
            moment = now - timedelta(minutes=int(ago[1]) * _MINUTES[ago[2]])
            whole = ago[2] in "dw"
            return moment.date().isoformat() if whole else moment.isoformat(timespec="seconds")
        datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ConfigError(f"{option} {text!r} is no time. Give {WHEN}.") from None
    return text.strip()


def instants(span: Query) -> dict[str, object]:
    """``from`` and ``to`` of ``time_range`` as moments, for calls that take no days."""
    zone = zone_of(str(span["tz"]))
    return {
        "from": _instant(span["from"], zone, days=0),
        "to": _instant(span["to"], zone, days=1),
    }


def _instant(text: object, zone: tzinfo, days: int) -> str | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    if "T" not in str(text) and " " not in str(text):
        moment += timedelta(days=days)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
