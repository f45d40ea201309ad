"""What Qwen Code's ``settings.json`` needs: telemetry, which it has from Gemini CLI."""

from functools import partial
from shutil import which

from agentmonitor.agents._settings import telemetry_changes
from agentmonitor.agents.disk import expanded
from agentmonitor.agents.setup import SettingsFile, Setup, Wanted


def setup(wanted: Wanted) -> Setup | None:
    """The file to change; None when Qwen Code is not installed."""
    moved = wanted.folders.variables.get("QWEN_HOME", "").strip()
    home = expanded(moved, wanted.folders.home) if moved else wanted.folders.home / ".qwen"
    if not home.is_dir() and not which("qwen"):
        return None
    folder = home if wanted.project is None else wanted.project / ".qwen"
    path = folder / "settings.json"
    return Setup(
        files=[SettingsFile(path=path, format="json", changes=partial(telemetry_changes, wanted))],
        next_steps=["Start Qwen Code anew: it reads its settings once."],
    )
