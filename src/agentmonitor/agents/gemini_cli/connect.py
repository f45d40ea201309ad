"""What Gemini CLI's ``settings.json`` needs: telemetry and hooks.

Source: the agent's configuration and hooks references. Its hooks are commands; times are in
milliseconds.
"""

from collections.abc import Mapping
from functools import partial
from shutil import which
from typing import Any

from agentmonitor.agents._settings import telemetry_changes
from agentmonitor.agents.gemini_cli.files import roots
from agentmonitor.agents.gemini_cli.hooks import HOOK_EVENTS
from agentmonitor.agents.setup import Append, Changes, SettingsFile, Setup, Wanted, mapping

GUARDED = "run_shell_command|read_file|read_many_files|write_file|replace"
_MILLISECONDS = 5000


def setup(wanted: Wanted) -> Setup | None:
    """The file to change; None when Gemini CLI is not installed."""
    home = roots(wanted.folders)[0].parent
    if not home.is_dir() and not which("gemini"):
        return None
    folder = home if wanted.project is None else wanted.project / ".gemini"
    path = folder / "settings.json"
    return Setup(
        files=[SettingsFile(path=path, format="json", changes=partial(changes, wanted))],
        next_steps=["Start Gemini CLI anew: it reads its settings once."],
    )


def changes(wanted: Wanted, content: Mapping[str, Any]) -> Changes:
    """What the settings need, given what they say."""
    telemetry = telemetry_changes(wanted, content)
    edits, notes = list(telemetry.edits), list(telemetry.notes)
    url = f"{wanted.origin}/api/hooks/gemini-cli"
    group = {"hooks": [_command("agentmonitor", wanted.commands.hook(url))]}
    edits += [
        Append(channel="hooks", path=("hooks", name), value=group, mark=url) for name in HOOK_EVENTS
    ]
    if wanted.guard:
        command = wanted.commands.guard("decision")
        guard = {"matcher": GUARDED, "hooks": [_command("agentmonitor-guard", command)]}
        path = ("hooks", "BeforeTool")
        edits.append(Append(channel="guard", path=path, value=guard, mark=command))
    if mapping(content.get("hooksConfig")).get("enabled") is False:
        notes.append("hooksConfig.enabled is false, so Gemini CLI runs no hooks. Take it out.")
    return Changes(edits=edits, notes=notes)


def _command(name: str, command: str) -> dict[str, Any]:
    return {"name": name, "type": "command", "command": command, "timeout": _MILLISECONDS}
