"""Which spans belong to an agent's session, and to which."""

from typing import Any

from agentmonitor.agents.registry import load_registry
from agentmonitor.agents.traces import session_spans
from agentmonitor.otlp.records import Span

CLAUDE = "claude_code"


def span(number: int, **fields: Any) -> Span:
    known: dict[str, Any] = {
        "resource": {}, "attributes": {}, "name": f"s{number}", "trace_id": "t1",
        "span_id": f"{number:016x}", "start": 1_800_000_000_000, "end": 1_800_000_000_250,
    }  # fmt: skip
    return Span(**known | fields)


def test_a_span_says_what_it_said() -> None:
    given = span(
        1, parent_id="p", failed=True, status_message="boom", attributes={"session.id": "s", "n": 1}
    )
    (told,) = session_spans([(given, CLAUDE)])
    assert (told.session_id, told.agent_type, told.parent_id) == ("s", CLAUDE, "p")
    assert (told.name, told.start, told.duration_ms, told.failed) == ("s1", given.start, 250, True)
    assert told.attributes == {"session.id": "s", "n": 1, "status_message": "boom"}


def test_a_session_is_that_of_the_whole_trace() -> None:
    named = span(2, resource={"session.id": "s"})
    other = span(3, trace_id="t2")
    found = session_spans([(span(1), CLAUDE), (named, CLAUDE), (other, CLAUDE)])
    assert [told.session_id for told in found] == ["s", "s", None]


def test_of_strangers_only_what_is_about_an_agent_is_kept() -> None:
    web = span(1, trace_id="web")
    asked = span(2, trace_id="ai", attributes={"gen_ai.operation.name": "chat"})
    below = span(3, trace_id="ai")
    found = session_spans([(web, None), (asked, None), (below, None)])
    assert [(told.name, told.session_id) for told in found] == [
        ("s2", "trace-ai"), ("s3", "trace-ai"),
    ]  # fmt: skip


def test_a_span_without_a_place_or_a_beginning_is_passed_over() -> None:
    spans = [span(1, trace_id=""), span(2, span_id=""), span(3, start=None)]
    assert session_spans([(each, CLAUDE) for each in spans]) == []
    (turned,) = session_spans([(span(4, end=1), CLAUDE)])
    assert turned.duration_ms is None


def test_the_registry_knows_whose_a_service_is() -> None:
    registry = load_registry()
    assert registry.type_of("claude-code") == CLAUDE
    assert registry.type_of("shop") is None
