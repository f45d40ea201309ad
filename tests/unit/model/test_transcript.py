"""Events as entries of a transcript."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from agentmonitor.model.session import event_row
from agentmonitor.model.transcript import TranscriptEntry, transcript_entry
from tests.unit.builders import NOW, event
from tests.unit.model.strategies import TYPES, json_values

ROLES = {
    "user_prompt": "user", "llm_request": "assistant", "llm_response": "assistant",
    "response": "assistant", "plan_step": "assistant", "turn_end": "assistant",
    "tool_use": "tool", "file_change": "tool", "git_commit": "tool",
}  # fmt: skip


def entry(**fields: Any) -> TranscriptEntry:
    return transcript_entry(event_row(event(**fields)))


@pytest.mark.parametrize("event_type", TYPES)
def test_each_type_has_a_role(event_type: str) -> None:
    assert entry(event_type=event_type).role == ROLES.get(event_type, "system")


def test_keys_without_a_value_are_left_out() -> None:
    shown = msgspec.to_builtins(entry())
    assert shown == {"role": "tool", "type": "tool_use", "timestamp": "2026-11-30T00:00:00.000Z"}


def test_what_is_known_is_shown() -> None:
    shown = msgspec.to_builtins(
        entry(tool_name="Bash", status="error", model="m", tokens_in=1, tokens_out=2, cost_usd=0.0,
              duration_ms=0, occurred_at=NOW - 1, metadata_json='{"command":"make","x":"y"}')
    )  # fmt: skip
    assert shown == {
        "role": "tool", "type": "tool_use", "timestamp": "2026-11-29T23:59:59.999Z",
        "tool_name": "Bash", "detail": "make", "status": "error", "model": "m", "tokens_in": 1,
        "tokens_out": 2, "cost_usd": 0.0, "duration_ms": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "detail"),
    [
        ({"command": "ls", "message": "hello"}, "hello"),
        ({"message": "", "file_path": "/a"}, "/a"),
        ({"message": 7, "query": "q"}, "q"),
        ({"prompt": "p", "error": "e"}, "p"),
        ({"other": "x"}, None),
        ("only text", "only text"),
        ("", None),
        ([1, 2], None),
        (None, None),
    ],
)
def test_the_detail_is_the_first_text_that_says_something(metadata: Any, detail: str) -> None:
    encoded = msgspec.json.encode(metadata).decode()
    assert entry(metadata_json=encoded).detail == detail


@given(json_values())
def test_any_metadata_can_be_shown(metadata: Any) -> None:
    shown = entry(metadata_json=msgspec.json.encode(metadata).decode())
    assert shown.detail is None or shown.detail
