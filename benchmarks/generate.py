"""Fills a database through the storage engine: ``python -m benchmarks.generate --help``.

Sessions of three agents over some weeks of working hours, up to now, fed in the order of their
time. Deterministic by seed and end. A part of the sessions is stored as imported history.
"""

import argparse
import contextlib
import hashlib
import heapq
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from agentmonitor.agents.registry import load_registry
from agentmonitor.bench import mix
from agentmonitor.bench.mix import Mix, Session, Wire, uuid_text
from agentmonitor.errors import StorageError
from agentmonitor.metadata import Rules, prepare
from agentmonitor.model.event import Event
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.engine import WriteResult
from agentmonitor.storage.sqlite import rare_events
from agentmonitor.storage.sqlite.engine import SqliteEngine
from benchmarks.hours import HOUR_MS, Calendar

BATCH = 1000
IN_FLIGHT = 8
"""Batches that may wait for the writer."""
EVENTS_A_SESSION = 500
PROTOTYPES = 3000
"""Distinct contents an agent has before they repeat."""
RARE = 20
"""Calls of the rare tool in a million events, and in a smaller database."""
IMPORTED = 0.3
"""The share of sessions that is imported history."""
RECENT = 0.01
"""The share of sessions that lies in the last hours, whatever the day: something is going on."""
RECENT_MS = 4 * HOUR_MS
SESSION_TIMEOUT_MS = 300_000
NOTED = rare_events.BUDGET * rare_events.EVENTS
"""Events that one sweep looks at for rare ones."""
MAX_PAYLOAD = 10 * 1024
DATA = Path(__file__).resolve().parent / "data"
MAX_AGE_S = 86_400.0
"""A cached database older than this is made anew: "the last five hours" must hold something."""


