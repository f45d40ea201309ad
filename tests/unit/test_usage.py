"""Usage windows: what each agent has used of its limits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentmonitor.agents.registry import load_registry
from agentmonitor.config import load_settings
from agentmonitor.model.clock import HOUR_MS
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.usage.monitor import usage_monitor
from tests.unit.builders import NOW, event
from tests.unit.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    engine = SqliteEngine(tmp_path / "a.db")
    engine.open()
    yield Store(engine)
    engine.close()


def monitor(store: Store, **environ: str) -> list[dict[str, Any]]:
    settings = load_settings(
        {f"AGENTMONITOR_{name}": text for name, text in environ.items()}, db_path=Path("/x")
    )
    found: list[dict[str, Any]] = msgspec.to_builtins(
        usage_monitor(store.engine, load_registry(), settings, NOW)
    )
    return found


def test_only_agents_that_were_seen_and_have_a_limit_are_told(store: Store) -> None:
    assert monitor(store) == []
    store.write(event(agent_type="gemini_cli"), event(agent_type="somebody"))
    assert monitor(store) == []
    store.write(event(agent_type="codex"), event(agent_type="claude_code"))
    assert [entry["agent_type"] for entry in monitor(store)] == ["claude_code", "codex"]


def test_each_window_counts_what_lies_in_it_by_the_events_own_time(store: Store) -> None:
    ahead = -24  # a clock that is wrong
    for hours, tokens in ((5, 1), (5.001, 10), (168, 100), (168.001, 1000), (ahead, 10_000)):
        at = NOW - int(hours * HOUR_MS)
        store.write(
            event(agent_type="claude_code", occurred_at=at, tokens_in=tokens, cache_read_tokens=7)
        )
    store.write(event(agent_type="codex", occurred_at=NOW, tokens_in=5, cost_usd=2.5))
    claude, codex = monitor(store)
    assert claude == {
        "agent_type": "claude_code",
        "limitType": "tokens",
        "session": {"used": 1, "limit": 44_000, "windowHours": 5},
        "extended": None,
        "weekly": {"used": 111, "limit": 293_000, "windowHours": 168},
    }
    assert codex == {
        "agent_type": "codex",
        "limitType": "cost",
        "session": {"used": 2.5, "limit": 500, "windowHours": 5},
        "extended": {"used": 2.5, "limit": 1500, "windowHours": 168},
        "weekly": None,
    }


def test_the_users_windows_count(store: Store) -> None:
    store.write(event(agent_type="claude_code", occurred_at=NOW - HOUR_MS, tokens_out=3))
    (entry,) = monitor(
        store, SESSION_WINDOW_HOURS="0.5", EXTENDED_TOKEN_LIMIT_CLAUDE_CODE="9",
        WEEKLY_TOKEN_LIMIT_CLAUDE_CODE="0",
    )  # fmt: skip
    assert entry["session"] == {"used": 0, "limit": 44_000, "windowHours": 0.5}
    assert entry["extended"] == {"used": 3, "limit": 9, "windowHours": 24}
    assert entry["weekly"] is None
