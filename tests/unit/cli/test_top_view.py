"""The live view: who comes first, and that it fits the screen."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.cli.event_line import event_line
from agentmonitor.cli.options import zone_of
from agentmonitor.cli.text import width
from agentmonitor.cli.top_view import SORTS, order, view

AT = "2026-11-24T12:00:00.000Z"


def session(number: int, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": f"s{number}", "agent_type": "my_agent", "project": f"p{9 - number}", "title": None,
        "state": "working", "state_since": f"2026-11-24T11:0{number}:00.000Z", "tool": None,
        "subagents": [], "tokens_in": number, "tokens_out": 0, "cache_read_tokens": 0,
        "cache_write_tokens": 0, "total_cost_usd": float(number), "unpriced_events": 0,
        "last_event_at": f"2026-11-24T11:1{number}:00.000Z",
    }  # fmt: skip
    return {**row, **more}


def live(rows: list[dict[str, Any]], attention: list[tuple[str, str]]) -> dict[str, Any]:
    asked = [
        {"session_id": id_, "reason": reason, "since": AT, "tool": None, "code": None,
         "detail": "why", "subagent_id": None}
        for id_, reason in attention
    ]  # fmt: skip
    return {"at": AT, "sessions": rows, "attention": asked, "counts": {"working": len(rows)}}


def shown(found: dict[str, Any], columns: int, lines: int, scroll: int = 0) -> list[str]:
    return view(found, [], {}, sort="active", reverse=False, scroll=scroll, columns=columns,
                lines=lines, status="now")  # fmt: skip


@pytest.mark.parametrize("sort", SORTS)
def test_who_needs_somebody_comes_first_in_every_order(sort: str) -> None:
    found = live([session(n) for n in range(5)], [("s2", "permission"), ("s0", "failed")])
    for reverse in (False, True):
        ids = [row["id"] for row in order(found, sort, reverse=reverse)]
        assert ids[:2] == ["s2", "s0"]
        assert sorted(ids[2:], reverse=not reverse) == ids[2:]


def test_a_session_with_two_reasons_stands_where_the_more_urgent_is() -> None:
    found = live([session(1), session(2)], [("s2", "permission"), ("s1", "input"), ("s2", "long")])
    assert [row["id"] for row in order(found, "active", reverse=False)] == ["s2", "s1"]


@given(st.integers(0, 9), st.integers(60, 200), st.integers(6, 40), st.integers(0, 20),
       st.text(max_size=60))  # fmt: skip
def test_it_fits_the_screen_whatever_the_sessions_are_called(
    count: int, columns: int, lines: int, scroll: int, title: str
) -> None:
    tool = {"name": title, "detail": title, "since": AT}
    found = live([session(n, title=title, tool=tool) for n in range(count)], [])
    frame = shown(found, columns, lines, scroll)
    assert len(frame) == lines
    assert all(width(line) <= columns for line in frame)
    assert not any("\x1b" in line for line in frame)


@pytest.mark.parametrize(
    ("tokens", "window", "told"),
    [
        (124_000, 200_000, "62%"),
        (199_999, 200_000, "100%"),
        (124_000, None, "124k"),
        (300_000, 200_000, "300k"),
        (None, 200_000, "-"),
    ],
)
def test_a_context_is_told_as_a_share_where_the_window_is_known(
    tokens: int | None, window: int | None, told: str
) -> None:
    found = live([session(1, context_window=window)], [])
    contexts = {} if tokens is None else {"s1": tokens}
    frame = view(found, [], contexts, sort="active", reverse=False, scroll=0, columns=120,
                 lines=8, status="now")  # fmt: skip
    head = next(line for line in frame if "context" in line)
    row = next(line for line in frame if " p8 " in line)
    assert row[: head.index("context") + len("context")].split()[-1] == told


def test_scrolling_ends_at_the_last_session() -> None:
    found = live([session(n) for n in range(9)], [])
    frame = shown(found, 100, 8, scroll=50)
    assert any(" s0 " in line for line in frame)
    assert not any(" s8 " in line for line in frame)


@given(st.integers(40, 200), st.text(max_size=300), st.text(max_size=40))
def test_an_event_takes_one_line(columns: int, text: str, name: str) -> None:
    row = {
        "client_timestamp": AT, "created_at": AT, "session_id": name, "agent_type": name,
        "project": name, "tool_name": name, "event_type": "tool_use", "status": "success",
        "duration_ms": 1500, "tokens_in": 0, "tokens_out": 0, "cache_read_tokens": 0,
        "cache_write_tokens": 0, "cost_usd": None, "metadata": msgspec.json.encode(
            {"command": text}).decode(),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agentmonitor.cli.event_line.columns", lambda: columns)
        line = event_line(row, zone_of("UTC"))
    assert "\n" not in line
    assert "\x1b" not in line
    # The columns before the text are of a fixed width, and narrow terminals have fewer of them.
    assert width(line) <= max(columns, 140)
