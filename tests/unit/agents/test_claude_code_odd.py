"""Claude Code's hooks, spoilt in every way: nothing raises, everything can be stored."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.agents.claude_code import edits, tools
from agentmonitor.agents.claude_code.hooks import parse_hook
from agentmonitor.bus import Bus
from agentmonitor.errors import InvalidInput
from agentmonitor.metadata import Rules
from agentmonitor.model.event import MAX_INT
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.agents.test_claude_code_hooks import NAMES, payload
from tests.unit.builders import NOW
from tests.unit.model.strategies import json_objects, json_values

KEYS = (
    "session_id", "hook_event_name", "cwd", "agent_id", "agent_type", "tool_name", "tool_input",
    "tool_response", "tool_use_id", "prompt_id", "prompt", "message", "model", "error", "source",
    "notification_type", "duration_ms", "reason", "last_assistant_message", "trigger",
    "compact_summary", "title", "hook_event", "is_interrupt",
)  # fmt: skip
LONG = "x" * 50_000


def odd_payloads() -> st.SearchStrategy[dict[str, Any]]:
    odd = st.one_of(json_values(), st.sampled_from((LONG, "a\0b", " ", "", -1, 1e300, 2**70)))
    patch = {
        "structuredPatch": st.lists(
            st.one_of(json_values(), st.fixed_dictionaries({"lines": json_values()})), max_size=3
        ),
        "type": st.sampled_from(("create", "update")),
        "content": odd,
    }
    spoilt = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(KEYS, odd) | {"tool_response": st.fixed_dictionaries(patch)}
    )
    real = st.sampled_from(NAMES).map(payload)
    return st.builds(lambda a, b, c: a | b | c, real, json_objects(), spoilt)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(tmp_path_factory.mktemp("odd") / "a.db")
    engine.open()
    yield engine
    engine.close()


@settings(max_examples=60)
@given(st.lists(odd_payloads(), min_size=1, max_size=8))
def test_any_object_is_refused_or_can_be_stored(
    engine: SqliteEngine, payloads: list[dict[str, Any]]
) -> None:
    async def story() -> None:
        pipeline = Pipeline(
            engine, Bus(), Pricer(), Rules(max_bytes=10_240, edit_tools=frozenset({"Edit"}))
        )
        for each in payloads:
            try:
                report = parse_hook(each, NOW)
            except InvalidInput:
                continue
            await pipeline.ingest(report.events, report.signals)
            ids = [e.session_id for e in report.events] + [s.session_id for s in report.signals]
            assert [row.id for row in engine.sessions_by_id(ids)] == ids

    asyncio.run(story())


@settings(max_examples=60)
@given(odd_payloads())
def test_nothing_that_is_kept_on_a_card_is_long(given_: dict[str, Any]) -> None:
    try:
        report = parse_hook(given_, NOW)
    except InvalidInput:
        return
    signals = [s.signal for s in report.signals] + [e.signal for e in report.events if e.signal]
    for signal in signals:
        names = (signal.thread, signal.thread_type, signal.call_id, signal.tool, signal.title,
                 signal.cwd, signal.reason)  # fmt: skip
        assert all(len(name or "") <= 2000 for name in names)
        assert len(signal.detail or "") <= 2000
    for event in report.events:
        for kept in (event.session_id, event.tool_name, event.model):
            assert len(kept or "") <= 1024
            assert "\0" not in (kept or "")


@pytest.mark.parametrize(
    ("value", "counted"),
    [(0, 0), (7, 7), (7.9, 7), (-1, None), (True, None), ("7", None), (None, None),
     (MAX_INT + 1, None), (float("nan"), None), (float("inf"), None), ([], None)],
)  # fmt: skip
def test_a_count_is_whole_and_plausible_or_unknown(value: Any, counted: int | None) -> None:
    assert tools.count(value) == counted


@pytest.mark.parametrize(
    ("response", "changes"),
    [
        ({"structuredPatch": [{"lines": ["+a", "-b", " c", "+d"]}, {"lines": ["-e"]}]}, (2, 2)),
        ({"structuredPatch": [{"lines": ["+++ counter", "--- counter"]}]}, (1, 1)),
        ({"structuredPatch": [None, {"lines": "x"}, {"lines": [7, "+a"]}]}, (1, 0)),
        ({"type": "create", "content": "a\nb\n", "structuredPatch": []}, (2, 0)),
        ({"type": "update", "content": "a\nb\n", "structuredPatch": []}, None),
        ({"type": "create", "content": 7}, (0, 0)),
        ("File written", None),
        (None, None),
    ],
)
def test_lines_are_counted_in_the_patch(response: Any, changes: tuple[int, int] | None) -> None:
    found = edits.changes(response)
    assert ("diff" in found) is (sum(changes or ()) > 0)
    found.pop("diff", None)
    wanted = {"lines_added": changes[0], "lines_removed": changes[1]} if changes else {}
    assert found == wanted


@pytest.mark.parametrize(
    ("tool_input", "detail"),
    [
        ({"command": "ls", "description": "List"}, "ls"),
        ({"notebook_path": "/n.ipynb", "new_source": "x"}, "/n.ipynb"),
        ({"pattern": "TODO", "path": "/src"}, "TODO"),
        ({"url": "https://example.com", "prompt": "Read"}, "https://example.com"),
        ({"n": 7, "subject": "First text"}, "First text"),
        ({"command": ["ls"]}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_call_is_shown_by_what_it_is_about(tool_input: Any, detail: str | None) -> None:
    assert tools.detail(tool_input) == detail


@pytest.mark.parametrize(
    ("given_", "name"),
    [({"model": "m"}, "m"), ({"model": {"id": "m", "display_name": "M"}}, "m"),
     ({"model": " "}, None), ({"model": 7}, None), ({"model": {}}, None), ({}, None),
     ({"model": "x" * 2000}, "x" * 1024)],
)  # fmt: skip
def test_a_model_is_a_name_or_an_object_with_an_id(given_: Any, name: str | None) -> None:
    assert tools.model(given_) == name


@pytest.mark.parametrize(
    ("given_", "error"),
    [({"error": "overloaded"}, "overloaded"), ({"error": {"type": "rate_limit"}}, "rate_limit"),
     ({"error": {"message": "m"}}, "m"), ({"error": ""}, "error"), ({"error": 5}, "error"),
     ({}, "error")],
)  # fmt: skip
def test_an_error_always_has_a_word(given_: Any, error: str) -> None:
    assert tools.error(given_) == error
