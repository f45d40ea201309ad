"""Spans are stored once, found by their session page by page, and pruned by their age."""

import queue
from collections.abc import Iterator
from typing import Any

import pytest

from agentmonitor.errors import StorageError
from agentmonitor.model.database import PruneLimits
from agentmonitor.model.span import SessionSpan
from tests.unit.builders import event
from tests.unit.storage.store import ENGINES, PATIENCE_S, Store, opened

AT = 1_800_000_000_000


@pytest.fixture
def store() -> Iterator[Store]:
    with opened(ENGINES["sqlite"]) as store:
        store.write(event(session_id="s"))
        yield store


def span(number: int, **fields: Any) -> SessionSpan:
    known: dict[str, Any] = {
        "session_id": "s", "agent_type": "a", "trace_id": "t", "span_id": f"{number:04x}",
        "name": f"n{number}", "start": AT + number,
    }  # fmt: skip
    return SessionSpan(**known | fields)


def put(store: Store, *spans: SessionSpan) -> None:
    done: queue.SimpleQueue[StorageError | None] = queue.SimpleQueue()
    store.engine.put_spans(spans, done.put)
    assert done.get(timeout=PATIENCE_S) is None


def names(store: Store, session: str = "s") -> list[str]:
    page = store.engine.session_reads.session_spans(session, 100)
    assert page is not None
    return [row.name for row in page.rows]


def test_a_span_is_stored_once(store: Store) -> None:
    put(store, span(1, duration_ms=None), span(2, parent_id="p", failed=True))
    put(store, span(1, duration_ms=5, attributes_json='{"a":1}'))
    page = store.engine.session_reads.session_spans("s", 10)
    assert page is not None
    first, second = page.rows
    assert (first.name, first.duration_ms, first.status, first.parent_id) == (
        "n1", 5, "success", None,
    )  # fmt: skip
    assert (second.status, second.parent_id, second.attributes) == ("error", "p", {})
    assert first.started_at == "2027-01-15T08:00:00.001Z"


@pytest.mark.parametrize("named_first", [True, False])
def test_the_session_that_one_span_names_is_the_whole_traces(
    store: Store, named_first: bool
) -> None:
    parts = [span(1), span(2, session_id=None), span(3, session_id=None, trace_id="other")]
    for each in parts if named_first else reversed(parts):
        put(store, each)
    assert names(store) == ["n1", "n2"]


def test_pages_follow_the_start_and_miss_nothing(store: Store) -> None:
    put(store, *(span(number, start=AT + number // 3) for number in range(20)))
    seen: list[str] = []
    place: tuple[int, int] | None = None
    while True:
        page = store.engine.session_reads.session_spans("s", 3, place)
        assert page is not None
        seen += [row.name for row in page.rows]
        if page.next is None:
            break
        begin, number = page.next
        place = int(begin), int(number)
    assert seen == [f"n{number}" for number in range(20)]


def test_an_unknown_session_has_no_page(store: Store) -> None:
    assert store.engine.session_reads.session_spans("x", 10) is None
    assert names(store) == []
    put(store, span(1, session_id="x"))
    assert names(store, "x") == ["n1"]


def test_old_spans_go_with_old_events(store: Store) -> None:
    put(store, span(1), span(500), span(2000))
    store.engine.prune_page(PruneLimits(kept_from=AT + 1000, before=AT + 1000), 0, 10)
    assert names(store) == ["n2000"]
