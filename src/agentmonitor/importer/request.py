"""An import as a user asks for it, from the command line or over HTTP."""

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from agentmonitor.agents.base import Agent
from agentmonitor.agents.registry import Registry
from agentmonitor.errors import InvalidInput
from agentmonitor.importer.batches import InFlight, Span, Ways, hand_over
from agentmonitor.importer.history import (
    AgentOutcome,
    Found,
    History,
    ImportOutcome,
    Progress,
    discard,
    find_files,
    found_at,
)
from agentmonitor.importer.importer import Importer
from agentmonitor.importer.remote import RemoteImporter
from agentmonitor.model.clock import DAY_MS, from_iso
from agentmonitor.paths import Folders
from agentmonitor.storage.engine import Readable

_ENDLESS = 2**62


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to import; nothing given: all that is new of all agents."""

    agents: list[str] = []
    """Agent types; empty: all."""
    start: str | None = None
    """Take in only what happened at or after this day or time."""
    end: str | None = None
    """… and before the end of this day, or this time."""
    paths: list[str] = []
    """Files or folders; empty: where the agents keep their files."""
    from_db: str | None = None
    """Take over this database of an earlier runtime, and nothing else."""
    dry_run: bool = False
    """Read, count, and store nothing."""
    force: bool = False
    """Read every file from its beginning."""

    def span(self) -> Span | None:
        """The stretch of time, or None for all. Raises InvalidInput."""
        if self.start is None and self.end is None:
            return None
        return Span(_moment("start", self.start, 0), _moment("end", self.end, _ENDLESS))


class ImportSources(msgspec.Struct, frozen=True):
    """What an import works with."""

    store: Readable
    registry: Registry
    folders: Folders
    importer: Callable[[Span | None], Importer]
    remote: Callable[[Span | None], RemoteImporter]
    locate: Callable[[str], str | None]


def run_import(
    request: ImportRequest,
    sources: ImportSources,
    tell: Callable[[Progress], None],
    stop: threading.Event | None = None,
) -> ImportOutcome:
    """Import. Raises InvalidInput when the request cannot be meant, and StorageError."""
    span = request.span()
    if request.from_db is not None:
        return _take_over(request, sources, tell, stop or threading.Event())
    agents = _agents(request, sources.registry)
    found = find_files(agents, sources.folders)
    if request.paths:
        found = _below(request.paths, found, agents)
    if request.dry_run:
        ways = Ways(sink=discard, locate=sources.locate, put_quotas=lambda _: None, span=span)
        importer, remote = Importer(ways), None
    else:
        importer, remote = sources.importer(span), sources.remote(span)
    marks = {} if request.force else {mark.path: mark for mark in sources.store.file_marks()}
    history = History(importer, marks, remote=remote, dry_run=request.dry_run, stop=stop)
    return history.run(found, agents, tell)


def _take_over(
    request: ImportRequest,
    sources: ImportSources,
    tell: Callable[[Progress], None],
    stop: threading.Event,
) -> ImportOutcome:
    """Import a database of an earlier runtime; what session files bring too counts once."""
    from agentmonitor.importer.earlier import count_earlier, read_earlier

    path = Path(request.from_db or "").expanduser()
    outcome = AgentOutcome(agent_type="earlier", label="Earlier runtime", found=1)
    sink = discard if request.dry_run else sources.importer(None).ways.sink
    in_flight = InFlight()
    size = path.stat().st_size if path.exists() else 0
    rows = 0
    try:
        total = count_earlier(path)
        for events in read_earlier(path):
            if stop.is_set():
                break
            outcome.events += len(events)
            outcome.lines += len(events)
            in_flight.add(hand_over(sink, events, (), ()), outcome)
            rows += len(events)
            tell(Progress(int(rows >= total), 1, size * rows // max(total, 1), size))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror or error}).") from error
    in_flight.settle()
    return ImportOutcome(dry_run=request.dry_run, finished=not stop.is_set(), agents=[outcome])


def _agents(request: ImportRequest, registry: Registry) -> list[Agent]:
    known = {agent.agent_type: agent for agent in registry.agents if agent.has_sessions}
    unknown = [name for name in request.agents if name not in known]
    if unknown:
        names = ", ".join(known)
        message = f"There are no session files of {unknown[0]!r}; there are those of {names}."
        raise InvalidInput(message, [("agents", f"must be among {names}")])
    return [known[name] for name in request.agents] or list(known.values())


def _below(paths: list[str], found: list[Found], agents: list[Agent]) -> list[Found]:
    """The files that ``paths`` name. One outside the agents' own folders needs one agent."""
    chosen: dict[Path, Found] = {}
    for text in paths:
        path = Path(text).expanduser().absolute()
        if not path.exists():
            raise InvalidInput(f"There is nothing at {path}.", [("paths", "must exist")])
        inside = [each for each in found if each.path == path or path in each.path.parents]
        if not inside and len(agents) == 1:
            files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
            inside = [each for p in files if (each := found_at(p, agents[0])) is not None]
        if not inside:
            raise InvalidInput(
                f"{path} is none of the known session files; say whose it is with --agent.",
                [("paths", "needs exactly one agent")],
            )
        chosen.update({each.path: each for each in inside})
    return list(chosen.values())


def _moment(field: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    try:
        if len(text) == 10:
            return from_iso(f"{text}T00:00:00Z") + (DAY_MS if field == "end" else 0)
        return from_iso(text)
    except (ValueError, OverflowError):
        message = "must be a day or an ISO 8601 time, e.g. 2026-11-23"
        told = f"{text!r} is no time: it {message}."
        raise InvalidInput(told, [(field, message)]) from None
