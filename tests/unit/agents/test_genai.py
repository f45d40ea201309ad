"""Services that nobody knows: the GenAI conventions, and what clients of earlier runtimes send."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.base import Reading
from agentmonitor.agents.genai import GENERIC
from agentmonitor.agents.genai.metrics import points
from agentmonitor.agents.genai.records import log as read_log
from agentmonitor.agents.genai.records import span as read_span
from agentmonitor.agents.registry import load_registry
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.fixtures.genai.build import AT, CLASSES, check, log, point, put, span, stored, together
from tests.unit.model.strategies import json_values

TRACE, SPAN = "a" * 32, "b" * 16
DETAILS = "gen_ai.client.inference.operation.details"
CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
    "gen_ai.conversation.id": "c-1", "gen_ai.request.model": "gpt-5",
    "gen_ai.response.model": "gpt-5-2026", "gen_ai.response.id": "resp_1",
    "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50,
    "gen_ai.usage.cache_read.input_tokens": 600, "gen_ai.usage.cache_creation.input_tokens": 100,
    "gen_ai.usage.reasoning.output_tokens": 20,
}  # fmt: skip


def one(reading: Reading) -> Event:
    (event,) = reading.events
    check(event)
    assert event.source == "otel"
    return event


def of_log(attributes: dict[str, Any], **fields: Any) -> Event:
    return one(read_log(log(attributes, **fields), AT + 9))


def of_span(attributes: dict[str, Any], **fields: Any) -> Event:
    return one(read_span(span(attributes, **fields), AT + 9))


def without(*names: str) -> dict[str, Any]:
    return {key: value for key, value in CHAT.items() if key not in names}


def tokens(event: Event) -> tuple[int, ...]:
    return tuple(getattr(event, name) for name in CLASSES)


def test_the_registry_reads_unknown_services_with_it() -> None:
    registry = load_registry()
    assert registry.telemetry_of("nobody-knows") is GENERIC
    assert registry.telemetry_of("gemini-cli") is not GENERIC


@pytest.mark.parametrize("channel", [Channel.LOG, Channel.SPAN])
def test_a_request_has_its_cached_tokens_once(channel: Channel) -> None:
    event = of_log(CHAT) if channel == Channel.LOG else of_span(CHAT)
    assert (event.event_type, event.channel, event.status) == ("llm_response", channel, "success")
    assert tokens(event) == (300, 600, 100, 50)
    assert (event.session_id, event.agent_type) == ("c-1", "my_agent")
    assert event.model == "gpt-5-2026"
    assert event.keys[0] == "genai:response:resp_1"
    assert event.metadata["reasoning_tokens"] == 20
    assert event.metadata["provider"] == "openai"
    assert event.cost_usd is None
    assert event.report is not None
    assert not event.report.session_wide


def test_who_counts_the_cached_tokens_apart_is_understood() -> None:
    event = of_log(CHAT | {"gen_ai.usage.input_tokens": 12})
    assert tokens(event) == (12, 600, 100, 50)


def test_names_of_earlier_conventions_are_read() -> None:
    event = of_span({
        "gen_ai.system": "anthropic", "gen_ai.request.model": "m",
        "gen_ai.usage.prompt_tokens": "70", "gen_ai.usage.completion_tokens": "7",
        "gen_ai.usage.cache_read_input_tokens": "30",
        "gen_ai.usage.cache_creation_input_tokens": "10", "gen_ai.usage.cost": "0.25",
        "gen_ai.latency": 41.6, "gen_ai.session.id": "s-1",
    }, start=None, end=None)  # fmt: skip
    assert tokens(event) == (30, 30, 10, 7)
    assert (event.cost_usd, event.duration_ms, event.session_id) == (0.25, 42, "s-1")
    assert event.occurred_at == AT + 9


@pytest.mark.parametrize("body", [dict, json.dumps], ids=["object", "text"])
def test_the_facts_may_stand_in_the_body(body: Any) -> None:
    told = {
        "session_id": "s-2", "event_type": "llm_response", "model": "m", "input_tokens": 12,
        "output_tokens": 3, "cache_read_tokens": 600, "cache_write_tokens": 4, "cost_usd": 0.5,
        "duration_ms": 77, "project": "storefront", "branch": "main", "note": "kept",
    }  # fmt: skip
    event = of_log({}, body=body(told))
    assert tokens(event) == (12, 600, 4, 3)
    assert (event.session_id, event.model, event.cost_usd) == ("s-2", "m", 0.5)
    assert (event.project, event.branch, event.duration_ms) == ("storefront", "main", 77)
    assert event.metadata["note"] == "kept"
    assert "input_tokens" not in event.metadata


def test_a_call_without_its_type_is_known_by_its_name() -> None:
    event = of_log({}, body={"session_id": "s", "tool_name": "Bash", "duration_ms": 5})
    assert (event.event_type, event.tool_name, event.duration_ms) == ("tool_use", "Bash", 5)
    assert of_log({"session.id": "s", "tool_name": "Bash"}).event_type == "tool_use"
    assert of_log({"session.id": "s", "event.name": "user_prompt"}).event_type == "user_prompt"
    prompt = {"session.id": "s", "event.name": "my.user_prompt", "prompt": "Do it"}
    assert of_log(prompt).metadata["prompt"] == "Do it"
    begun = of_log({}, body={"session_id": "s"}, event_name="session.start")
    assert begun.event_type == "session_start"


@pytest.mark.parametrize(("service", "expected"), [
    ("My Agent/2", "my_agent_2"), ("x" * 90, "x" * 60), ("", "helper"),
    ("unknown_service:node", "helper"), ("--", "helper"),
])  # fmt: skip
def test_the_agent_is_the_service_or_what_it_calls_itself(service: str, expected: str) -> None:
    assert of_log(CHAT | {"gen_ai.agent.name": "Helper"}, service=service).agent_type == expected
    if expected == "helper":
        assert of_log(CHAT, service=service).agent_type == "genai"
        assert of_log(CHAT | {"agent_type": "me"}, service=service).agent_type == "me"


def test_the_session_is_the_conversation_or_the_resources_or_the_trace() -> None:
    names = {"gen_ai.conversation.id": "1", "gen_ai.session.id": "2", "session.id": "3"}
    bare = without("gen_ai.conversation.id")
    for name, value in list(names.items()):
        assert of_log(bare | names).session_id == value
        del names[name]
    assert of_log(bare, resource={"session.id": "r"}, trace_id=TRACE).session_id == "r"
    assert of_log(bare, trace_id=TRACE).session_id == f"trace-{TRACE}"
    assert read_log(log(bare), AT) == Reading()


def test_a_tools_span_is_a_call() -> None:
    call = {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": "call_0123456789abcdefgh", "gen_ai.conversation.id": "c",
        "gen_ai.tool.call.arguments": '{"query":"otel"}', "gen_ai.tool.call.result": "found",
    }  # fmt: skip
    event = of_span(call, name="execute_tool search", parent_id="c" * 16)
    assert (event.event_type, event.tool_name, event.status) == ("tool_use", "search", "success")
    assert (event.duration_ms, event.occurred_at) == (1000, AT + 1000)
    assert event.keys == ("genai:tool:call_0123456789abcdefgh",)
    assert event.metadata["query"] == "otel"
    assert event.metadata["output"] == "found"
    assert {k: event.metadata[k] for k in ("trace_id", "span_id", "parent_id")} == {
        "trace_id": TRACE, "span_id": SPAN, "parent_id": "c" * 16,
    }  # fmt: skip
    failed = of_span(call, failed=True, status_message="no net")
    assert (failed.status, failed.metadata["error"]) == ("error", "no net")
    assert of_span(call | {"error.type": "timeout"}).metadata["error"] == "timeout"
    numbered = of_span(call | {"gen_ai.tool.call.id": "call_1"})
    assert numbered.keys == ("genai:tool:c:call_1",)


def test_an_agents_run_has_no_tokens_of_its_own() -> None:
    """Its usage is the sum of what its requests report."""
    run = CHAT | {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper"}
    root, inner = of_span(run), of_span(run, parent_id="c" * 16)
    assert (root.event_type, inner.event_type) == ("turn_end", "subagent_end")
    assert tokens(root) == tokens(inner) == (0, 0, 0, 0)
    assert root.cost_usd is None
    assert root.keys == ()
    assert read_span(span(CHAT | {"gen_ai.operation.name": "create_agent"}), AT) == Reading()
    assert read_log(log(run), AT) == Reading()


def test_other_operations_are_requests() -> None:
    for name in ("text_completion", "generate_content", "embeddings", "something_new"):
        assert of_span(CHAT | {"gen_ai.operation.name": name}).event_type == "llm_response"


def test_a_failed_request_is_an_error() -> None:
    bare = without(*(key for key in CHAT if "usage" in key), "gen_ai.response.id")
    event = of_span(bare | {"error.type": "rate_limit"}, failed=True, status_message="429")
    assert (event.event_type, event.status) == ("error", "error")
    assert (event.metadata["error"], event.metadata["message"]) == ("429", "rate_limit")
    told = of_log({"session.id": "s"}, severity=17, body="it broke")
    assert (told.event_type, told.metadata["message"]) == ("error", "it broke")
    thrown = of_log(bare | {"exception.message": "bad", "event.name": "gen_ai.client.operation.exception"})  # noqa: E501  # fmt: skip
    assert (thrown.event_type, thrown.metadata["error"]) == ("error", "bad")


def test_noise_is_not_stored() -> None:
    for attributes in (
        {}, {"session.id": "s"}, {"http.route": "/x", "session.id": "s"}, {"model": "m"},
        {"event.name": "page_view", "session.id": "s"},
        {"event.name": "gen_ai.user.message", "gen_ai.system": "openai", "session.id": "s"},
        {"event.name": "gen_ai.choice", "gen_ai.system": "openai", "session.id": "s"},
        {"event.name": DETAILS, "gen_ai.operation.name": "chat", "session.id": "s"},
    ):  # fmt: skip
        assert read_log(log(attributes, trace_id=TRACE), AT) == Reading(), attributes
    assert read_log(log({}, severity=17, body="x", trace_id=TRACE), AT) == Reading()
    for attributes in ({}, {"session.id": "s"}, {"http.route": "/x", "model": "m"}):
        assert read_span(span(attributes), AT) == Reading(), attributes


def test_a_repeated_record_is_known_and_another_is_not(tmp_path: Path) -> None:
    bare = without("gen_ai.response.id")
    parts = [read_log(log(bare), AT), read_log(log(bare, time=AT + 1), AT)]
    again = [read_log(log(bare), AT), read_log(log(bare, time=AT + 1), AT)]
    note = {"session_id": "c-1", "event_type": "notification"}
    plain = [read_log(log({}, body=note), AT) for _ in range(2)]
    engine = stored(tmp_path / "a.db", *parts, *again, *plain)
    (row,) = engine.sessions_by_id(["c-1"])
    engine.close()
    assert (row.tokens_in, row.event_count) == (600, 3)


@pytest.mark.parametrize("names", [(), ("gen_ai.response.id",)], ids=["by its id", "by its counts"])
@pytest.mark.parametrize("order", ["log first", "span first"])
def test_a_request_is_one_through_all_channels(tmp_path: Path, names: Any, order: str) -> None:
    attributes = without(*names)
    told = [
        read_log(log(attributes, trace_id=TRACE, span_id=SPAN), AT),
        read_span(span(attributes), AT),
        points(
            [point("gen_ai.client.token.usage", 1000, CHAT | {"gen_ai.token.type": "input"})], AT
        ),
    ]
    if order == "span first":
        told.reverse()
    engine = stored(tmp_path / "a.db", *told, *told)
    (row,) = engine.sessions_by_id(["c-1"])
    engine.close()
    assert tuple(getattr(row, name) for name in CLASSES) == (300, 600, 100, 50)
    assert row.event_count == 2


def test_sums_count_only_with_a_session() -> None:
    name = "gen_ai.client.token.usage"
    base = {"gen_ai.request.model": "m", "session.id": "s"}
    found = [
        point(name, 100, base | {"gen_ai.token.type": "input"}),
        point(name, 9, base | {"gen_ai.token.type": "output"}),
        point(name, 50, base | {"gen_ai.token.type": "input", "gen_ai.response.model": "n"}),
        point(name, 50, {"gen_ai.token.type": "input"}),
        point(name, 50, base | {"gen_ai.token.type": "other"}),
        point("gen_ai.client.operation.duration", 1.5, base),
    ]
    first, second = points(found, AT).events
    for event in (first, second):
        check(event)
        assert event.report is not None
        assert event.report.session_wide
        assert event.signal is not None
        assert event.signal.kind == "none"
    assert (first.model, first.tokens_in, first.tokens_out) == ("m", 100, 9)
    assert (second.model, second.tokens_in, second.tokens_out) == ("n", 50, 0)
    moved = point(name, 5, {"gen_ai.token.type": "input"}, resource={"session.id": "r"})
    assert points([moved], AT).events[0].session_id == "r"


def test_telemetry_alone_counts_every_request(tmp_path: Path) -> None:
    """A naive sum over the records of a run: the agent's own span is no request."""
    records = [
        span(CHAT | {"gen_ai.response.id": f"r{n}", "gen_ai.usage.input_tokens": 1000 + n},
             span_id=f"{n:016x}", parent_id="f" * 16)
        for n in range(5)
    ]  # fmt: skip
    run = span(CHAT | {"gen_ai.operation.name": "invoke_agent"}, span_id="f" * 16)
    told = together([read_span(each, AT) for each in [*records, run]])
    engine = stored(tmp_path / "a.db", told)
    (row,) = engine.sessions_by_id(["c-1"])
    engine.close()
    assert row.tokens_in == sum(r.attributes["gen_ai.usage.input_tokens"] - 700 for r in records)
    assert (row.tokens_out, row.event_count) == (250, 6)


