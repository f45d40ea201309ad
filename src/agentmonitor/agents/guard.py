"""Holds another package's agent to what an agent promises.

A fault in one must not keep the others' files from being read or their reports from being stored:
what it raises becomes what its caller expects, and what it returns is checked before it is used.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from agentmonitor.agents.base import (
    Agent,
    FileReader,
    HookParser,
    HookReport,
    Reading,
    SessionDatabase,
    SessionFiles,
    StatuslineParser,
    Telemetry,
)
from agentmonitor.errors import AgentMonitorError, UnreadableLine
from agentmonitor.model.clock import from_iso
from agentmonitor.model.quota import Quota
from agentmonitor.paths import Folders

if TYPE_CHECKING:
    from agentmonitor.agents.setup import Setup, Wanted

log = logging.getLogger(__name__)

T = TypeVar("T")
Found = TypeVar("Found", HookReport, Reading)

_LATEST = from_iso("9999-12-31")
_encode = msgspec.json.Encoder().encode
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (HookReport, Reading)
}
_QUOTAS = msgspec.json.Decoder(list[Quota])


def guarded(agent: Agent) -> Agent:
    """``agent``, guarded."""
    guard = _Guard(agent)
    return msgspec.structs.replace(
        agent,
        parse_hook=agent.parse_hook and guard.hook(agent.parse_hook),
        parse_statusline=agent.parse_statusline and guard.statusline(agent.parse_statusline),
        telemetry=agent.telemetry and guard.telemetry(agent.telemetry),
        files=agent.files and guard.files(agent.files),
        database=agent.database and guard.database(agent.database),
        setup=agent.setup and guard.setup(agent.setup),
    )


def sound(found: Found, kind: type[Found]) -> Found:
    """``found`` with every field of its type. Raises ValueError that says what is not."""
    # Fields of a struct can hold anything until it is decoded.
    if not isinstance(found, kind):
        raise ValueError(f"it returned {type(found).__name__}, not {kind.__name__}")
    checked: Found = _DECODERS[kind].decode(_encode(found))
    times = [event.occurred_at or 0 for event in checked.events]
    if not all(0 <= at <= _LATEST for at in times + [signal.at for signal in checked.signals]):
        raise ValueError("a time is not in milliseconds since 1970")
    return checked


class _Guard:
    """Wraps the functions of one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._told: set[str] = set()

    def hook(self, parse: HookParser) -> HookParser:
        """What is raised is answered and logged by the server."""
        return lambda payload, at: sound(parse(payload, at), HookReport)

    def statusline(self, parse: StatuslineParser) -> StatuslineParser:
        """As with hooks."""
        return lambda payload, at: _QUOTAS.decode(_encode(parse(payload, at)))

    def telemetry(self, telemetry: Telemetry) -> Telemetry:
        """Records that make it fail say nothing."""

        def reading(
            name: str, function: Callable[[T, int], Reading]
        ) -> Callable[[T, int], Reading]:
            def read(records: T, at: int) -> Reading:
                try:
                    return sound(function(records, at), Reading)
                except Exception as error:
                    self._tell(name, error)
                    return Reading()

            return read

        return msgspec.structs.replace(
            telemetry,
            log=telemetry.log and reading("log", telemetry.log),
            points=telemetry.points and reading("points", telemetry.points),
            span=telemetry.span and reading("span", telemetry.span),
        )

    def files(self, files: SessionFiles) -> SessionFiles:
        """A file that makes it fail counts as one that cannot be read."""

        def open_file(path: Path, state: bytes | None) -> FileReader:
            return _Reader(self._or_os_error(lambda: files.open(path, state)), self)

        return msgspec.structs.replace(
            files,
            whole=lambda path: self._or_os_error(lambda: bool(files.whole(path))),
            find=lambda folders: self._paths("find", files.find, folders),
            roots=lambda folders: list(self._paths("roots", files.roots, folders)),
            open=open_file,
        )

    def database(self, database: SessionDatabase) -> SessionDatabase:
        """As with files."""

        def read(path: Path, state: bytes | None) -> Iterator[tuple[Reading, bytes]]:
            try:
                for reading, behind in database.read(path, state):
                    yield sound(reading, Reading), bytes(memoryview(behind))
            except (OSError, UnreadableLine):
                raise
            except Exception as error:
                raise UnreadableLine(self.fault(error)) from error

        return msgspec.structs.replace(
            database,
            find=lambda folders: self._paths("find", database.find, folders),
            roots=lambda folders: list(self._paths("roots", database.roots, folders)),
            read=read,
        )

    def setup(self, make: Callable[["Wanted"], "Setup | None"]) -> Callable[["Wanted"], Any]:
        """What is raised says whose fault it is; nothing of the agent's is changed then."""

        def checked(function: Callable[[Any], Any], given: Any, kind: type) -> Any:
            try:
                found = function(given)
            except Exception as error:
                raise AgentMonitorError(f"The settings are left: {self.fault(error)}.") from error
            if not isinstance(found, kind):
                wrong = TypeError(f"it returned {type(found).__name__}, not {kind.__name__}")
                raise AgentMonitorError(f"The settings are left: {self.fault(wrong)}.")
            return found

        def guarded_setup(wanted: "Wanted") -> Any:
            from agentmonitor.agents.setup import Changes, Setup  # only `connect` needs it

            found = checked(lambda given: make(given) or Setup(files=[]), wanted, Setup)
            files = [
                msgspec.structs.replace(
                    file, changes=lambda content, own=file.changes: checked(own, content, Changes)
                )
                for file in found.files
            ]
            return msgspec.structs.replace(found, files=files) if files else None

        return guarded_setup

    def fault(self, error: Exception) -> str:
        """What to say of ``error``."""
        return f"the package of {self._agent.label} failed: {type(error).__name__}: {error}"

    def _paths(
        self, name: str, function: Callable[[Folders], Iterable[Path]], folders: Folders
    ) -> Iterator[Path]:
        try:
            for path in function(folders):
                yield Path(path)
        except Exception as error:
            self._tell(name, error)

    def _or_os_error(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError:
            raise
        except Exception as error:
            raise OSError(self.fault(error)) from error

    def _tell(self, name: str, error: Exception) -> None:
        """Log a fault of a function, the first time."""
        if name not in self._told:
            self._told.add(name)
            log.error(
                "%s: in %s, %s. Update or uninstall that package.",
                *(self._agent.agent_type, name, self.fault(error)),
                exc_info=error,
            )


class _Reader:
    """A reader of one file."""

    def __init__(self, reader: FileReader, guard: _Guard) -> None:
        self._reader = reader
        self._guard = guard

    def read(self, line: bytes) -> Reading:
        """What the line says."""
        try:
            return sound(self._reader.read(line), Reading)
        except UnreadableLine:
            raise
        except Exception as error:
            raise UnreadableLine(self._guard.fault(error)) from error

    def save(self) -> bytes:
        """The agent's own state."""
        try:
            return bytes(memoryview(self._reader.save()))
        except Exception as error:
            raise OSError(self._guard.fault(error)) from error
