"""What Codex's settings need: telemetry in ``config.toml``, hooks in ``hooks.json`` beside it.

Source: openai/codex, ``codex-rs/config`` and ``codex-rs/hooks``. A project's ``config.toml`` cannot
name an exporter. Hooks run only once the user has reviewed them in the terminal, and Codex knows
those by their place in the file: ours go to the end, so that earlier ones stay reviewed.
"""

from collections.abc import Mapping
from functools import partial
from shutil import which
from typing import Any

from agentmonitor.agents.codex.files import roots
from agentmonitor.agents.codex.names import HOOK_EVENTS
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

_SECONDS = 5


def setup(wanted: Wanted) -> Setup | None:
    """The files to change; None when Codex is not installed."""
    home = roots(wanted.folders)[0].parent
    if not home.is_dir() and not which("codex"):
        return None
    folder = home if wanted.project is None else wanted.project / ".codex"
    hooks = SettingsFile(
        path=folder / "hooks.json", format="json", changes=partial(hook_changes, wanted)
    )
    config = SettingsFile(
        path=folder / "config.toml", format="toml", changes=partial(config_changes, wanted)
    )
    return Setup(
        files=[hooks] if wanted.project is not None else [config, hooks],
        next_steps=[
            "Start Codex in a terminal. It asks to review new hooks: trust them. Until then it"
            " does not run them, and says nothing about it."
        ],
    )


def config_changes(wanted: Wanted, content: Mapping[str, Any]) -> Changes:
    """What ``config.toml`` needs, given what it says."""
    notes = []
    features = mapping(content.get("features"))
    if features.get("hooks") is False or features.get("codex_hooks") is False:
        notes.append("features.hooks is false, so Codex runs no hooks. Take it out.")
    if _hooks_within(content):
        notes.append(
            "config.toml has hooks of yours, and ours are in hooks.json: Codex uses both, and"
            " mentions it at its start."
        )
    url = f"{wanted.origin}/v1/logs"
    exporter: Any = {"otlp-http": {"endpoint": url, "protocol": "json"}}
    own = mapping(content.get("otel")).get("exporter")
    endpoint = mapping(mapping(own).get("otlp-http")).get("endpoint")
    if endpoint == url:
        exporter = own
    elif own not in (None, "none"):
        notes.append("Telemetry is left as it is, because otel.exporter is set already.")
        return Changes(notes=notes)
    edit = Put(channel="telemetry", path=("otel", "exporter"), value=exporter)
    return Changes(edits=[edit], notes=notes)


def hook_changes(wanted: Wanted, content: Mapping[str, Any]) -> Changes:
    """What ``hooks.json`` needs, given what it says."""
    url = f"{wanted.origin}/api/hooks/codex"
    group = {"hooks": [_command(wanted.commands.hook(url))]}
    edits: list[Edit] = [
        Append(channel="hooks", path=("hooks", name), value=group, mark=url) for name in HOOK_EVENTS
    ]
    if wanted.guard:
        command = wanted.commands.guard("permission")
        guard = {"matcher": "^Bash$", "hooks": [_command(command)]}
        path = ("hooks", "PreToolUse")
        edits.append(Append(channel="guard", path=path, value=guard, mark=command))
    return Changes(edits=edits)


def _command(command: str) -> dict[str, Any]:
    return {"type": "command", "command": command, "timeout": _SECONDS}


def _hooks_within(content: Mapping[str, Any]) -> bool:
    return any(isinstance(value, list) for value in mapping(content.get("hooks")).values())