class Generator:
    """Makes ``events`` events up to ``until`` (ms since the epoch) over ``days`` days."""

    def __init__(self, events: int, days: int, until: int, seed: int) -> None:
        self._events = events
        self._until = until
        self._random = random.Random(seed)
        self._mix = Mix(seed)
        self._calendar = Calendar(days, until)
        self._pricer = Pricer()
        self._prototypes: dict[tuple[str, str], list[Wire]] = {}
        self._rules = Rules(max_bytes=MAX_PAYLOAD, edit_tools=load_registry().edit_tools)

    def events(self) -> Iterator[Event]:
        """All events in the order of their time."""
        sessions = sorted(self._plan(), key=lambda plan: plan[0])
        waiting: list[tuple[int, int, Iterator[tuple[int, Event]], Event]] = []
        at, number, made = 0, 0, 0
        while at < len(sessions) or waiting:
            # Sessions join when their time comes, so that only those under way take memory.
            while at < len(sessions) and (not waiting or sessions[at][0] <= waiting[0][0]):
                start, length, count = sessions[at]
                at += 1
                number += 1
                stream = self._session(start, length, count)
                when, event = next(stream)
                heapq.heappush(waiting, (when, number, stream, event))
            when, order, stream, event = waiting[0]
            yield event
            made += 1
            following = next(stream, None)
            if following is None:
                heapq.heappop(waiting)
            else:
                heapq.heapreplace(waiting, (following[0], order, stream, following[1]))
        assert made == self._events

    def _plan(self) -> list[tuple[int, int, int]]:
        """(start in ms, length in ms, events) of each session; the events add up exactly."""
        rng = self._random
        count = max(1, self._events // EVENTS_A_SESSION)
        weights = [rng.lognormvariate(0, 0.8) for _ in range(count)]
        scale = (self._events - 2 * count) / sum(weights)
        sizes = [2 + int(weight * scale) for weight in weights]
        sizes[0] += self._events - sum(sizes)
        plans = []
        for size in sizes:
            if rng.random() < RECENT:
                start = self._until - int(rng.random() * RECENT_MS)
            else:
                start = self._calendar.moment(rng)
            length = int(rng.lognormvariate(4, 0.7) * 60_000)
            plans.append((start, max(1000, min(length, self._until - start)), size))
        return plans

    def _session(self, start: int, length: int, count: int) -> Iterator[tuple[int, Event]]:
        rng, session = self._random, self._mix.session()
        pool = self._pool(session)
        imported = rng.random() < IMPORTED
        rare = RARE / min(self._events, 1_000_000)
        step = length / count
        for number in range(count):
            when = start + int((number + rng.random()) * step)
            if number == 0:
                wire: Wire = {"event_type": "session_start", "metadata": {}}
            elif number == count - 1 and start + length < self._until - RECENT_MS:
                wire = {"event_type": "session_end", "metadata": {}}
            elif rng.random() < rare:
                wire = self._prepared(self._mix.rare(session))
            else:
                wire = pool[int(rng.random() * len(pool))]
            yield when, self._event(session, wire, when, imported=imported)

    def _pool(self, session: Session) -> list[Wire]:
        """Contents for the session's agent and model, made once."""
        key = (session.agent_type, session.model)
        pool = self._prototypes.get(key)
        if pool is None:
            made = [self._mix.event(session) for _ in range(PROTOTYPES)]
            pool = self._prototypes[key] = [self._prepared(wire) for wire in made]
        return pool

    def _prepared(self, wire: Wire) -> Wire:
        """What the pipeline would make of ``wire``: its metadata as text, its price."""
        names = ("event_type", "tool_name", "status", "model", "tokens_in", "tokens_out",
                 "cache_read_tokens", "cache_write_tokens", "duration_ms", "metadata")  # fmt: skip
        values = {name: wire[name] for name in names if name in wire}
        event = Event(session_id="-", agent_type="-", **values)  # type: ignore[arg-type]
        prepare([event], self._rules)
        if event.model is not None:
            event.cost_usd = self._pricer.cost_of(
                event.model, event.tokens_in, event.tokens_out, event.cache_read_tokens,
                event.cache_write_tokens, self._until,
            )  # fmt: skip
        del values["metadata"]
        drawn = ("cost_usd", "metadata_json", "file_path", "lines_added", "lines_removed")
        return values | {name: getattr(event, name) for name in drawn}

    def _event(self, session: Session, wire: Wire, when: int, *, imported: bool) -> Event:
        values = {name: value for name, value in wire.items() if name != "metadata"}
        return Event(
            session_id=session.session_id,
            agent_type=session.agent_type,
            project=session.project,
            branch=session.branch,
            event_id=uuid_text(self._random),
            source="import" if imported else "hook",
            created_at=self._until if imported else when,
            occurred_at=when if imported else None,
            **values,  # type: ignore[arg-type]
        )


def fill(file: Path, events: int, days: int, until: int, seed: int, *, loud: bool) -> None:
    """Make the database ``file``. Raises StorageError."""
    engine = SqliteEngine(file, load_registry().lingering)
    engine.open()
    slots = threading.Semaphore(IN_FLIGHT)
    failures: list[StorageError] = []

    def done(result: WriteResult | StorageError) -> None:
        if isinstance(result, StorageError):
            failures.append(result)
        slots.release()

    began = time.perf_counter()
    batch: list[Event] = []
    sent = 0

    def send() -> None:
        nonlocal batch, sent
        slots.acquire()
        if failures:
            raise failures[0]
        engine.submit(batch, (), done)
        sent += len(batch)
        batch = []
        if loud and sent % 50_000 < BATCH:
            rate = sent / (time.perf_counter() - began)
            print(f"{sent:,} of {events:,} events, {rate:,.0f}/s", file=sys.stderr)

    try:
        for event in Generator(events, days, until, seed).events():
            batch.append(event)
            if len(batch) == BATCH:
                send()
        if batch:
            send()
        # Nothing of the past is left for the server to sweep or to note while it is measured.
        for _ in range(2 + events // NOTED):
            engine.sweep(until, SESSION_TIMEOUT_MS)
    finally:
        engine.close()
    if failures:
        raise failures[0]


def cached(events: int, days: int, seed: int, folder: Path = DATA) -> Path | None:
    """The database that an earlier call made from the same code, if it is young enough."""
    file = cache_file(events, days, seed, folder)
    if file.exists() and time.time() - file.stat().st_mtime < MAX_AGE_S:
        return file
    return None


def cache_file(events: int, days: int, seed: int, folder: Path = DATA) -> Path:
    """Where that database lies; the name changes with the migrations and the generator."""
    return folder / f"{events}-{days}-{seed}-{_fingerprint()}.db"


def clear_cache(events: int, days: int, seed: int, folder: Path = DATA) -> None:
    """Remove what earlier code made, so that old databases do not fill the disk."""
    for stale in folder.glob(f"{events}-{days}-{seed}-*.db*"):
        stale.unlink()


def _fingerprint() -> str:
    here = Path(__file__).resolve().parent
    storage = Path(cast(str, sys.modules[SqliteEngine.__module__].__file__)).parent
    sources = [here / "generate.py", here / "hours.py", Path(mix.__file__)]
    # What the writer stores is as much a part of the file as its tables are.
    sources += sorted([*storage.glob("*.py"), *(storage / "migrations").glob("*.sql")])
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="the file; default: the cache in benchmarks/data")
    parser.add_argument("--quiet", action="store_true")
    chosen = parser.parse_args()
    file = chosen.out or cache_file(chosen.events, chosen.days, chosen.seed)
    if chosen.out and file.exists():
        parser.error(f"{file} exists")
    file.parent.mkdir(parents=True, exist_ok=True)
    if not chosen.out:
        clear_cache(chosen.events, chosen.days, chosen.seed)
    partial = file.with_name(file.name + ".part")
    for suffix in ("", "-wal", "-shm", ".lock"):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)
    began = time.perf_counter()
    until = time.time_ns() // 1_000_000
    fill(partial, chosen.events, chosen.days, until, chosen.seed, loud=not chosen.quiet)
    # Only a complete file bears the final name.
    partial.replace(file)
    with contextlib.suppress(OSError):
        partial.with_name(partial.name + ".lock").unlink()
    size = file.stat().st_size
    print(
        f"{chosen.events:,} events in {time.perf_counter() - began:.1f} s,"
        f" {size / chosen.events:.1f} bytes an event: {file.name}"
    )


if __name__ == "__main__":
    main()
