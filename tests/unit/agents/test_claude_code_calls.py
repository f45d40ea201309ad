"""Tool calls whose ids telemetry does not have, before 2.1.119: with the session's file they count
once where that is certain, and two calls never count as one."""

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.agents.base import Reading
from agentmonitor.agents.claude_code import keys
from agentmonitor.agents.claude_code.hooks import parse_hook
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from tests.fixtures.claude_code.files.build import OPUS, File, call, stamp, usage
from tests.fixtures.genai.build import stored
from tests.unit.agents.claude_telemetry import AT, SESSION, log, record
from tests.unit.agents.claude_tell import tell

OLD = "2.1.104"
BEGAN = AT - AT % 60_000


class Call(msgspec.Struct, frozen=True):
    """A call of a tool, and when it ended in ms."""

    number: int
    tool: str
    at: int


def written(calls: list[Call], version: str = OLD) -> list[Event]:
    """The session's file: all calls of one answer, and what came of them."""
    file = File(SESSION, at=BEGAN - 5000, version=version)
    asked = [call(f"toolu_{c.number:024}", c.tool, x=c.number) for c in calls]
    file.answer("msg_1", OPUS, usage(1, 1), *asked)
    for each in calls:
        file.result(f"toolu_{each.number:024}", timestamp=stamp(BEGAN + each.at))
    return [event for event in tell(file)[0] if event.event_type == "tool_use"]


def sent(each: Call, **changed: Any) -> Event:
    """The record of a call. It is sent a moment before the line is written."""
    fields: dict[str, Any] = {"tool_use_id": None, "tool_name": each.tool, "success": "true"}
    at = BEGAN + each.at - 3
    (event,) = log(record("tool_result", sequence=each.number, at=at, **fields | changed))
    return event


def hooked(each: Call) -> Event:
    """The hook of a call, which has its id. It comes a moment after the record's time."""
    payload = {
        "hook_event_name": "PostToolUse", "session_id": SESSION, "tool_name": each.tool,
        "tool_use_id": f"toolu_{each.number:024}", "tool_input": {}, "tool_response": {},
    }  # fmt: skip
    (event,) = parse_hook(payload, BEGAN + each.at).events
    event.channel, event.created_at = Channel.HOOK, BEGAN + each.at
    return event


def counted(events: list[Event]) -> int:
    with TemporaryDirectory() as folder:
        parts = [Reading(events=[msgspec.structs.replace(event)]) for event in events]
        engine = stored(Path(folder) / "a.db", *parts)
        (row,) = engine.sessions_by_id([SESSION])
        engine.close()
    return row.event_count


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Calls one after the other and beside each other; none ends with a second."""
    moments = draw(st.lists(st.integers(0, 5).map(lambda s: s * 1000 + 500), max_size=6))
    tools = st.sampled_from(("Bash", "Read", "mcp__files__read"))
    return [Call(n, draw(tools), at) for n, at in enumerate(moments)]


@settings(max_examples=25)
@given(st.data())
def test_order_and_repeats_do_not_matter_and_no_two_calls_are_one(data: st.DataObject) -> None:
    known = data.draw(calls())
    given_events = written(known) + [sent(each) for each in known]
    again = data.draw(st.lists(st.sampled_from(given_events), max_size=4)) if given_events else []
    arriving = data.draw(st.permutations(given_events + again))
    if not arriving:
        return
    crowds = {(each.tool, each.at) for each in known}
    # Of calls of one tool in one second, one is recognised: the others count in both channels.
    assert counted(arriving) == len(crowds) + 2 * (len(known) - len(crowds))
    assert counted(arriving) >= len(known)


def test_calls_one_after_the_other_count_once_in_either_order() -> None:
    known = [Call(n, "Bash", 500 + n * 2000) for n in range(5)]
    file, logs = written(known), [sent(each) for each in known]
    assert counted(file + logs) == counted(logs + file) == 5


@pytest.mark.parametrize(
    "other",
    [{"tool": "Read"}, {"at": 1500}, {"session__id": "other"}],
    ids=["another tool", "another second", "another session"],
)
def test_what_is_not_alike_stays_apart(other: dict[str, Any]) -> None:
    one = Call(1, "Bash", 500)
    changed = {key: value for key, value in other.items() if key in ("tool", "at")}
    record_of = msgspec.structs.replace(one, **changed)
    fields = {key: value for key, value in other.items() if key == "session__id"}
    found = written([one])
    assert not set(found[0].keys) & set(sent(record_of, **fields).keys)


def test_a_hook_and_the_telemetry_of_an_old_version_count_once_in_any_order() -> None:
    one = Call(1, "Bash", 500)
    reports = [hooked(one), sent(one), *written([one])]
    for events in itertools.permutations(reports):
        assert counted(list(events)) == 1
    assert counted(reports[:2]) == 1


def test_hooks_of_two_calls_in_one_second_are_never_one() -> None:
    first, second = Call(1, "Bash", 400), Call(2, "Bash", 600)
    found = [hooked(first), hooked(second), sent(first), sent(second)]
    for events in itertools.permutations(found):
        assert counted(list(events)) in (2, 3)


def test_mcp_tools_are_alike_though_telemetry_hides_their_names() -> None:
    one = Call(1, "mcp__files__read", 500)
    assert counted([*written([one]), sent(one, tool_name="mcp_tool")]) == 1


def test_newer_versions_are_known_by_the_calls_id_alone() -> None:
    one = Call(1, "Bash", 500)
    (event,) = written([one], "2.1.119")
    assert event.keys == (keys.tool(f"toolu_{1:024}"),)
    named = sent(one, tool_use_id=f"toolu_{1:024}")
    assert named.keys == event.keys
    assert counted([event, named]) == 1


@pytest.mark.parametrize(
    ("version", "named"),
    [("2.1.118", False), ("2.1.119", True), ("1.0.17", False), ("3.0.0", True), ("2.1.104-beta", 0),
     (None, True), ("", True), ("x", True), (7, True)],
)  # fmt: skip
def test_the_version_tells_whether_telemetry_names_calls(version: Any, named: bool) -> None:
    assert keys.names_calls(version) is bool(named)
