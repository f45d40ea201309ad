"""What was changed in whose settings: enough to undo it byte for byte, or by its parts."""

from pathlib import Path

import msgspec

from agentmonitor.connect.edits import Done, Format
from agentmonitor.connect.files import delete, make_folders, read_bytes, write_bytes
from agentmonitor.digest import blake2b
from agentmonitor.errors import ConfigError
from agentmonitor.model.clock import now_ms, to_iso


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One settings file that we changed."""

    agent_type: str
    path: str
    """As the agent names it; it may be a link."""
    format: Format
    project: str | None
    """The project's folder, when these are its own settings."""
    origin: str
    created: bool
    """Whether there was no such file."""
    folders: list[str] = []
    """Folders that were made for it, the deepest last."""
    backup: str | None
    """Where the bytes are that it had."""
    after: str
    """The digest of the bytes that we wrote."""
    done: list[Done]
    at: int


class _Content(msgspec.Struct, kw_only=True):
    version: int = 1
    entries: list[Entry] = []


def digest(content: bytes) -> str:
    """What tells contents apart."""
    return blake2b(content, digest_size=32).hexdigest()


class Journal:
    """The journal in ``folder``, and the backups beside it. Both are for their owner alone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.json"
        self._backups = folder / "backups"
        self._content = self._load()

    @property
    def entries(self) -> list[Entry]:
        """Every changed file."""
        return list(self._content.entries)

    def entry(self, path: Path) -> Entry | None:
        """The entry of a file."""
        return next((e for e in self._content.entries if e.path == str(path)), None)

    def back_up(self, agent_type: str, path: Path, content: bytes) -> Path:
        """Keep ``content``; where. Raises AgentMonitorError."""
        make_folders(self._backups)
        stamp = to_iso(now_ms())[:19].replace(":", "")
        name = f"{agent_type}-{stamp}-{digest(content)[:8]}-{path.name}"
        write_bytes(self._backups / name, content)
        return self._backups / name

    def put(self, entry: Entry) -> None:
        """Store an entry in the place of an earlier one of the same file."""
        others = [each for each in self._content.entries if each.path != entry.path]
        self._store([*others, entry])

    def drop(self, entry: Entry) -> None:
        """Forget an entry."""
        self._store([each for each in self._content.entries if each.path != entry.path])

    def _load(self) -> _Content:
        content = read_bytes(self._path)
        if content is None:
            return _Content()
        try:
            found = msgspec.json.decode(content, type=_Content)
        except msgspec.DecodeError as error:
            raise ConfigError(
                f"{self._path} cannot be understood ({error}). It says how to undo what was changed"
                f" in your agents' settings; the settings before are in {self._backups}. Move it"
                " away to go on without it."
            ) from error
        if found.version != 1:
            raise ConfigError(f"{self._path} was written by a newer AgentMonitor. Update this one.")
        return found

    def _store(self, entries: list[Entry]) -> None:
        content = _Content(entries=entries)
        if not entries:
            delete(self._path, [])
            self._content = content
            return
        make_folders(self._path.parent)
        write_bytes(self._path, msgspec.json.format(msgspec.json.encode(content), indent=2))
        self._content = content
