"""Points in time, inside and outside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.clock import from_iso, to_iso

LAST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


@given(st.integers(-62_135_596_800_000, LAST))
def test_what_is_written_is_read_as_the_same_time(ms: int) -> None:
    text = to_iso(ms)
    assert len(text) == 24
    assert from_iso(text) == ms


@given(st.integers(0, LAST), st.integers(0, LAST))
def test_texts_sort_as_times(a: int, b: int) -> None:
    assert (to_iso(a) < to_iso(b)) == (a < b)


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_an_offset_is_taken_into_account(moment: datetime, offset: int) -> None:
    utc = moment.replace(tzinfo=UTC)
    local = utc.astimezone(timezone(timedelta(minutes=offset)))
    assert from_iso(local.isoformat()) == from_iso(utc.isoformat()) == from_iso(moment.isoformat())


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-23T21:00:00Z", "2026-11-23T21:00:00.000Z"),
        ("2026-11-23T21:00:00.1239Z", "2026-11-23T21:00:00.123Z"),
        ("2026-11-23T21:00:00.999999+00:00", "2026-11-23T21:00:00.999Z"),
        ("2026-11-24T02:30:00+05:30", "2026-11-23T21:00:00.000Z"),
        ("2026-11-23 21:00:00", "2026-11-23T21:00:00.000Z"),
        ("20261123T210000Z", "2026-11-23T21:00:00.000Z"),
        ("2026-11-23", "2026-11-23T00:00:00.000Z"),
    ],
)
def test_common_spellings_are_read(text: str, iso: str) -> None:
    assert to_iso(from_iso(text)) == iso


@pytest.mark.parametrize("text", ["", "now", "2026", "2026-02-30", "21:00:00Z", "1700000000"])
def test_other_texts_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|out of range"):
        from_iso(text)


@given(st.text())
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        from_iso(text)
    except (ValueError, OverflowError):
        return


@pytest.mark.parametrize("ms", [LAST + 1, 2**63, -(2**63)])
def test_times_that_no_calendar_has_can_still_be_shown(ms: int) -> None:
    assert to_iso(ms)[4] == "-"
    assert to_iso(ms).endswith("Z")
