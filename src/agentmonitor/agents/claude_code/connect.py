"""What Claude Code's settings need: hooks, telemetry, and the status line, which has the quotas.

Source: the agent's settings and hooks references. ``settings.json`` in the configuration folder, in
a project ``.claude/settings.local.json``, which is the user's own and not shared.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any

from agentmonitor.agents.claude_code.hooks import HTTP_EVENTS
from agentmonitor.agents.disk import expanded
from agentmonitor.agents.setup import (
    Append,
    Changes,
    Edit,
    Put,
    SettingsFile,
    Setup,
    Wanted,
    mapping,
)
from agentmonitor.paths import Folders

COMMAND_EVENTS = ("SessionStart", "Setup")
"""The events of which no URL can be told, only a command."""
GUARDED = "Bash|Read|Edit|MultiEdit|Write|NotebookEdit"

_HTTP_SECONDS = 2
_COMMAND_SECONDS = 5
_ENABLE = "CLAUDE_CODE_ENABLE_TELEMETRY"
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_EXPORTERS = ("OTEL_LOGS_EXPORTER", "OTEL_METRICS_EXPORTER")
_OFF = ("", "0", "false", "no", "off")


def setup(wanted: Wanted) -> Setup | None:
    """The files to change; None when Claude Code is not installed."""
    homes = _homes(wanted.folders)
    if not homes and not which("claude"):
        return None
    if wanted.project is not None:
        paths = [wanted.project / ".claude" / "settings.local.json"]
    else:
        paths = [home / "settings.json" for home in homes or [wanted.folders.home / ".claude"]]
    return Setup(
        files=[
            SettingsFile(path=path, format="json", changes=partial(changes, wanted))
            for path in paths
        ],
        next_steps=["Start a new session of Claude Code: running ones keep their old settings."],
    )


def changes(wanted: Wanted, content: Mapping[str, Any]) -> Changes:
    """What ``settings.json`` needs, given what it says."""
    edits = _hooks(wanted, content)
    notes = []
    if content.get("disableAllHooks") is True:
        notes.append("disableAllHooks is true, so Claude Code runs no hooks. Take it out.")
    for part in (_telemetry(wanted, content), _statusline(wanted, content)):
        edits += part.edits
        notes += part.notes
    if wanted.guard:
        command = wanted.commands.guard("permission")
        group = {"matcher": GUARDED, "hooks": [_command(command)]}
        path = ("hooks", "PreToolUse")
        edits.append(Append(channel="guard", path=path, value=group, mark=command))
    return Changes(edits=edits, notes=notes)


def _homes(folders: Folders) -> list[Path]:
    """The configuration folders: those that the variable names, else those that exist."""
    named = folders.variables.get("CLAUDE_CONFIG_DIR", "").split(",")
    if any(name.strip() for name in named):
        return [expanded(name.strip(), folders.home) for name in named if name.strip()]
    usual = (folders.home / ".claude", folders.home / ".config" / "claude")
    return [folder for folder in usual if folder.is_dir()][:1]


def _command(command: str) -> dict[str, Any]:
    return {"type": "command", "command": command, "timeout": _COMMAND_SECONDS}


def _hooks(wanted: Wanted, content: Mapping[str, Any]) -> list[Edit]:
    url = f"{wanted.origin}/api/hooks/claude-code"
    http = {"type": "http", "url": url, "timeout": _HTTP_SECONDS}
    command = _command(wanted.commands.hook(url))
    edits: list[Edit] = [
        Append(
            channel="hooks",
            path=("hooks", name),
            value={"hooks": [command if name in COMMAND_EVENTS else http]},
            mark=url,
        )
        for name in (*COMMAND_EVENTS, *HTTP_EVENTS)
    ]
    allowed = content.get("allowedHttpHookUrls")
    if isinstance(allowed, list) and not any(
        isinstance(pattern, str) and fnmatchcase(url, pattern) for pattern in allowed
    ):
        path = ("allowedHttpHookUrls",)
        edits.append(Append(channel="hooks", path=path, value=url, mark=url))
    return edits


def _telemetry(wanted: Wanted, content: Mapping[str, Any]) -> Changes:
    env = mapping(content.get("env"))
    if wanted.sent_elsewhere and _ENDPOINT not in env:
        return Changes(notes=[wanted.sent_elsewhere])
    conflict = _conflict(env, wanted.origin)
    if conflict is not None:
        note = f"Telemetry is left as it is, because env has {conflict} already."
        return Changes(notes=[note])
    values = {
        _ENABLE: "1",
        **dict.fromkeys(_EXPORTERS, "otlp"),
        _PROTOCOL: "http/json",
        _ENDPOINT: wanted.origin,
    }
    return Changes(
        edits=[
            Put(channel="telemetry", path=("env", name), value=env.get(name, value))
            for name, value in values.items()
        ]
    )


def _conflict(env: Mapping[str, Any], origin: str) -> str | None:
    """The variable by which the user sends telemetry elsewhere, or nowhere."""
    for name, value in env.items():
        text = str(value).strip()
        if name.startswith("OTEL_EXPORTER_OTLP_") and name.endswith("ENDPOINT"):
            if text.rstrip("/") != origin:
                return name
        elif name.startswith("OTEL_EXPORTER_OTLP_") and name.endswith("PROTOCOL"):
            if not text.startswith("http/"):
                return name
        elif (name in _EXPORTERS and "otlp" not in text.split(",")) or (
            name == _ENABLE and text.lower() in _OFF
        ):
            return name
    return None


def _statusline(wanted: Wanted, content: Mapping[str, Any]) -> Changes:
    if wanted.project is not None:  # quotas are the account's, so the user's own settings do
        return Changes()
    url = f"{wanted.origin}/api/statusline/claude-code"
    line = content.get("statusLine")
    if line is None:
        value = {"type": "command", "command": wanted.commands.statusline(url, None)}
        return Changes(edits=[Put(channel="quota", path=("statusLine",), value=value)])
    own = mapping(line).get("command")
    if not isinstance(own, str) or mapping(line).get("type") != "command":
        return Changes(notes=["The status line is left as it is, because it is no command."])
    if wanted.commands.is_statusline(own):
        command = wanted.commands.statusline(url, wanted.commands.own_statusline(own))
    elif url in own:
        command = own
    else:
        command = wanted.commands.statusline(url, own)
    return Changes(edits=[Put(channel="quota", path=("statusLine", "command"), value=command)])
