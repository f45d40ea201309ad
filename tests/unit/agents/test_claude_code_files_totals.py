"""Claude Code's session files: what the reader tells, counted as the ledger counts it, is what a
naive count of the lines finds."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from agentmonitor.agents.claude_code import AGENT
from agentmonitor.agents.claude_code.files import FILES
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.event import LIKENESS, Event
from agentmonitor.model.usage import Report
from agentmonitor.paths import Folders
from tests.fixtures.claude_code.files.build import home
from tests.unit.agents.claude_count import Count, Sums
from tests.unit.agents.shelf import check, shelf


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = home(tmp_path_factory.mktemp("home"))
    return sorted(FILES.find(Folders(home=folder)))


def events(files: Iterable[Path]) -> list[Event]:
    found = []
    for file in files:
        reader = FILES.open(file, None)
        for line in file.read_bytes().splitlines():
            with suppress(UnreadableLine):  # the torn one at the end
                found += reader.read(line).events
    return found


def merged(found: list[Event]) -> list[Event]:
    """One event for each activity, by the rules of the ledger."""
    groups: list[tuple[set[str], Event]] = []
    for event in found:
        keys = {key for key in event.keys if not key.startswith(LIKENESS)}
        best = event
        rest = []
        for known, other in groups:
            if known & keys:
                keys |= known
                best = max(best, other, key=_rank)
            else:
                rest.append((known, other))
        groups = [*rest, (keys, best)]
    return [event for _, event in groups]


def _rank(event: Event) -> tuple[object, ...]:
    report = event.report or Report()
    return (not report.approximate, event.channel, not report.is_copy, event.tokens_out,
            event.tool_name is not None)  # fmt: skip


def sums(found: Iterable[Event]) -> Sums:
    total: Sums = {}
    for event in found:
        if event.event_type != "llm_response":
            continue
        report = event.report
        assert report is not None
        assert event.model is not None
        used = (event.tokens_in, event.tokens_out, event.cache_read_tokens,
                event.cache_write_tokens, report.cache_write_1h, report.web_searches)  # fmt: skip
        before = total.get(event.model, (0,) * len(used))
        total[event.model] = tuple(a + b for a, b in zip(before, used, strict=True))
    return total


@pytest.mark.parametrize("backwards", [False, True])
def test_tokens_by_model_and_class_are_those_of_a_naive_count(
    files: list[Path], *, backwards: bool
) -> None:
    found = events(files)
    count = Count(files)
    assert len(count.sums) == 4
    assert sums(merged(found[::-1] if backwards else found)) == count.sums


def test_calls_failures_and_changed_lines_are_those_of_a_naive_count(files: list[Path]) -> None:
    count = Count(files)
    calls = [event for event in merged(events(files)) if event.event_type == "tool_use"]
    assert Counter(call.tool_name for call in calls) == count.calls
    assert Counter(c.tool_name for c in calls if c.status == "error") == count.failures
    added = sum(call.metadata.get("lines_added", 0) for call in calls)
    removed = sum(call.metadata.get("lines_removed", 0) for call in calls)
    assert (added, removed) == count.changed == (5, 1)


def test_each_prompt_is_counted_once_over_all_copies(files: list[Path]) -> None:
    prompts = [event for event in merged(events(files)) if event.event_type == "user_prompt"]
    known = [event for event in prompts if "prompt_id" in event.metadata]
    assert {event.metadata["prompt_id"] for event in known} == Count(files).prompts
    assert [e.metadata["prompt"] for e in prompts if e not in known] == ["What is this?"]


def test_every_event_can_be_stored(files: list[Path]) -> None:
    for event in events(files):
        check(event)


def test_what_a_file_tells_again_is_known(files: list[Path]) -> None:
    found = events(files)
    assert len(merged(found + found)) == len(merged(found))


def test_a_store_ends_at_the_same_sums(files: list[Path], tmp_path: Path) -> None:
    count = Count(files)
    with shelf(AGENT, home(tmp_path)) as taken:
        taken.read()
        assert taken.read(anew=True) == 0
        found = {model: used for model, used in taken.totals().items() if model}
        assert found == {model: used[:4] for model, used in count.sums.items()}
        assert {name: calls for name, (calls, _) in taken.tools().items()} == count.calls
        sessions = taken.sessions()
    assert set(sessions) == {"aaaa", "bbbb", "cccc", "dddd", "eeee"}
    # A copy leaves its original's events where they happened.
    assert sessions["bbbb"].event_count == sessions["cccc"].event_count == 1
    assert sum(session.lines_added for session in sessions.values()) == 5
