"""Rollouts cut anywhere, spoilt in every way: nothing is counted twice, nothing raises but what
says that a line is unreadable, and all that is read can be stored."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.agents.base import Reading
from agentmonitor.agents.codex.lines import Payload
from agentmonitor.agents.codex.reader import RolloutReader
from agentmonitor.bus import Bus
from agentmonitor.errors import UnreadableLine
from agentmonitor.metadata import Rules
from agentmonitor.model.event import MAX_INT
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.fixtures.codex.build import PARENT, Rollout, usage
from tests.unit.agents.test_codex_replay import SPAWN, copied, fork, own, parent
from tests.unit.agents.test_codex_rollouts import FILES, read, spent
from tests.unit.model.strategies import json_values

PATH = Path("rollout-x.jsonl")
FIELDS = (*Payload.__struct_fields__, "total_token_usage", "last_token_usage", "input_tokens")
KINDS = (
    "session_meta", "turn_context", "response_item", "event_msg", "compacted", "world_state", "new",
)  # fmt: skip
TYPES = (
    "message", "function_call", "function_call_output", "custom_tool_call", "local_shell_call",
    "web_search_call", "user_message", "agent_message", "token_count", "task_started",
    "task_complete", "turn_aborted", "error", "patch_apply_end", "exec_command_end",
    "mcp_tool_call_end", "item_completed", "thread_settings_applied",
)  # fmt: skip


def stories() -> list[list[bytes]]:
    """The lines of every fixture, of a fork and of a sub-agent."""
    found = [path.read_bytes().splitlines() for path in FILES]
    for meta in ({"forked_from_id": PARENT}, {"source": SPAWN, "session_id": PARENT}):
        origin = parent()
        child = fork(origin, **meta)
        copied(origin.lines, child)
        own(child)
        found.append(child.lines)
    return found


STORIES = stories()


@settings(max_examples=60)
@given(st.sampled_from(STORIES), st.lists(st.integers(0, 50), max_size=4))
def test_a_reader_goes_on_exactly_where_another_stopped(
    lines: list[bytes], cuts: list[int]
) -> None:
    reader, found = RolloutReader(PATH, None), Reading()
    for place, line in enumerate(lines):
        if place in cuts:
            reader = RolloutReader(PATH, reader.save())
        said = reader.read(line)
        found = Reading(
            events=found.events + said.events,
            signals=found.signals + said.signals,
            quotas=found.quotas + said.quotas,
        )
    assert found == read(lines)


def test_a_state_stays_small() -> None:
    rollout = Rollout().meta().turn("go")
    for number in range(500):
        rollout.call("exec_command", {"cmd": "x" * 9000})
        rollout.tokens(
            usage(10, 0, 1), limits={"limit_id": f"l{number}", "primary": {"used_percent": 1}}
        )
        rollout.event("user_message", message=f"prompt {number} {'y' * 9000}")
    reader = RolloutReader(PATH, None)
    for line in rollout.lines:
        reader.read(line)
    assert len(reader.save()) < 200_000


@pytest.mark.parametrize(
    "line",
    [
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"response_item","payload":{"type":"reasoni',
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"event_msg","payload":{"type":"token_count","in',
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"event_msg","payload":{"type":"token_count"}}{"a',
        b"not json", b"[]", b"7", b"null", b'{"type":', b"\xff\xfe", b"{",
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"event_msg","payload":{"type":"error","info":' + b"[" * 9000 + b"]" * 9000 + b"}}",  # noqa: E501
        b'{"type":"message","content":' + b"[" * 9000 + b"]" * 9000 + b"}",
    ],
)  # fmt: skip
def test_a_broken_line_is_unreadable_and_leaves_no_trace(line: bytes) -> None:
    reader = RolloutReader(PATH, None)
    before = reader.save()
    with pytest.raises(UnreadableLine) as caught:
        reader.read(line)
    assert str(caught.value)
    assert reader.save() == before


@pytest.mark.parametrize(
    "line",
    [
        b"", b"  ", b"{}", b'{"record_type":"state"}', b'{"type":"brand_new","payload":{"a":1}}',
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"event_msg","payload":null}',
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"event_msg","payload":[1]}',
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"event_msg","payload":{"type":"unheard_of"}}',
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"world_state","payload":{"full":true}}',
        b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"token_usage_record","payload":{"usage":{"input_tokens":9,"output_tokens":9}}}',
        b'{"timestamp":7,"type":7,"payload":7}',
    ],
)  # fmt: skip
def test_what_is_not_known_says_nothing(line: bytes) -> None:
    assert RolloutReader(PATH, None).read(line) == Reading()


def test_order_and_spaces_do_not_matter() -> None:
    for path in FILES:
        lines = path.read_bytes().splitlines()
        other = [
            json.dumps(dict(reversed(json.loads(line).items())), indent=1).encode()
            for line in lines
        ]
        turned = []
        for line in lines:
            document = json.loads(line)
            if isinstance(document.get("payload"), dict):
                document["payload"] = dict(reversed(document["payload"].items()))
            turned.append(json.dumps(document, separators=(",", ":")).encode())
        assert read(other) == read(turned) == read([line + b"\r" for line in lines]) == read(lines)


def test_numbers_as_text_and_odd_times_are_tolerated() -> None:
    texts = {"input_tokens": "1000", "cached_input_tokens": "600", "output_tokens": "50"}
    rollout = Rollout().meta().turn("go", "m").tokens(usage(0), total=texts)
    later = json.loads(rollout.lines[-1])
    for odd in ("never", "9999-12-31T23:59:59Z", "0000", None, 5):
        lines = [*rollout.lines[:-1], json.dumps(later | {"timestamp": odd}).encode()]
        events = read(lines).events
        assert spent(events) == {"m": (400, 600, 0, 50)}
        assert events[-1].occurred_at == rollout.at - 100


def test_half_of_a_character_does_not_hide_a_line() -> None:
    head = b'{"timestamp":"2026-03-01T10:00:00.000Z","type":"event_msg","payload":{"type":"agent_message","message":"'  # noqa: E501
    for words, expected in (
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"cut \udc00 on", "cut \ufffd on"),
        (rb"\ud83d\ude00 \ud83d", "\U0001f600 \ufffd"),
        (rb"\\ud83d \ud83d", "\\ud83d \ufffd"),
        (b"cut \xf0\x9f", "cut \ufffd"),
    ):
        for line in (head + words + b'"}}', (head + words + b'"}}').replace(b":{", b": {")):
            (event,) = RolloutReader(PATH, None).read(line).events
            assert event.metadata["text"] == expected


def spoilt_lines() -> st.SearchStrategy[bytes]:
    odd = st.one_of(json_values(), st.sampled_from(("x" * 3000, "a\0b", "", -1, 2**70, PARENT)))
    payload = st.dictionaries(st.sampled_from(FIELDS), odd, max_size=6)
    made = st.builds(
        lambda kind, inner, more: {
            "timestamp": "2026-03-01T10:00:00.000Z", "type": kind,
            "payload": {"type": inner} | more,
        },
        st.sampled_from(KINDS), st.sampled_from(TYPES), payload,
    )  # fmt: skip
    real = st.sampled_from([line for story in STORIES for line in story]).map(json.loads)

    def spoil(document: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
        inner = document.get("payload")
        return document | {"payload": inner | more} if isinstance(inner, dict) else document | more

    changed = st.one_of(made, st.builds(spoil, real, payload))
    encoded = changed.map(lambda d: json.dumps(d, separators=(",", ":")).encode())
    cut = st.builds(lambda line, at: line[:at] + line[at + 1 :], encoded, st.integers(0, 400))
    return st.one_of(encoded, cut)


def spoilt(lines: list[bytes]) -> Reading:
    reader, found = RolloutReader(PATH, None), Reading()
    for line in lines:
        try:
            said = reader.read(line)
        except UnreadableLine:
            continue
        reader = RolloutReader(PATH, reader.save())
        found = Reading(
            events=found.events + said.events,
            signals=found.signals + said.signals,
            quotas=found.quotas + said.quotas,
        )
    return found


@settings(max_examples=200)
@given(st.lists(spoilt_lines(), max_size=12))
def test_spoilt_lines_are_unreadable_or_well_formed(lines: list[bytes]) -> None:
    for event in spoilt(lines).events:
        assert event.occurred_at is not None
        for name in (event.session_id, event.tool_name, event.model, event.branch, event.event_id):
            assert name is None or 0 < len(name) <= 1200
        for class_ in ("tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens"):
            assert 0 <= getattr(event, class_) <= MAX_INT
        assert event.duration_ms is None or 0 <= event.duration_ms <= MAX_INT


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(tmp_path_factory.mktemp("odd") / "a.db")
    engine.open()
    yield engine
    engine.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(spoilt_lines(), min_size=1, max_size=8))
def test_all_that_is_read_can_be_stored(engine: SqliteEngine, lines: list[bytes]) -> None:
    reading = spoilt(lines)

    async def story() -> None:
        rules = Rules(max_bytes=10_240, edit_tools=frozenset({"apply_patch"}))
        pipeline = Pipeline(engine, Bus(), Pricer(), rules)
        await pipeline.ingest(reading.events, reading.signals)
        ids = {event.session_id for event in reading.events}
        assert {row.id for row in engine.sessions_by_id(sorted(ids))} == ids

    asyncio.run(story())
