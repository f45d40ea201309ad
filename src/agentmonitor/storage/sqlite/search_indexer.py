"""The thread that keeps the search index up to date, and never in anybody's way.

It follows the events by their numbers in small pages, sleeps longer than it works while events
arrive, and holds nothing open when there is nothing to do. It starts with the first event.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agentmonitor.storage.sqlite.search import (
    PART,
    MovedIndex,
    SearchIndex,
    StaleIndex,
    discard,
    has_fts5,
    index_path,
)
from agentmonitor.storage.sqlite.search_source import PAGE_BYTES, SearchSource

log = logging.getLogger(__name__)

GATHER_S = 0.5
"""Reports of one activity come within a moment: indexed after it, most are indexed once."""
LINGER_S = 2.0
"""So long the files stay open when there is nothing more to do."""
RETRY_S = 60.0
"""After a failure."""
BUSY_REST = 4.0
"""How long to rest after a page while events arrive, in times of the work."""
IDLE_REST = 0.25
PRESSED_REST = 24.0
"""In a flood: more than PRESSED events wait to be written, or more than FLOOD to be indexed while
more arrive. All threads share one interpreter lock, and an index can wait for calm."""
PRESSED = 500
FLOOD = 5000
REINDEXED = 50
"""Events that changed, in one transaction."""
LARGE_PAGE_BYTES = 1_048_576
"""Of metadata in a page when nobody waits: a fifth less work than with small ones."""

Forget = Callable[[int], None]
"""Drops the marks of changed events up to a number, and comes back when that is done."""

BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
"""How the names of errors begin that say that a file is damaged."""
NO_FTS5 = (
    "Search needs SQLite with FTS5, and the one of this Python has none; "
    "install Python from python.org or your system's packages."
)


class Pace:
    """How the index catches up: resting all the time, or without a rest for one who waits."""

    def __init__(
        self,
        tell: Callable[[int, int], None] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """``tell``: who waits, and hears (events indexed, events in all); ``stop`` ends it after
        the page that is under way."""
        self.tell = tell
        self.stop = stop or threading.Event()
        self.page_bytes = PAGE_BYTES if tell is None else LARGE_PAGE_BYTES


class Indexer:
    """Keeps the index of one database. ``nudge`` may be called from any thread."""

    def __init__(self, database: Path, forget: Forget | None, waiting: Callable[[], int]) -> None:
        """``forget``: None leaves that to another process, which hears of ``passed``; ``waiting``:
        how many events wait to be written."""
        self.database = database
        self._waiting = waiting
        self.path = index_path(database)
        self._forget = forget
        self.passed = 0
        """The last mark that was seen to and is there still."""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._source: SearchSource | None = None
        self._index: SearchIndex | None = None
        self.problem: str | None = None
        """Why the index does not follow."""
        self.generation = 0
        """Moves when the file is made anew: who has the old one open must let it go."""
        self._failed = False
        self._damaged = False
        self._guard = threading.Lock()

    def nudge(self) -> None:
        """Something may have changed. Costs next to nothing."""
        if self._wake.is_set():
            return
        with self._guard:
            self._wake.set()
            if self._thread is None and not self._stopping.is_set():
                run = self._run
                self._thread = threading.Thread(target=run, name="search-indexer", daemon=True)
                self._thread.start()

    def report_damage(self) -> None:
        """A reader found the index damaged: it is made anew."""
        self._damaged = True
        self.nudge()

    def stop(self) -> None:
        """End after the page that is under way. Safe to call twice."""
        with self._guard:
            self._stopping.set()
            self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._close()

    def catch_up(self, pace: Pace | None = None) -> None:
        """Index all that is there, or say in ``problem`` why not. For one thread at a time."""
        pace = pace or Pace()
        if not has_fts5():
            if self.problem is None:
                log.warning("%s", NO_FTS5)
            self.problem = NO_FTS5
            return
        try:
            self._attempt(pace)
        except Exception as error:
            # Whatever it is: the thread must live on, and try again.
            self._close()
            self._say(error)
        else:
            if self.problem is not None:
                log.warning("The search index follows again.")
            self.problem = None
            self._failed = False

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._failed:
                self._stopping.wait(RETRY_S)
            elif not self._wake.wait(LINGER_S if self._index is not None else None):
                self._close()
                continue
            self._stopping.wait(GATHER_S)
            if not self._stopping.is_set():
                self.catch_up()

    def _attempt(self, pace: Pace) -> None:
        try:
            self._follow(pace)
        except MovedIndex:
            # Nothing is lost: this one goes on where the other one is.
            self._close()
            self._follow(pace)
            return
        except StaleIndex as error:
            log.info("The search index is made anew: %s.", error)
        except sqlite3.DatabaseError as error:
            name: str = getattr(error, "sqlite_errorname", "") or ""
            if not name.startswith(BROKEN):
                raise
            log.warning("The search index was damaged and is made anew (%s).", error)
        else:
            return
        self._renew()
        self._follow(pace)

    def _renew(self) -> None:
        self._close()
        discard(self.path)
        self._damaged = False
        self.generation += 1

    def _follow(self, pace: Pace) -> None:
        """Index until nothing is left to do."""
        if self._damaged or (self._index is not None and not self.path.exists()):
            self._renew()
        index, source = self._open()
        done = False
        while not done and not self._stopping.is_set() and not pace.stop.is_set():
            self._wake.clear()
            began = time.monotonic()
            try:
                done = not self._step(index, source, pace)
            except BaseException:
                index.roll_back()
                raise
            spent = time.monotonic() - began
            if pace.tell is not None:
                pace.tell(index.indexed_to, max(source.highest(), index.indexed_to))
            elif not done:
                self._stopping.wait(spent * self._rest(source.highest() - index.indexed_to))

    def _open(self) -> tuple[SearchIndex, SearchSource]:
        if self._index is None or self._source is None:
            self._close()
            source = self._source = SearchSource(self.database)
            existed = self.path.exists()
            index = self._index = SearchIndex(self.path, source.identity())
            if not existed:
                self.generation += 1
            last, mark = index.indexed_to, index.mark
            if last > source.highest() or (mark or source.mark(last)) != (
                source.mark(last) or mark
            ):
                raise StaleIndex("the database is an older one than it has seen")
        return self._index, self._source

    def _step(self, index: SearchIndex, source: SearchSource, pace: Pace) -> bool:
        """One page of work; False: there was none."""
        seq, events = source.changed(self.passed)
        if seq:
            self._reindex(index, source, [e for e in events if e <= index.indexed_to])
            if self._forget is None:
                self.passed = seq
            else:
                self._forget(seq)
            return True
        page = source.page(index.indexed_to, 1 << 62, pace.page_bytes)
        if page.upto > index.indexed_to:
            mark = source.mark(page.upto)
            index.begin()
            index.add(page.documents)
            index.reached(page.upto, mark)
            index.commit()
            index.indexed_to, index.mark = page.upto, mark
            return True
        part = index.unpacked()
        if part is not None:
            index.begin()
            index.pack(part)
            index.commit()
            return True
        part = index.worn()
        if part is not None:
            self._refill(index, source, part)
            return True
        return False

    def _reindex(self, index: SearchIndex, source: SearchSource, events: list[int]) -> None:
        # Some at a time: their words are in memory together.
        for start in range(0, len(events), REINDEXED):
            index.begin()
            index.add(source.documents(index.strike(events[start : start + REINDEXED])))
            index.commit()

    def _refill(self, index: SearchIndex, source: SearchSource, part: int) -> None:
        """Fill a part anew in one transaction: readers see the old one until it is complete."""
        index.begin()
        index.clear(part)
        at, end = part * PART - 1, min((part + 1) * PART, index.indexed_to + 1)
        while not self._stopping.is_set():
            began = time.monotonic()
            page = source.page(at, end)
            if page.upto == at:
                index.commit()
                return
            at = page.upto
            index.add(page.documents)
            self._stopping.wait((time.monotonic() - began) * max(BUSY_REST, self._rest(0)))
        index.roll_back()

    def _rest(self, behind: int) -> float:
        """How long to rest now, in times of the work. ``behind``: events that are not indexed."""
        arriving = self._wake.is_set()
        if self._waiting() > PRESSED or (arriving and behind > FLOOD):
            return PRESSED_REST
        return BUSY_REST if arriving else IDLE_REST

    def _say(self, error: Exception) -> None:
        """Log a failure once, and let searches tell it."""
        said = (
            f"{self.path} cannot be kept up to date ({error}). Free disk space and check that the "
            "file and its folder may be written; it is tried again by itself."
        )
        if self.problem is None:
            log.warning("%s Everything but the search goes on.", said)
        self.problem = said
        self._failed = True

    def _close(self) -> None:
        source, self._source = self._source, None
        index, self._index = self._index, None
        for each in (source, index):
            if each is not None:
                each.close()
