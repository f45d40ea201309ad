"""Settings from the environment: the contract's names and defaults, and what is invalid."""

from pathlib import Path
from typing import Any

import pytest

from agentmonitor.config import load_settings
from agentmonitor.errors import ConfigError

DB = Path("/somewhere/a.db")
VARIABLES: list[tuple[str, str, str, Any, Any]] = [
    # variable, its text, field, the field's value, and by default
    ("PORT", "8080", "port", 8080, 3141),
    ("PORT", "0", "port", 0, 3141),
    ("HOST", "::1", "host", "::1", "127.0.0.1"),
    ("MAX_PAYLOAD_KB", "2", "max_payload_bytes", 2048, 10_240),
    ("MAX_PAYLOAD_KB", "0.5", "max_payload_bytes", 512, 10_240),
    ("SESSION_TIMEOUT", "0.02", "session_timeout_s", 1.2, 300.0),
    ("MAX_FEED", "50", "max_feed", 50, 200),
    ("STATS_INTERVAL", "250", "stats_interval_ms", 250, 5000),
    ("MAX_SSE_CLIENTS", "1", "max_sse_clients", 1, 50),
    ("SSE_HEARTBEAT_MS", "1000", "sse_heartbeat_ms", 1000, 30_000),
    ("AUTO_IMPORT_MINUTES", "0", "auto_import_minutes", 0, 10),
    ("PROJECTS_DIR", "/code", "projects_dir", Path("/code"), None),
    ("ALLOWED_HOSTS", "a.local, B.local,,", "allowed_hosts", {"a.local", "b.local"}, set()),
]  # fmt: skip
INVALID = [
    ("PORT", "abc"), ("PORT", "-1"), ("PORT", "65536"), ("PORT", "80.5"), ("PORT", "nan"),
    ("PORT", "inf"), ("PORT", "0x50"), ("MAX_PAYLOAD_KB", "0"), ("MAX_PAYLOAD_KB", "-5"),
    ("MAX_PAYLOAD_KB", "1e9"), ("SESSION_TIMEOUT", "0"), ("SESSION_TIMEOUT", "five"),
    ("MAX_FEED", "0"), ("STATS_INTERVAL", "249"), ("MAX_SSE_CLIENTS", "0"),
    ("SESSION_TIMEOUT", "1e300"), ("STATS_INTERVAL", "1e300"), ("SSE_HEARTBEAT_MS", "1e300"),
    ("SSE_HEARTBEAT_MS", "999"), ("AUTO_IMPORT_MINUTES", "-1"),
    ("DB_PATH", "~nosuchuser/a.db"), ("PROJECTS_DIR", "~nosuchuser/code"),
]  # fmt: skip
USAGE = (
    "SESSION_WINDOW_HOURS", "SESSION_WINDOW_HOURS_CLAUDE_CODE", "SESSION_WINDOW_HOURS_CODEX",
    "SESSION_TOKEN_LIMIT_CLAUDE_CODE", "EXTENDED_WINDOW_HOURS_CLAUDE_CODE",
    "EXTENDED_TOKEN_LIMIT_CLAUDE_CODE", "WEEKLY_WINDOW_HOURS_CLAUDE_CODE",
    "WEEKLY_TOKEN_LIMIT_CLAUDE_CODE", "SESSION_COST_LIMIT_CODEX", "EXTENDED_WINDOW_HOURS_CODEX",
    "EXTENDED_COST_LIMIT_CODEX",
)  # fmt: skip


@pytest.mark.parametrize(("name", "text", "field", "value", "default"), VARIABLES)
def test_each_variable_of_the_contract_is_read(
    name: str, text: str, field: str, value: Any, default: Any
) -> None:
    assert getattr(load_settings({}, db_path=DB), field) == default
    for spelled in (text, f"  {text} "):
        settings = load_settings({f"AGENTMONITOR_{name}": spelled}, db_path=DB)
        assert getattr(settings, field) == value
        assert settings.problems == ()


@pytest.mark.parametrize(("name", "text"), INVALID)
def test_an_invalid_value_falls_back_and_is_reported_once(name: str, text: str) -> None:
    overrides = {} if name == "DB_PATH" else {"db_path": DB}
    settings = load_settings({f"AGENTMONITOR_{name}": text}, **overrides)
    default = load_settings({}, **overrides)
    (problem,) = settings.problems
    assert f"AGENTMONITOR_{name}" in problem
    assert repr(text) in problem
    for field in settings.__struct_fields__:
        if field != "problems":
            assert getattr(settings, field) == getattr(default, field)


def test_every_invalid_value_is_reported() -> None:
    environ = {"AGENTMONITOR_PORT": "x", "AGENTMONITOR_MAX_FEED": "y", "AGENTMONITOR_HOST": "z"}
    assert len(load_settings(environ, db_path=DB).problems) == 2


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_value_counts_as_absent(text: str) -> None:
    names = {name for name, *_ in VARIABLES} | set(USAGE)
    settings = load_settings({f"AGENTMONITOR_{name}": text for name in names}, db_path=DB)
    assert settings == load_settings({}, db_path=DB)


def test_flags_win_over_the_environment_and_none_is_no_flag() -> None:
    environ = {
        "AGENTMONITOR_PORT": "1",
        "AGENTMONITOR_HOST": "::1",
        "AGENTMONITOR_DB_PATH": "/x.db",
    }
    settings = load_settings(environ, port=2, host=None, db_path=DB)
    assert (settings.port, settings.host, settings.db_path) == (2, "::1", DB)
    assert load_settings(environ).db_path == Path("/x.db")


@pytest.mark.parametrize("name", USAGE)
def test_each_usage_window_can_be_set(name: str) -> None:
    assert load_settings({f"AGENTMONITOR_{name}": "12.5"}, db_path=DB).usage == {name: 12.5}
    broken = load_settings({f"AGENTMONITOR_{name}": "-1"}, db_path=DB)
    assert broken.usage == {}
    (problem,) = broken.problems
    assert f"AGENTMONITOR_{name}='-1'" in problem
    assert "using the default" in problem


def test_what_is_not_ours_is_left_alone() -> None:
    environ = {
        "PORT": "1",
        "AGENTMONITOR": "x",
        "AGENTMONITOR_UNKNOWN": "x",
        "XAGENTMONITOR_PORT": "2",
    }
    assert load_settings(environ, db_path=DB) == load_settings({}, db_path=DB)


def test_the_database_lies_in_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = load_settings({}).db_path
    assert path.is_relative_to(tmp_path)
    assert (path.name, path.parent.name) == ("agentmonitor.db", "agentmonitor")
    assert load_settings({"AGENTMONITOR_DB_PATH": "~/a.db"}).db_path == tmp_path / "a.db"
    assert list(tmp_path.iterdir()) == []


def test_settings_cannot_be_changed_later() -> None:
    settings = load_settings({}, db_path=DB)
    with pytest.raises(AttributeError):
        settings.port = 1  # type: ignore[misc]  # that it cannot be set is the point


@pytest.mark.parametrize("path", ["/", ".", ""])
def test_a_database_needs_a_name(path: str) -> None:
    with pytest.raises(ConfigError, match="--db"):
        load_settings({}, db_path=Path(path))
