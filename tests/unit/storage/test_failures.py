"""The latest failed calls, against a list of events."""

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import HOUR_MS
from agentmonitor.model.event import Event
from agentmonitor.model.failure import MAX_COMMAND, Failure
from agentmonitor.model.selection import Page
from tests.unit.builders import DAY, event, events
from tests.unit.storage.analysing import chosen, filters, ranges
from tests.unit.storage.naive import Naive
from tests.unit.storage.store import Factory, Store, opened
from tests.unit.storage.test_engine_events import copies

ALL = Where(since=0, until=DAY * 2)


def told(store: Store, where: Where, tool: str | None, size: int) -> list[Failure]:
    """All of them, page by page."""
    found: list[Failure] = []
    place: tuple[int, int] | None = None
    while True:
        page: Page[Failure] = store.engine.session_reads.failures(where, tool, size, place)
        assert len(page.rows) <= size
        found += page.rows
        if page.next is None:
            return found
        place = (int(page.next[0]), int(page.next[1]))


@given(
    batches=st.lists(st.lists(events(), max_size=25), min_size=1, max_size=3),
    asked=st.lists(
        st.tuples(
            ranges(),
            filters(),
            st.sampled_from((None, None, "Bash", "never seen")),
            st.integers(1, 7),
        ),
        min_size=3,
        max_size=6,
    ),
    folded=st.booleans(),
)
def test_pages_hold_every_failed_call_of_the_range_once_the_latest_first(
    engine: Factory,
    batches: list[list[Event]],
    asked: list[tuple[tuple[int, int], dict[str, str], str | None, int]],
    folded: bool,
) -> None:
    naive = Naive()
    with opened(engine) as store:
        for batch in batches:
            naive.add(copies(batch))
            store.write(*batch)
        if folded:
            store.engine.rebuild()
        for (since, until), narrowed, tool, size in asked:
            where = Where(since=since, until=until, **narrowed)
            wanted = [
                e
                for e in chosen(naive.events, where)
                if e.status != "success" and e.tool_name and tool in (None, e.tool_name)
            ]
            found = told(store, where, tool, size)
            assert sorted(f.event_id for f in found) == sorted(e.id for e in wanted)
            assert [(f.time, f.event_id) for f in found] == sorted(
                ((f.time, f.event_id) for f in found), reverse=True
            )


def test_a_failure_tells_what_was_asked_and_what_came_of_it(engine: Factory) -> None:
    with opened(engine) as store:
        store.write(
            event(event_type="user_prompt", metadata_json='{"prompt": "Mend it"}'),
            event(
                tool_name="Bash", status="error", occurred_at=DAY, duration_ms=12,
                metadata_json='{"command": "make test", "error": "No rule to make target"}',
            ),
            event(
                tool_name="Read", status="timeout", occurred_at=DAY + HOUR_MS,
                metadata_json='{"tool_input": {"file_path": "/etc/hosts"}, "output": "denied\\n"}',
            ),
            event(
                tool_name="Bash", status="error", occurred_at=DAY + 2 * HOUR_MS,
                metadata_json='{"command": "' + "x" * 5000 + '"}',
            ),
            event(event_type="error", status="error", metadata_json='{"error": "no tool"}'),
        )  # fmt: skip
        long, read, bash = told(store, ALL, None, 50)
        assert (bash.tool, bash.command, bash.error) == (
            "Bash",
            "make test",
            "No rule to make target",
        )
        assert (bash.status, bash.duration_ms, bash.session_id) == ("error", 12, "s1")
        assert (read.command, read.error, read.status) == ("/etc/hosts", "denied", "timeout")
        assert long.command is not None
        assert len(long.command) == MAX_COMMAND
        assert long.error is None
