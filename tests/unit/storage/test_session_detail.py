"""What every engine promises of lists of sessions, details, transcripts and turns."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.metadata import Rules, prepare
from agentmonitor.model.event import Event
from agentmonitor.model.selection import Page, StoryChoice
from agentmonitor.model.turns import Step, tell
from agentmonitor.model.usage import Channel, Report
from tests.unit.builders import DAY, NOW, event, events
from tests.unit.storage.store import Factory, Store, opened

RULES = Rules(max_bytes=200, edit_tools=frozenset({"Edit"}))


def told(metadata: Any, **fields: Any) -> Event:
    """An event with metadata, as the pipeline would hand it to the store."""
    made = event(metadata=metadata, **fields)
    prepare([made], RULES)
    return made


def pages(read: Callable[[Any], Page[Any] | None], between: Callable[[], None]) -> list[Any]:
    """The rows of all pages; ``between`` runs after each."""
    found: list[Any] = []
    place = None
    while True:
        page = read(place)
        assert page is not None
        found += page.rows
        if page.next is None:
            return found
        place = tuple(msgspec.json.decode(msgspec.json.encode(page.next)))
        between()


@given(
    st.lists(events(sessions=("s1",)), min_size=1, max_size=12),
    st.lists(events(sessions=("s1",)), max_size=12),
    st.booleans(),
    st.integers(1, 3),
)
def test_a_transcript_shows_each_event_once_whatever_comes_in_between(
    engine: Factory, first: list[Event], later: list[Event], down: bool, limit: int
) -> None:
    with opened(engine) as store:
        store.write(*first)
        reads = store.engine.session_reads
        stored = sorted(((e.time, e.id) for e in first), reverse=down)
        late = list(later)

        def between() -> None:
            if late:
                store.write(late.pop())

        choice = StoryChoice(descending=down)
        rows = pages(lambda place: reads.session_page("s1", choice, limit, place), between)
        ids = [row.id for row in rows]
        assert len(ids) == len(set(ids))
        known = {number for _, number in stored}
        assert [number for number in ids if number in known] == [number for _, number in stored]
        everything = reads.session_page("s1", choice, 100)
        assert everything is not None
        entries = pages(lambda place: reads.session_story("s1", choice, limit, place), lambda: None)
        assert [row.event for row in entries] == everything.rows


def test_a_detail_adds_up_what_the_session_used(store: Store) -> None:
    sub = {"subagent_id": "x", "subagent_type": "Explore"}
    edit = {"tool_name": "Edit", "file_path": "/a.py", "lines_added": 3, "lines_removed": 1}
    store.write(
        told({}, event_type="llm_response", model="dear", tokens_in=9, tokens_out=4, cost_usd=2.5),
        told(sub, event_type="llm_response", model="free", tokens_out=5, occurred_at=DAY),
        told({}, tool_name="Bash", duration_ms=10, model="dear"),
        told(sub, tool_name="Bash", duration_ms=30, status="error", occurred_at=DAY + 9),
        told({}, tool_name="Bash", status="timeout"),
        event(**edit, occurred_at=DAY + 1),
        event(**edit, occurred_at=DAY + 5),
    )
    found = store.engine.session_reads.session_detail("s1")
    assert found is not None
    assert found.session == store.engine.sessions_by_id(["s1"])[0]
    assert found.types == {"tool_use": 5, "llm_response": 2}
    assert [(m.model, m.events, m.tokens_out, m.cost_usd) for m in found.models] == [
        ("dear", 1, 4, 2.5), ("free", 1, 5, None),
    ]  # fmt: skip
    assert (found.models[1].unpriced_events, found.models[1].unpriced_tokens) == (1, 5)
    bash, edits = found.tools
    assert (bash.tool_name, bash.calls, bash.failures) == ("Bash", 3, 2)
    assert (bash.duration_ms, bash.average_ms) == (40, 20.0)
    assert (edits.calls, edits.duration_ms) == (2, None)
    (agent,) = found.subagents
    assert (agent.id, agent.type, agent.events, agent.tokens_out) == ("x", "Explore", 2, 5)
    assert (agent.tool_calls, agent.failures, agent.cost_usd) == (1, 1, None)
    (file,) = found.files
    assert (file.path, file.edits, file.lines_added, file.lines_removed) == ("/a.py", 2, 6, 2)
    assert (found.evidence, found.pruned_events) == (0, 0)
    assert found.channels == ["api"]


def test_a_detail_names_the_channels_and_counts_the_evidence(store: Store) -> None:
    for channel, tokens in ((Channel.LOG, 5), (Channel.FILE, 7)):
        store.write(
            event(
                event_type="llm_response", channel=channel, keys=("alpha:request:1",),
                tokens_out=tokens, report=Report(), model="m",
            )
        )  # fmt: skip
    found = store.engine.session_reads.session_detail("s1")
    assert found is not None
    assert (found.channels, found.evidence) == (["file", "log"], 1)
    assert found.models[0].tokens_out == 7


def files_of(store: Store, name: str, place: tuple[str] | None) -> Any:
    return store.engine.session_reads.session_files(name, 1, place[0] if place else None)


@given(st.lists(events(sessions=("s1", "s2")), min_size=1, max_size=20))
def test_the_parts_of_a_detail_are_its_session(engine: Factory, stored: list[Event]) -> None:
    with opened(engine) as store:
        store.write(*stored)
        for name in {e.session_id for e in stored}:
            found = store.engine.session_reads.session_detail(name)
            assert found is not None
            row = found.session
            assert sum(found.types.values()) == row.event_count
            assert sum(m.tokens_in for m in found.models) == row.tokens_in
            assert sum(m.unpriced_events for m in found.models) == row.unpriced_events
            total = sum(m.cost_usd or 0 for m in found.models)
            assert total == pytest.approx(row.total_cost_usd)
            calls = [e for e in stored if e.session_id == name and e.event_type == "tool_use"]
            assert sum(t.calls for t in found.tools) == sum(bool(e.tool_name) for e in calls)
            files = {e.file_path for e in stored if e.session_id == name} - {None}
            listed = pages(partial(files_of, store, name), lambda: None)
            assert [file.path for file in listed] == sorted(f for f in files if f)


def test_a_transcript_has_all_that_was_said(store: Store) -> None:
    long = "word " * 500
    whole = {"prompt": long, "subagent_id": "x", "more": {"deep": [1]}}
    store.write(
        told({"prompt": "short"}, event_type="user_prompt", occurred_at=DAY),
        told(whole, event_type="response", occurred_at=DAY + 1),
        told({"is_sidechain": True, "text": "aside"}, event_type="response", occurred_at=DAY + 2),
        told({"command": "make"}, tool_name="Bash", status="error", occurred_at=DAY + 3),
        told("only text", event_type="notification", occurred_at=DAY + 4),
    )
    page = store.engine.session_reads.session_story("s1", StoryChoice(), 10)
    assert page is not None
    assert [row.metadata for row in page.rows] == [
        {"prompt": "short"}, whole, {"is_sidechain": True, "text": "aside"},
        {"command": "make"}, "only text",
    ]  # fmt: skip
    assert [row.subagent for row in page.rows] == [None, "x", "sidechain", None, None]
    for choice in (StoryChoice(errors=True), StoryChoice(tool="Bash")):
        some = store.engine.session_reads.session_story("s1", choice, 10)
        assert some is not None
        assert [row.event.tool_name for row in some.rows] == ["Bash"]
    for choice in (StoryChoice(event_type="response"), StoryChoice(event_type="none")):
        few = store.engine.session_reads.session_page("s1", choice, 10)
        assert few is not None
        assert {row.event_type for row in few.rows} <= {"response"}


def test_a_page_is_full_when_much_was_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentmonitor.storage.sqlite.queries.session_story.MAX_TEXT", 3000)
    said = [told({"text": f"{n} " * 1000}, event_type="response") for n in range(6)]
    store.write(*said)
    read = store.engine.session_reads.session_story
    first = read("s1", StoryChoice(), 100)
    assert first is not None
    assert (len(first.rows), first.next is None) == (2, False)
    rows = pages(lambda place: read("s1", StoryChoice(), 100, place), lambda: None)
    assert [row.metadata["text"][0] for row in rows] == list("012345")


def test_turns_show_prompts_and_ends(store: Store) -> None:
    long = "First line\n" + "word " * 500
    store.write(
        told({"prompt": long}, event_type="user_prompt", occurred_at=DAY),
        told({"subagent_id": "x"}, event_type="user_prompt", occurred_at=DAY + 5),
        told({"reason": "interrupted"}, event_type="turn_end", occurred_at=DAY + 9),
        told({"prompt": "Second"}, event_type="user_prompt", occurred_at=DAY + 20),
    )
    page = store.engine.session_reads.session_turns("s1", 10)
    assert page is not None
    first, second = page.rows
    assert (first.prompt, first.outcome, first.subagents) == ("First line", "interrupted", ["x"])
    assert (second.prompt, second.outcome, second.before_ms) == ("Second", "running", 11)
    store.engine.sweep(NOW + 10**9, 1000)
    over = store.engine.session_reads.session_turns("s1", 10)
    assert over is not None
    assert over.rows[1].outcome is None


TURNING = ("user_prompt", "user_prompt", "tool_use", "llm_response", "turn_end", "notification")


@given(
    st.lists(st.tuples(st.sampled_from(TURNING), st.integers(0, 40)), max_size=20),
    st.integers(1, 3),
)
def test_turns_are_the_same_in_pages_of_any_size(
    engine: Factory, made: list[tuple[str, int]], limit: int
) -> None:
    stored = [
        event(event_type=kind, source="import", occurred_at=DAY + at, tokens_out=at)
        for kind, at in made
    ]
    with opened(engine) as store:
        store.write(*stored)
        if not stored:
            assert store.engine.session_reads.session_turns("s1", limit) is None
            return
        read = store.engine.session_reads.session_turns
        found = pages(lambda place: read("s1", limit, place), lambda: None)
        steps = [
            Step(id=e.id, at=e.time, type=e.event_type, tokens_out=e.tokens_out)
            for e in sorted(stored, key=lambda e: (e.time, e.id))
        ]
        assert found == list(tell(steps))


def test_an_unknown_session_has_nothing(store: Store) -> None:
    reads = store.engine.session_reads
    assert reads.session_detail("nobody") is None
    assert reads.session_files("nobody", 1) is None
    assert reads.session_page("nobody", StoryChoice(), 1) is None
    assert reads.session_story("nobody", StoryChoice(), 1) is None
    assert reads.session_turns("nobody", 1) is None
