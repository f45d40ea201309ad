"""Which hits come first, and how they are paged, filtered and grouped."""

import pytest

from agentmonitor.model.clock import DAY_MS, HOUR_MS
from agentmonitor.model.search import parse_place
from agentmonitor.storage.sqlite.queries import search as queries
from tests.unit.builders import DAY
from tests.unit.storage.search.asking import ids, page, said
from tests.unit.storage.store import Store


def test_every_filter_narrows_the_search(store: Store) -> None:
    first = said(
        "needle", session_id="s1", agent_type="alpha", project="shop", branch="main", model="m1",
        tool_name="Bash", occurred_at=DAY,
    )  # fmt: skip
    second = said(
        "needle", session_id="s2", agent_type="beta", project="docs", branch="fix", model="m2",
        tool_name="Edit", event_type="tool_use", occurred_at=DAY + 2 * DAY_MS,
    )  # fmt: skip
    store.write(first, second)
    both = {
        "session_id": ("s1", "s2"), "agent_type": ("alpha", "beta"), "project": ("shop", "docs"),
        "branch": ("main", "fix"), "model": ("m1", "m2"), "tool_name": ("Bash", "Edit"),
        "event_type": ("user_prompt", "tool_use"),
    }  # fmt: skip
    for field, values in both.items():
        assert [ids(store, "needle", **{field: value}) for value in values] == [[1], [2]]
        assert ids(store, "needle", **{field: "nobody"}) == []
    every = {field: values[0] for field, values in both.items()}
    assert ids(store, "needle", **every, since=DAY, until=DAY) == [1]
    assert ids(store, "needle", session_id="s1", agent_type="beta") == []
    assert ids(store, "needle", since=DAY + 1) == [2]
    assert ids(store, "needle", until=DAY + 2 * DAY_MS - 1) == [1]
    assert ids(store, "needle", since=DAY - HOUR_MS, until=DAY - 1) == []


def test_prompts_rank_before_paths_before_outputs_and_newer_first_among_equals(
    store: Store,
) -> None:
    output = said(event_type="error", metadata={"message": "needle"})
    path = said(event_type="tool_use", metadata={"file_path": "needle"})
    older, newer = (said("needle", occurred_at=DAY + hour * HOUR_MS) for hour in (2, 1))
    filler = [said("hay") for _ in range(20)]
    store.write(older, newer, output, path, *filler)
    assert ids(store, "needle") == [older.id, newer.id, path.id, output.id]


def test_pages_give_every_hit_once_even_beyond_what_is_ranked_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MATCHES", 7)
    store.write(*(said("needle " + "hay " * (n % 5)) for n in range(30)))
    found: list[int] = []
    place = None
    for _ in range(100):
        answer = page(store, "needle", limit=3, place=place)
        found += [hit.event_id for hit in answer.results]
        if answer.next is None:
            break
        place = parse_place(answer.next)
    assert sorted(found) == list(range(1, 31))


def test_new_events_do_not_shift_the_pages_of_a_search(store: Store) -> None:
    store.write(*(said("needle") for _ in range(4)))
    first = page(store, "needle", limit=2)
    store.write(*(said("needle") for _ in range(4)))
    assert first.next is not None
    second = page(store, "needle", limit=2, place=parse_place(first.next))
    assert [hit.event_id for hit in first.results + second.results] == [4, 3, 2, 1]


def test_one_session_takes_one_place_when_grouped(store: Store) -> None:
    store.write(*(said("needle", session_id="loud") for _ in range(5)), said("needle needle"))
    hits = page(store, "needle", by_session=True).results
    assert sorted((hit.session_id, hit.count) for hit in hits) == [("loud", 5), ("s1", 1)]
