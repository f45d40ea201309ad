"""Filters and ranges to ask about, and what the events of a list add up to."""

from collections.abc import Callable, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from agentmonitor.model.analytics import Sums, Where
from agentmonitor.model.clock import HOUR_MS, MINUTE_MS
from agentmonitor.model.event import Event
from agentmonitor.model.periods import Period
from tests.unit.builders import AGENTS, DAY, moments
from tests.unit.storage.naive import unpriced

ZONES = (
    "UTC", "Europe/Vienna", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Kiritimati", "America/St_Johns", "Pacific/Auckland",
)  # fmt: skip
OF_EVENT: dict[str, Callable[[Event], str | None]] = {
    "model": lambda e: e.model,
    "agent": lambda e: e.agent_type,
    "project": lambda e: e.project,
    "branch": lambda e: e.branch,
    "session": lambda e: e.session_id,
}


def filters() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "agent": st.sampled_from((*AGENTS, "never seen")),
            "project": st.sampled_from(("storefront", "ledger")),
            "branch": st.sampled_from(("main", "fix/a")),
            "model": st.sampled_from(("m-large", "m-small")),
            "session": st.sampled_from(("s1", "s2", "nobody")),
            "q": st.sampled_from(("S1", "s", "%")),
        },
    )


def ranges() -> st.SearchStrategy[tuple[int, int]]:
    hours = st.integers(-30, 7 * 24).map(lambda h: DAY + h * HOUR_MS)
    halves = st.integers(0, 200).map(lambda h: DAY + h * 30 * MINUTE_MS)
    ends = st.one_of(moments(), hours, halves)
    return (
        st.tuples(ends, ends).map(sorted).filter(lambda r: r[0] < r[1]).map(lambda r: (r[0], r[1]))
    )


def chosen(told: Iterable[Event], where: Where) -> list[Event]:
    return [
        e
        for e in told
        if where.since <= e.time < where.until
        and all(getattr(where, n) in (None, of(e)) for n, of in OF_EVENT.items())
        and (where.q or "").lower() in e.session_id
    ]


def added_up(told: Iterable[Event]) -> Sums:
    some = list(told)
    return Sums(
        events=len(some),
        errors=sum(e.status != "success" for e in some),
        tokens_in=sum(e.tokens_in for e in some),
        tokens_out=sum(e.tokens_out for e in some),
        cache_read=sum(e.cache_read_tokens for e in some),
        cache_write=sum(e.cache_write_tokens for e in some),
        cost_nano=sum(round((e.cost_usd or 0) * 1e9) for e in some),
        unpriced=len(unpriced(some)),
        unpriced_tokens=sum(unpriced(some)),
    )


def period_name(at: int, period: Period, zone: ZoneInfo) -> str:
    """The local calendar's name of the period, without any arithmetic of ours."""
    moment = datetime.fromtimestamp(at // 1000, zone)
    form = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[period]
    return moment.strftime(form)
