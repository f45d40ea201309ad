"""Stretches of time within which clocks are not moved."""

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.clock import HOUR_MS, from_iso
from agentmonitor.model.periods import local, stretches

ZONES = (
    "UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "America/St_Johns",
    "Australia/Lord_Howe", "Pacific/Apia",
)  # fmt: skip
APRIL = from_iso("2026-04-01T00:00:00Z")


@given(
    name=st.sampled_from(ZONES),
    since=st.integers(from_iso("2011-06-01T00:00:00Z"), APRIL),
    length=st.integers(1, 400 * 24 * HOUR_MS),
    share=st.floats(0, 1),
)
def test_every_hour_is_in_a_stretch_that_says_how_its_clocks_stand(
    name: str, since: int, length: int, share: float
) -> None:
    zone = ZoneInfo(name)
    found = stretches(since, since + length, zone)
    assert (found[0][0], found[-1][1]) == (since, since + length)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    hour = (since + min(int(length * share), length - 1)) // HOUR_MS
    [ahead] = {a for start, end, a in found if start // HOUR_MS <= hour < -(-end // HOUR_MS)}
    moment = local(hour * HOUR_MS, zone)
    assert (hour + ahead + 3 * 24) % 24 == moment.hour
    assert (hour + ahead + 3 * 24) // 24 % 7 + 1 == moment.isoweekday()


@pytest.mark.parametrize(("name", "count"), [("UTC", 1), ("Europe/Vienna", 3)])
def test_a_year_has_as_many_as_its_clocks_are_moved(name: str, count: int) -> None:
    year = stretches(APRIL - 90 * 24 * HOUR_MS, APRIL + 270 * 24 * HOUR_MS, ZoneInfo(name))
    assert len(year) == count
