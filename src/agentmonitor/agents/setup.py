"""How an agent is pointed here: changes of its settings files, as data.

An agent's module says what it wants changed; ``agentmonitor.connect`` shows, does and undoes it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from agentmonitor.paths import Folders

Channel = Literal["hooks", "telemetry", "quota", "guard"]
Dialect = Literal["permission", "decision"]
"""How a hook answers that a tool must not run: ``hookSpecificOutput.permissionDecision``, or
``decision`` at the top."""


class Put(msgspec.Struct, frozen=True, kw_only=True, tag="put"):
    """A key gets a value; objects on the way to it are made."""

    channel: Channel
    path: tuple[str, ...]
    value: Any


class Append(msgspec.Struct, frozen=True, kw_only=True, tag="append"):
    """A list gets one more element at its end; it and objects on the way to it are made."""

    channel: Channel
    path: tuple[str, ...]
    value: Any
    mark: str
    """An element with this in any of its texts is taken for this one: the user may have written
    it by hand."""


Edit = Put | Append


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What one settings file needs."""

    edits: list[Edit] = []
    notes: list[str] = []
    """What is left as it is, and why: whole sentences for the user."""


class SettingsFile(msgspec.Struct, frozen=True, kw_only=True):
    """A settings file, whether it exists or not."""

    path: Path
    format: Literal["json", "toml"]
    """``json`` may have comments and trailing commas."""
    changes: Callable[[Mapping[str, Any]], Changes]
    """From what the file says without us."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What connects one agent."""

    files: list[SettingsFile]
    next_steps: list[str] = []
    """What the user does afterwards: whole sentences."""


class Commands(Protocol):
    """Shell commands that settings files can name; they run programs of ours."""

    def hook(self, url: str) -> str:
        """Sends its input to ``url``. Prints nothing and never fails."""

    def statusline(self, url: str, own: str | None) -> str:
        """Sends its input to ``url`` and prints what the user's ``own`` command prints."""

    def own_statusline(self, command: str) -> str | None:
        """The user's command within one of ours; None when there is none."""

    def is_statusline(self, command: str) -> bool:
        """Whether it is a command of ours."""

    def guard(self, dialect: Dialect) -> str:
        """Decides about the tool call in its input, without a server."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for."""

    origin: str
    """The server, such as ``http://127.0.0.1:3141``."""
    folders: Folders
    commands: Commands
    project: Path | None = None
    """The folder whose own settings are changed, in place of the user's."""
    guard: bool = False
    """Whether dangerous tool calls are held up."""
    exported: str | None = None
    """``OTEL_EXPORTER_OTLP_ENDPOINT`` of the user's shell."""

    @property
    def sent_elsewhere(self) -> str | None:
        """A note, when the shell sends telemetry to another place: ours would take it away."""
        if self.exported is None or self.exported.rstrip("/") == self.origin:
            return None
        return (
            "Telemetry is left as it is, because your shell sends it to"
            f" {self.exported} (OTEL_EXPORTER_OTLP_ENDPOINT)."
        )


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
