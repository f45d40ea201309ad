"""Reading the settings. This is the only module that reads the environment."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.config.declared import PREFIX, SETTINGS, open_setting
from agentmonitor.config.layers import Layer, environment_layer, file_layer
from agentmonitor.config.resolve import Resolver
from agentmonitor.config.settings import Resolved, Settings
from agentmonitor.errors import ConfigError
from agentmonitor.paths import Folders, config_dir, default_database

FILE = "config.toml"
_FILE_VARIABLE = f"{PREFIX}CONFIG"
# CODEX_HOME, XDG_DATA_HOME, …: which of them an agent heeds is known in its module.
_FOLDER_NAME = re.compile(r"[A-Z][A-Z0-9_]*_(?:HOME|DIR)")


def config_file(environ: Mapping[str, str] | None = None) -> Path | None:
    """The settings' file, whether it exists or not: AGENTMONITOR_CONFIG, or ``config.toml`` in
    the user's configuration folder. With an ``environ`` of its own only the former."""
    known = os.environ if environ is None else environ
    named = known.get(_FILE_VARIABLE, "").strip()
    if named:
        return Path(os.path.expanduser(named)).absolute()
    return config_dir() / FILE if environ is None else None


def load_settings(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings from ``environ`` (default: the process's own) and the file.

    The environment wins over the file, and ``overrides`` (command line flags; None means not
    given) win over both. An invalid value falls back and is described in ``Settings.problems``.
    Raises ConfigError when there is a file that is no TOML, and when the database has no name.
    """
    known = os.environ if environ is None else environ
    path = config_file(environ)
    problems: list[str] = []
    layers = [environment_layer(known)]
    if path is not None:
        layers.append(
            file_layer(path, problems, must_exist=bool(known.get(_FILE_VARIABLE, "").strip()))
        )
    values, resolved = _values(layers, problems)
    for field, value in overrides.items():
        if value is not None:
            name = field.removesuffix("_path") if field == "db_path" else field
            shown = value if isinstance(value, int | float) else str(value)
            values[field] = value
            resolved[field] = Resolved(field, shown, "flag", f"--{name}")
    if values["db_path"] is None:
        values["db_path"] = default_database()
        resolved["db_path"] = Resolved("db_path", str(values["db_path"]), "default")
    if not Path(values["db_path"]).name:
        raise ConfigError(
            "The database's file has no name. Name one with AGENTMONITOR_DB_PATH or --db."
        )
    values["folders"] = _folders(known)
    values["config_path"] = path
    values["problems"] = tuple(problems)
    values["resolved"] = tuple(resolved.values())
    return msgspec.convert(values, Settings, strict=False)


def _values(layers: list[Layer], problems: list[str]) -> tuple[dict[str, Any], dict[str, Resolved]]:
    """The fields of Settings, and every setting by its name in lower case."""
    resolver = Resolver(layers)
    fields: dict[str, Any] = {}
    resolved: dict[str, Resolved] = {}
    for setting in SETTINGS:
        found = resolver.find(setting)
        fields[setting.field or setting.name.lower()] = found.field
        resolved[found.resolved.name] = found.resolved
    usage: dict[str, float] = {}
    capture: dict[str, str] = {}
    for name in resolver.names():
        setting_ = open_setting(name)
        if setting_ is None:
            continue
        found = resolver.find(setting_)
        if found.field is None:
            continue
        if setting_.kind == "capture":
            capture[name.removeprefix("CAPTURE_").lower()] = found.field
        else:
            usage[name] = found.field
        resolved[found.resolved.name] = found.resolved
    problems += resolver.problems
    return fields | {"usage": usage, "capture_by_agent": capture}, resolved


def _folders(environ: Mapping[str, str]) -> Folders:
    variables = {
        name: value
        for name, value in environ.items()
        if value and _FOLDER_NAME.fullmatch(name) and not name.startswith(PREFIX)
    }
    home = environ.get("HOME")
    return Folders(Path(home) if home else Path.home(), variables)


class Terminal(msgspec.Struct, frozen=True):
    """What the environment says about the terminal and its user."""

    plain: bool
    """``NO_COLOR`` is set (https://no-color.org), or the terminal knows no colours."""
    zone: str | None
    """The value of ``TZ``."""
    has_windows: bool
    """Whether a browser can show one."""


def load_terminal(environ: Mapping[str, str] | None = None) -> Terminal:
    """Read ``NO_COLOR``, ``TERM``, ``TZ``, and what tells of a display."""
    known = os.environ if environ is None else environ
    return Terminal(
        plain=bool(known.get("NO_COLOR")) or known.get("TERM") == "dumb",
        zone=known.get("TZ") or None,
        has_windows=sys.platform in ("darwin", "win32")
        or any(known.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")),
    )


def telemetry_target(environ: Mapping[str, str] | None = None) -> str | None:
    """Where the user's shell sends the telemetry of all programs."""
    known = os.environ if environ is None else environ
    return known.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip() or None


def own_variables(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our variables that are set, for a process that starts elsewhere: paths are absolute."""
    known = os.environ if environ is None else environ
    paths = {f"{PREFIX}{setting.name}" for setting in SETTINGS if setting.kind == "path"}
    return {
        name: os.path.abspath(os.path.expanduser(value.strip()))
        if name in paths | {_FILE_VARIABLE}
        else value
        for name, value in known.items()
        if name.startswith(PREFIX) and value.strip()
    }


def fresh_variables(home: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what is ours, and with ``home`` for every folder that is looked
    into: for a process that must not see the user's own."""
    known = os.environ if environ is None else environ
    values = {
        name: value
        for name, value in known.items()
        if not name.startswith((PREFIX, "XDG_")) and not _FOLDER_NAME.fullmatch(name)
    }
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        values[f"XDG_{name}_HOME"] = str(home / name.lower())
    return values | {"HOME": str(home), "USERPROFILE": str(home)}