PLACES = [*CHAT, "event.name", "event_type", "tool_name", "gen_ai.tool.name", "gen_ai.tool.call.id",
          "error.type", "session.id", "gen_ai.usage.cost", "gen_ai.latency", "status", "success",
          "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "project", "model", "event_id",
          "input_tokens", "event.timestamp", "gen_ai.agent.name"]  # fmt: skip
KINDS = ["tool_use", "error", "user_prompt", "session_end", "file_change", "no such type"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteEngine]:
    engine = stored(tmp_path_factory.mktemp("odd") / "a.db")
    yield engine
    engine.close()


def odd() -> st.SearchStrategy[dict[str, Any]]:
    values = json_values() | st.sampled_from(KINDS)
    return st.dictionaries(st.sampled_from(PLACES), values, max_size=6)


@given(odd(), json_values() | odd(), st.sampled_from([0, 9, 17]))
def test_no_record_is_too_odd(
    engine: SqliteEngine, fields: dict[str, Any], body: Any, severity: int
) -> None:
    reading = read_log(log(CHAT | fields, body=body, severity=severity), AT)
    for event in reading.events:
        check(event)
    put(engine, reading)


@given(odd(), st.booleans(), st.none() | st.integers(0, 2**60))
def test_no_span_is_too_odd(
    engine: SqliteEngine, fields: dict[str, Any], failed: bool, end: int | None
) -> None:
    reading = read_span(span(CHAT | fields, failed=failed, end=end), AT)
    for event in reading.events:
        check(event)
    put(engine, reading)


@given(odd(), st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4))
def test_no_point_is_too_odd(fields: dict[str, Any], values: list[float]) -> None:
    name = "gen_ai.client.token.usage"
    known: Mapping[str, Any] = CHAT | {"gen_ai.token.type": "input"} | fields
    for event in points([point(name, value, dict(known)) for value in values], AT).events:
        check(event)
