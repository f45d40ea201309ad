"""What every engine promises of reading events, against a naive model."""

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.clock import MINUTE_MS
from agentmonitor.model.event import Event
from agentmonitor.model.filters import EventFilter
from agentmonitor.model.session import event_row
from tests.unit.builders import AGENTS, DAY, NOW, event, events, moments
from tests.unit.storage.naive import Naive
from tests.unit.storage.store import Factory, Store, opened


def copies(batch: list[Event]) -> list[Event]:
    # Not msgspec's replace, which would validate nothing and share the metadata: a flat copy.
    return [Event(**{name: getattr(e, name) for name in e.__struct_fields__}) for e in batch]


def filters() -> st.SearchStrategy[EventFilter]:
    def maybe(*values: str) -> st.SearchStrategy[str | None]:
        return st.one_of(st.none(), st.none(), st.none(), st.sampled_from(values))

    return st.builds(
        EventFilter,
        agent_type=maybe(*AGENTS, "never seen"),
        event_type=maybe("tool_use", "session_end"),
        tool_name=maybe("Bash", "Edit"),
        session_id=maybe("s1", "s2", "never seen"),
        branch=maybe("main", "fix/a"),
        project=maybe("storefront", "ledger"),
        model=maybe("m-large"),
        source=maybe("api", "import"),
        since=st.one_of(st.none(), moments()),
        until=st.one_of(st.none(), moments()),
    )


@given(
    batches=st.lists(st.lists(events(ids=True), max_size=15), min_size=1, max_size=4),
    asked=st.lists(
        st.tuples(filters(), st.integers(1, 12), st.integers(0, 20)), min_size=5, max_size=15
    ),
)
def test_a_page_is_the_slice_of_all_matches_newest_first(
    engine: Factory, batches: list[list[Event]], asked: list[tuple[EventFilter, int, int]]
) -> None:
    naive = Naive()
    with opened(engine) as store:
        for batch in batches:
            naive.add(copies(batch))
            store.write(*batch)
        for where, limit, offset in asked:
            matches = naive.page(where)
            rows, total = store.engine.events(where, limit, offset)
            assert rows == [event_row(e) for e in matches[offset : offset + limit]]
            assert total == len(matches)
        for since in (e.time for e in naive.events):
            exact = EventFilter(since=since, until=since, agent_type="alpha")
            rows, total = store.engine.events(exact, 50, 0)
            assert [row.id for row in rows] == [e.id for e in naive.page(exact)]
            assert total == len(rows)


@given(
    batches=st.lists(st.lists(events(), max_size=10), min_size=1, max_size=3),
    after=st.integers(0, 20),
    upto=st.integers(0, 30),
    limit=st.integers(1, 10),
    agent=st.sampled_from((None, "alpha", "never seen")),
    kind=st.sampled_from((None, "tool_use", "never seen")),
)
def test_events_after_go_by_id(
    engine: Factory,
    batches: list[list[Event]],
    after: int,
    upto: int,
    limit: int,
    agent: str | None,
    kind: str | None,
) -> None:
    naive = Naive()
    with opened(engine) as store:
        for batch in batches:
            naive.add(copies(batch))
            store.write(*batch)
        wanted = [
            e
            for e in naive.events
            if after < e.id <= upto
            and agent in (None, e.agent_type)
            and kind in (None, e.event_type)
        ]
        found = store.engine.events_after(after, upto, agent, kind, limit)
        assert found == [event_row(e) for e in wanted[:limit]]
        for id_ in naive.sessions:
            own = naive.page(EventFilter(session_id=id_))
            newest = store.engine.session_events(id_, limit, newest_first=True)
            oldest = store.engine.session_events(id_, limit, newest_first=False)
            assert [r.id for r in newest] == [e.id for e in own[:limit]]
            assert [r.id for r in oldest] == [e.id for e in own[::-1][:limit]]


def test_pages_join_without_gap_or_repeat_where_a_range_cuts_hours(store: Store) -> None:
    """Hours are skipped by their counts, but not those of which the range takes only a part."""
    story = [
        event(tool_name=("Bash", "Edit")[n % 2], occurred_at=DAY + n // 2 * 4 * MINUTE_MS)
        for n in range(90)
    ]
    naive = Naive()
    naive.add(copies(story))
    store.write(*story)
    for first, last in ((0, 200), (58, 118), (31, 89), (60, 120), (59, 61), (0, 58)):
        since, until = DAY + first * MINUTE_MS, DAY + last * MINUTE_MS
        where = EventFilter(tool_name="Bash", since=since, until=until)
        wanted = [e.id for e in naive.page(where)]
        for limit in (1, 4, 20):
            for offset in range(len(wanted) + 2):
                rows, total = store.engine.events(where, limit, offset)
                assert [row.id for row in rows] == wanted[offset : offset + limit]
                assert total == len(wanted)


def test_the_bounds_of_a_time_range_belong_to_it(store: Store) -> None:
    store.write(*[event(occurred_at=DAY + n) for n in range(5)])
    rows, total = store.engine.events(EventFilter(since=DAY + 1, until=DAY + 3), 10, 0)
    assert ([r.id for r in rows], total) == ([4, 3, 2], 3)


def test_a_rare_event_far_back_is_found(store: Store) -> None:
    store.write(event(tool_name="Rare", occurred_at=DAY), event(tool_name="Rare", occurred_at=DAY))
    store.write(*[event(tool_name="Common", occurred_at=NOW - n * 1000) for n in range(5000)])
    rows, total = store.engine.events(EventFilter(tool_name="Rare"), 50, 0)
    assert ([r.id for r in rows], total) == ([2, 1], 2)
    rows, total = store.engine.events(EventFilter(tool_name="Common"), 2, 4999)
    assert ([r.id for r in rows], total) == ([5002], 5000)


def test_an_unknown_session_has_no_events(store: Store) -> None:
    assert store.engine.session_events("nobody", 10, newest_first=True) == []
    assert store.engine.events(EventFilter(session_id="nobody"), 10, 0) == ([], 0)
