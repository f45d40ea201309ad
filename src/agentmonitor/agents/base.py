"""What an agent's module declares, and the little that they share."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from agentmonitor.model.event import Event
from agentmonitor.model.quota import Quota
from agentmonitor.model.signal import SessionSignal
from agentmonitor.otlp.records import LogRecord, Point, Span
from agentmonitor.paths import Folders

if TYPE_CHECKING:
    from agentmonitor.agents.setup import Setup, Wanted

__all__ = ["Folders"]


def lazily(target: str) -> Callable[..., Any]:
    """``package.module:name``, imported at its first call: an idle server needs no readers."""
    module, _, name = target.partition(":")
    found: Callable[..., Any] | None = None

    def call(*arguments: Any) -> Any:
        nonlocal found
        if found is None:
            found = getattr(import_module(module), name)
        return found(*arguments)

    return call


class Palette(msgspec.Struct, frozen=True):
    """An agent's colours in one theme: its mark, its letters, and the ground beneath them."""

    mark: str
    text: str
    soft: str


class Colors(msgspec.Struct, frozen=True):
    """An agent's colours. Each text passes WCAG AA on its ground."""

    light: Palette
    dark: Palette


class Connect(msgspec.Struct, frozen=True):
    """How a user points the agent here; ``{origin}`` in the snippet is the server's address."""

    title: str
    file: str
    snippet: str


class UsageWindows(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's default limits: hours of each window, and tokens or US dollars in it.

    A limit of 0 means that there is none.
    """

    limit_type: Literal["tokens", "cost"]
    session_kind: Literal["block", "rolling"] = "rolling"
    """block: the window begins with the first message after the one before, rounded down to the
    hour. rolling: it is always the last hours."""
    session_hours: float = 5
    session_limit: float
    extended_hours: float = 24
    extended_limit: float = 0
    weekly_hours: float = 168
    weekly_limit: float = 0


class HookReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one hook call says: events to store and signals that change only the state."""

    events: list[Event] = []
    signals: list[SessionSignal] = []
    cwd: str | None = None
    """Where the agent works: the project and branch are found from it."""


HookParser = Callable[[Mapping[str, Any], int], HookReport]
"""From a hook's payload and its arrival (ms). Raises InvalidInput."""


StatuslineParser = Callable[[Mapping[str, Any], int], list[Quota]]
"""From what the agent hands its status line, and its arrival (ms). Raises InvalidInput."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece of a session file or of telemetry says."""

    events: list[Event] = []
    """From a file: ``source`` is ``import``, ``channel`` FILE, ``occurred_at`` is set. From
    OTLP: ``source`` is ``otel``, ``channel`` LOG, METRIC or SPAN."""
    signals: list[SessionSignal] = []
    quotas: list[Quota] = []


class Telemetry(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent's OTLP records mean. Each function gets the arrival in ms as well; what it
    does not know it answers with an empty reading."""

    services: frozenset[str]
    """Values of the resource's ``service.name``."""
    event_prefix: str | None = None
    """What the names of its log events begin with: services that embed it have other names."""
    log: Callable[[LogRecord, int], Reading] | None = None
    points: Callable[[list[Point], int], Reading] | None = None
    """All points of one request that are this agent's; cumulative ones are deltas already."""
    span: Callable[[Span, int], Reading] | None = None


class FileReader(Protocol):
    """Reads the lines of one session file, from its beginning or from a saved state on."""

    def read(self, line: bytes) -> Reading:
        """What one whole line says, without its line end. Raises UnreadableLine, and goes on
        with the next one."""

    def save(self) -> bytes:
        """What a new reader needs to go on after the last line: small, and bounded."""


def _never(path: Path) -> bool:
    return False


class SessionFiles(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's session files."""

    whole: Callable[[Path], bool] = _never
    """Whether a file is one document that is written anew: ``read`` gets all of it each time, and
    what it says is recognised by its keys."""

    find: Callable[[Folders], Iterable[Path]]
    """Every session file there is, in no order. A folder that cannot be read is passed over."""
    open: Callable[[Path, bytes | None], FileReader]
    """A reader of the file, with the state that an earlier reader saved. Reads nothing yet."""
    roots: Callable[[Folders], list[Path]]
    """The folders to watch; they need not exist."""


class SessionDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's own database of sessions."""

    find: Callable[[Folders], Iterable[Path]]
    """Every database there is."""
    roots: Callable[[Folders], list[Path]]
    """The folders to watch; they need not exist."""
    read: Callable[[Path, bytes | None], Iterable[tuple[Reading, bytes]]]
    """What is new since the saved state, in pieces, each with the state behind it. Raises
    OSError when the file cannot be read, UnreadableLine when it is not what was expected."""


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, as the registry, the API and the server know it."""

    agent_type: str
    label: str
    short: str
    """Two letters, so that colour never stands alone."""
    colors: Colors
    hook_slug: str | None = None
    """The last part of the hook's path, ``/api/hooks/<slug>``."""
    parse_hook: HookParser | None = None
    parse_statusline: StatuslineParser | None = None
    """For ``/api/statusline/<slug>``, with the slug of the hooks."""
    telemetry: Telemetry | None = None
    files: SessionFiles | None = None
    database: SessionDatabase | None = None
    connect: Connect | None = None
    setup: "Callable[[Wanted], Setup | None] | None" = None
    """What ``agentmonitor connect`` changes in its settings; None from it when the agent is not
    installed. Without it there is nothing to change: its session files are followed."""
    usage: UsageWindows | None = None
    lingers: bool = False
    """Whether an ended session goes to idle first, so that its card stays for a while."""
    edit_tools: frozenset[str] = frozenset()
    """Tools that change the file named in their input."""

    @property
    def has_sessions(self) -> bool:
        """Whether it leaves sessions on disk that we can read."""
        return self.files is not None or self.database is not None

    def roots(self, folders: Folders) -> list[Path]:
        """The folders in which its sessions are."""
        sources = (self.files, self.database)
        return [root for source in sources if source for root in source.roots(folders)]
