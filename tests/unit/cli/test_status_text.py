"""The status line: what it says, whatever it is given."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.agents.claude_code.terminal_line import facts
from agentmonitor.cli.status_text import _agent, _line

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["used_percentage", "resets_at", "display_name", "id",
                                       "current_dir", "five_hour", "current_usage",
                                       "context_window_size", "input_tokens",
                                       "total_cost_usd"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = ["model", "workspace", "cost", "context_window", "rate_limits", "cwd"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_input_breaks_the_line(payload: dict[str, Any]) -> None:
    line = _line(facts(payload), time.time(), color=False)
    assert "\n" not in line
    assert "\x1b" not in line


def test_the_line_has_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    now = 1_795_500_000  # a Tuesday, 08:40
    payload = {
        "model": {"id": "m", "display_name": "Big \x1b[31mModel"},
        "workspace": {"current_dir": "/no/such/shop/"},
        "context_window": {"used_percentage": 43.4},
        "cost": {"total_cost_usd": 1.239},
        "rate_limits": {
            "five_hour": {"used_percentage": 64, "resets_at": now + 3600},
            "seven_day": {"used_percentage": 91.2, "resets_at": now + 3 * 86_400},
        },
    }
    assert _line(facts(payload), now, color=False) == (
        "Big ␛[31mModel · shop · context 43% · $1.24 · 5h 64% until 07:00 · 7d 91% until Fri 06:00"
    )
    colored = _line(facts(payload), now, color=True)
    assert "\x1b[33m5h 64%\x1b[0m" in colored
    assert "\x1b[31m7d 91%\x1b[0m" in colored
    monkeypatch.undo()
    time.tzset()


def test_a_window_that_was_reset_is_left_out() -> None:
    limits = {"five_hour": {"used_percentage": 64, "resets_at": 1000}}
    assert _line(facts({"rate_limits": limits}), 2000, color=False) == ""


def test_the_context_is_worked_out_where_it_is_not_told() -> None:
    usage = {"input_tokens": 100, "cache_read_input_tokens": 900, "output_tokens": 5000}
    window = {"context_window_size": 10_000, "current_usage": usage}
    assert facts({"context_window": window})["context_percent"] == 10


def test_only_windows_are_worth_sending() -> None:
    assert facts({"cost": {"total_cost_usd": 1}})["send"] is False
    assert facts({"rate_limits": {"seven_day": {"used_percentage": 1}}})["send"] is True


def test_the_module_is_found_without_its_package() -> None:
    assert _agent().facts({}) == facts({})
