"""Times as a user writes them, and the zone of this computer."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agentmonitor.cli.options import instants, local_zone, time_range
from agentmonitor.errors import ConfigError


def days_between(first: object, second: datetime) -> int:
    return (second.date() - datetime.fromisoformat(str(first)).date()).days


def test_days_and_times_are_passed_on_and_words_become_days() -> None:
    vienna = "Europe/Vienna"
    assert time_range("2026-11-01", "2026-11-02T10:00:00Z", vienna) == {
        "from": "2026-11-01", "to": "2026-11-02T10:00:00Z", "tz": vienna,
    }  # fmt: skip
    before = datetime.now(ZoneInfo(vienna))
    assert days_between(time_range("today", None, vienna)["from"], before) in (0, -1)
    assert days_between(time_range("yesterday", None, vienna)["from"], before) in (1, 0)
    assert days_between(time_range("2w", None, vienna)["from"], before) in (14, 13)


def test_hours_and_minutes_ago_are_times() -> None:
    for text, seconds in (("12h", 43_200), ("30m", 1800)):
        told = datetime.fromisoformat(str(time_range(text, None, "Asia/Kolkata")["from"]))
        ago = (datetime.now(told.tzinfo) - told).total_seconds()
        assert told.utcoffset() is not None
        assert seconds <= ago < seconds + 60


def test_moments_of_days_are_those_of_the_zone() -> None:
    span = time_range("2026-03-29", "2026-03-29", "Europe/Vienna")
    assert instants(span) == {"from": "2026-03-28T23:00:00Z", "to": "2026-03-29T22:00:00Z"}
    assert instants(time_range(None, None, "UTC")) == {"from": None, "to": None}


@pytest.mark.parametrize("text", ["soon", "7x", "2026-13-01", ""])
def test_what_is_no_time_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--since .* is no time\. Give a day"):
        time_range(text, None, "UTC")


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="Europe/Vienna"):
        time_range(None, None, "Mars/Olympus")


def test_the_zone_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert local_zone() == "America/New_York"
    monkeypatch.setenv("TZ", "CET-1CEST")
    assert local_zone() == "UTC"


def test_the_zone_is_read_from_the_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "zoneinfo" / "Asia" / "Tokyo"
    place.parent.mkdir(parents=True)
    place.touch()
    monkeypatch.setenv("TZ", str(place))
    assert local_zone() == "Asia/Tokyo"
    monkeypatch.setenv("TZ", str(tmp_path / "nothing"))
    assert local_zone() == "UTC"
