"""The settings' file: what it may say, what wins over it, and what is wrong with it."""

import re
import tomllib
from pathlib import Path

import pytest

from agentmonitor.config import Settings, load_settings
from agentmonitor.config.declared import SETTINGS
from agentmonitor.config.template import ABOUT, template, write_template
from agentmonitor.errors import ConfigError

Environ = dict[str, str]


def written(folder: Path, text: str | bytes) -> Environ:
    """The environment with a file of that text."""
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {"AGENTMONITOR_CONFIG": str(path)}


def loaded(folder: Path, text: str, environ: Environ | None = None, **flags: object) -> Settings:
    return load_settings(written(folder, text) | (environ or {}), **flags)


def origin(settings: Settings, name: str) -> tuple[object, str, str | None]:
    (found,) = [each for each in settings.resolved if each.name == name]
    return found.value, found.origin, found.where


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = str(tmp_path / "config.toml")
    text = 'port = 1\nhost = "::1"\nmax_feed = 7'
    settings = loaded(
        tmp_path, text, {"AGENTMONITOR_PORT": "2", "AGENTMONITOR_HOST": "::2"}, port=3
    )
    assert (settings.port, settings.host, settings.max_feed) == (3, "::2", 7)
    assert settings.problems == ()
    assert origin(settings, "port") == (3, "flag", "--port")
    assert origin(settings, "host") == ("::2", "environment", "AGENTMONITOR_HOST")
    assert origin(settings, "max_feed") == (7, "file", file)
    assert origin(settings, "stats_interval") == (5000, "default", None)
    assert settings.config_path == Path(file)


def test_every_setting_is_accounted_for(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "", db_path=tmp_path / "a.db")
    assert [each.name for each in settings.resolved] == [each.name.lower() for each in SETTINGS]
    assert origin(settings, "db_path") == (str(tmp_path / "a.db"), "flag", "--db")


def test_an_agents_table_is_for_that_agent(tmp_path: Path) -> None:
    text = """
    capture = "full"
    session_window_hours = 4
    [agents.some_agent]
    capture = "off"
    weekly_token_limit = 1_000
    """
    settings = loaded(tmp_path, text, {"AGENTMONITOR_CAPTURE_OTHER": "metadata"})
    assert settings.problems == ()
    assert settings.capture_by_agent == {"some_agent": "off", "other": "metadata"}
    limits = {"SESSION_WINDOW_HOURS": 4, "WEEKLY_TOKEN_LIMIT_SOME_AGENT": 1000}
    assert settings.usage == limits
    assert loaded(tmp_path, 'capture_some_agent = "off"').capture_by_agent == {"some_agent": "off"}


def test_lists_and_paths_of_the_file(tmp_path: Path) -> None:
    text = 'allowed_hosts = ["A.local", "b.local"]\ndb_path = "sub/a.db"\nprojects_dir = "~/code"'
    settings = loaded(tmp_path, text)
    assert settings.allowed_hosts == {"a.local", "b.local"}
    assert settings.db_path == tmp_path / "sub" / "a.db"
    assert settings.projects_dir == Path.home() / "code"
    assert loaded(tmp_path, f'db_path = "{tmp_path}/b.db"').db_path == tmp_path / "b.db"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "prot .* is no setting .did you mean port"),
        ("Port = 1", "Port .* is no setting"),
        ("config = 'x'", "config .* is no setting"),
        ("port = true", "port .* must be a number or a text"),
        ("port = [1]", "port .* must be a number or a text"),
        ("port = 2026-11-24", "port .* must be a number or a text"),
        ("allowed_hosts = [1]", "allowed_hosts .* must be a list of texts"),
        ("port = 70000", r"port = '70000' in .* at most 65535; using 3141"),
        ("port = 1.5", "is not a whole number; using 3141"),
        ("session_timeout = inf", "session_timeout = 'inf'"),
        ("[server]\nport = 1", "server .* is no setting"),
        ("[agents]\nx = 1", "agents.x .* is no table"),
        ("agents = 1", "agents .* is no setting"),
        ("[agents.x]\nport = 1", "agents.x.port .* is no setting"),
        ("capture_x = 'off'\n[agents.x]\ncapture = 'full'", "agents.x.capture .* set twice"),
    ],
)
def test_what_is_wrong_is_said_and_left_out(tmp_path: Path, text: str, told: str) -> None:
    settings = loaded(tmp_path, text)
    (problem,) = settings.problems
    assert re.search(told, problem), problem
    assert str(tmp_path / "config.toml") in problem
    assert (settings.port, settings.session_timeout_s) == (3141, 300)


def test_an_invalid_variable_falls_back_to_the_file(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "port = 5", {"AGENTMONITOR_PORT": "x"})
    assert settings.port == 5
    (problem,) = settings.problems
    assert problem.startswith("AGENTMONITOR_PORT='x'")
    assert problem.endswith("using 5.")


def test_an_unclear_capture_never_keeps_more_than_was_asked_for(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "capture = 'full'", {"AGENTMONITOR_CAPTURE": "none"})
    assert settings.capture == "metadata"
    assert len(settings.problems) == 1


@pytest.mark.parametrize(
    "text", [b"port = ", b"\xff\xfe", b"a = 1\na = 2", b"x = " + b"[" * 5000, b"#" * (2 << 20)]
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml is not valid TOML"):
        load_settings(written(tmp_path, text))


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, b"\xef\xbb\xbfport = 9")).port == 9


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_settings({"AGENTMONITOR_CONFIG": str(tmp_path / "none.toml")})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings({"AGENTMONITOR_CONFIG": str(tmp_path)})


def test_a_named_file_may_lie_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, "port = 8")
    assert load_settings({"AGENTMONITOR_CONFIG": "~/config.toml"}).port == 8
    assert load_settings({"AGENTMONITOR_CONFIG": "  "}).config_path is None


def test_the_users_file_is_found_and_needs_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("AGENTMONITOR_CONFIG", raising=False)
    before = load_settings()
    assert before.config_path is not None
    assert before.config_path.name == "config.toml"
    assert before.config_path.is_relative_to(tmp_path)
    write_template(before.config_path)
    assert load_settings() == before
    with before.config_path.open("a") as file:
        file.write("port = 1\n")
    assert load_settings().port == 1
    with pytest.raises(ConfigError, match="left as it is"):
        write_template(before.config_path)
    assert load_settings().port == 1


def test_the_template_has_every_setting_with_its_default(tmp_path: Path) -> None:
    assert set(ABOUT) == {setting.name for setting in SETTINGS}
    assert tomllib.loads(template()) == {}
    text = re.sub(r"^# (?=\w+ = |\[)", "", template(), flags=re.MULTILINE)
    document = tomllib.loads(text)
    agents = document.pop("agents")
    assert set(document) == {setting.name.lower() for setting in SETTINGS}
    for setting in SETTINGS:
        if setting.default is not None:
            assert document[setting.name.lower()] == setting.default
    assert agents
    assert loaded(tmp_path, text).problems == ()
