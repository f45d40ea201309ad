"""An agent's files on a shelf: read into a real store, or by a reader alone."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from agentmonitor.agents.base import Agent, Reading
from agentmonitor.bus import Bus
from agentmonitor.errors import UnreadableLine
from agentmonitor.metadata import Rules
from agentmonitor.model.event import MAX_INT, MAX_NAME, Event
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.session import EventRow, SessionRow
from agentmonitor.model.usage import Channel
from agentmonitor.paths import Folders
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from tests.unit.model.strategies import json_values
from tests.unit.storage.store import ENGINES, Store, opened

Totals = dict[str | None, tuple[int, int, int, int]]
"""By model: input, output, cache read, cache write."""


class Shelf:
    """A home folder with an agent's files, and a store that takes them in."""

    def __init__(self, agent: Agent, home: Path, store: Store) -> None:
        self.agent = agent
        self.folders = Folders(home)
        self.engine = store.engine
        rules = Rules(max_bytes=10_000, edit_tools=agent.edit_tools)
        self.pipeline = Pipeline(store.engine, Bus(), Pricer(), rules)
        self.faults: list[str] = []
        self._states: dict[Path, tuple[bytes, int]] = {}

    def read(self, *, anew: bool = False) -> int:
        """Take in all that is new; how much that was."""
        if anew:
            self._states = {}
        new = 0
        if self.agent.files is not None:
            for path in sorted(self.agent.files.find(self.folders)):
                new += sum(map(self._store, self._file(path)))
        if self.agent.database is not None:
            for path in sorted(self.agent.database.find(self.folders)):
                new += sum(map(self._store, self._database(path)))
        return new

    def _file(self, path: Path) -> Iterator[Reading]:
        files = self.agent.files
        assert files is not None
        data = path.read_bytes()
        state, offset = self._states.get(path, (b"", 0))
        whole = files.whole(path)
        reader = files.open(path, None if whole else state or None)
        for line in [data] if whole else data[offset:].splitlines():
            try:
                yield reader.read(line)
            except UnreadableLine as error:
                self.faults.append(str(error))
        self._states[path] = reader.save(), len(data)

    def _database(self, path: Path) -> Iterator[Reading]:
        assert self.agent.database is not None
        state, _ = self._states.get(path, (b"", 0))
        try:
            for reading, behind in self.agent.database.read(path, state or None):
                yield reading
                self._states[path] = behind, 0
        except UnreadableLine as error:
            self.faults.append(str(error))

    def _store(self, reading: Reading) -> int:
        for event in reading.events:
            if event.signal is not None and event.signal.cwd:
                event.project = Path(event.signal.cwd).name
        ids = self.pipeline.ingest_from_thread(reading.events).result(timeout=60)
        return sum(number is not None for number in ids)

    def rows(self, event_type: str | None = None) -> list[EventRow]:
        """Stored events, the newest first."""
        return self.engine.events(EventFilter(event_type=event_type), 10_000, 0)[0]

    def sessions(self) -> dict[str, SessionRow]:
        """Stored sessions by id."""
        return {row.id: row for row in self.engine.sessions(SessionFilter(), 0)[0]}

    def totals(self) -> Totals:
        """What is counted, by model."""
        return totals((r.model, r.tokens_in, r.tokens_out, r.cache_read_tokens,
                       r.cache_write_tokens) for r in self.rows())  # fmt: skip

    def tools(self) -> dict[str | None, tuple[int, int]]:
        """Calls and failures, by name."""
        rows = self.rows("tool_use")
        calls = Counter(row.tool_name for row in rows)
        failed = Counter(row.tool_name for row in rows if row.status == "error")
        return {name: (number, failed[name]) for name, number in calls.items()}


@contextmanager
def shelf(agent: Agent, home: Path) -> Iterator[Shelf]:
    """A shelf whose store goes away with it."""
    with opened(ENGINES["sqlite"]) as store:
        yield Shelf(agent, home, store)


def totals(used: Iterable[tuple[str | None, int, int, int, int]]) -> Totals:
    """Sums by model; models that used nothing are left out."""
    found: Totals = {}
    for model, *counts in used:
        if any(counts):
            before = found.get(model, (0, 0, 0, 0))
            a, b, c, d = (x + y for x, y in zip(before, counts, strict=True))
            found[model] = (a, b, c, d)
    return found


def read_file(agent: Agent, path: Path, *, pause: bool = False) -> list[Event]:
    """The events of a file, read by its lines, or whole. ``pause``: with a new reader that goes on
    from the saved state after each line."""
    assert agent.files is not None
    reader = agent.files.open(path, None)
    if agent.files.whole(path):
        return reader.read(path.read_bytes()).events
    events: list[Event] = []
    for line in path.read_bytes().splitlines():
        events += reader.read(line).events
        if pause:
            reader = agent.files.open(path, reader.save())
    return events


def survives(agent: Agent, path: Path, document: bytes) -> Reading | None:
    """What a reader makes of ``document``; None when it says that it cannot be read."""
    assert agent.files is not None
    reader = agent.files.open(path, None)
    try:
        reading = reader.read(document)
    except UnreadableLine:
        return None
    for event in reading.events:
        check(event)
    agent.files.open(path, reader.save() or None)
    return reading


def check(event: Event) -> None:
    """An event that a file brings can be stored."""
    assert (event.source, event.channel) == ("import", Channel.FILE)
    assert event.occurred_at is not None
    assert event.keys
    assert all(0 < len(key) < 1200 for key in event.keys)
    for name in (event.session_id, event.agent_type):
        assert 0 < len(name) <= MAX_NAME
    for optional in (event.tool_name, event.model, event.branch):
        assert optional is None or 0 < len(optional) <= MAX_NAME
    counts = (event.tokens_in, event.tokens_out, event.cache_read_tokens, event.cache_write_tokens)
    for count in (*counts, event.duration_ms or 0):
        assert type(count) is int
        assert 0 <= count <= MAX_INT
    if any(counts):
        assert event.report is not None
    msgspec.json.encode(event.metadata)


def spoiled(document: Any, data: st.DataObject) -> bytes:
    """``document`` with anything in one of its places, as JSON."""
    place = document = deepcopy(document)
    for _ in range(data.draw(st.integers(1, 8))):
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.integers(0, 5)) == 0:
            place[key] = data.draw(json_values())
            break
        place = place[key]
    return json.dumps(document).encode()


def facts(event: Event) -> tuple[object, ...]:
    """What makes an event what it is, to compare."""
    return (
        event.session_id, event.event_type, event.keys, event.occurred_at, event.tool_name,
        event.status, event.model, event.tokens_in, event.tokens_out, event.cache_read_tokens,
        event.cache_write_tokens, event.duration_ms, event.cost_usd, str(event.metadata),
    )  # fmt: skip
