"""No hot read goes through a whole table that grows with the events.

The statements that the reads really execute are taken down as they run, and SQLite is asked how it
runs each of them.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from agentmonitor.model.analytics import UsageQuestion, Where
from agentmonitor.model.clock import DAY_MS, HOUR_MS
from agentmonitor.model.filters import EventFilter, SessionFilter
from agentmonitor.model.search import Search, parse_words
from agentmonitor.model.selection import Selection, SessionChoice, StoryChoice
from agentmonitor.model.usage import Channel
from agentmonitor.storage.engine import Readable
from agentmonitor.storage.session_reads import SessionReads
from agentmonitor.storage.sqlite import search_reader, snapshots
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import DAY, event, report
from tests.unit.storage.store import Store

GROWING = {
    "events", "ledger", "evidence", "contents", "event_keys", "event_keys_recent",
    "activity_keys", "activity_keys_recent", "activity_key_log", "activity_merges", "pruned",
    "pruned_activities",
    "session_files", "pruned_files", "file_marks", "spans", "session_events",
}  # fmt: skip
"""Tables that have about as many rows as there are events, requests or files."""
COLD = {
    "priceable": "pages through all events when prices are worked out anew",
    "prune_plan": "looks at all that would go",
    "database_info": "tells of the whole file, when it is asked for",
    "file_marks": "read once, at the start",
    "files_read": "read when files are looked for",
    "series_marks": "read once, at the start",
    "session_reads": "its own reads stand below",
    "size_bytes": "asks the file system",
}
_ALIAS = re.compile(rf"\b({'|'.join(sorted(GROWING))})(?: AS)? (\w+)\b")
PAGES = {"events"}
"""Reads that go through an index in its order until a page is full."""
FIRST, LAST = DAY + HOUR_MS // 3 + 12_345, DAY + 5 * DAY_MS + HOUR_MS // 3 + 12_345
EVERY = Where(since=FIRST, until=LAST)
NARROW = {"agent": "alpha", "project": "shop", "model": "m-large"}
EDGES = [FIRST, *range(DAY + DAY_MS, LAST, DAY_MS), LAST]


class Call(Protocol):
    def __call__(self, engine: SqliteEngine) -> object: ...


def usage(by: str, **narrow: str) -> Call:
    where = Where(since=FIRST, until=LAST, **narrow)
    question = UsageQuestion(where=where, by=by, edges=EDGES, before=DAY)  # type: ignore[arg-type]
    return lambda engine: engine.usage(question)


READS: dict[str, list[Call]] = {
    "events": [
        lambda e: e.events(EventFilter(), 50, 0),
        lambda e: e.events(EventFilter(tool_name="Bash", since=FIRST), 50, 2),
        lambda e: e.events(EventFilter(agent_type="alpha", since=FIRST, until=LAST), 50, 0),
        lambda e: e.events(EventFilter(session_id="s1", event_type="tool_use"), 50, 0),
        lambda e: e.events(EventFilter(project="shop"), 50, 0),
        lambda e: e.events(EventFilter(branch="main"), 50, 0),
    ],
    "events_after": [lambda e: e.events_after(5, 50, "alpha", None, 10)],
    "sessions": [
        lambda e: e.sessions(SessionFilter(), 50),
        lambda e: e.sessions(SessionFilter(live=True, agent_type="alpha"), 50),
    ],
    "sessions_by_id": [lambda e: e.sessions_by_id(["s1", "s2"])],
    "session_events": [lambda e: e.session_events("s1", 50, newest_first=True)],
    "stats": [lambda e: e.stats(None, None), lambda e: e.stats("alpha", FIRST)],
    "tools": [lambda e: e.tools(None, None), lambda e: e.tools("alpha", FIRST)],
    "cost": [lambda e: e.cost(None, None, 10), lambda e: e.cost("alpha", FIRST, 10)],
    "totals": [lambda e: e.totals()],
    "used_between": [lambda e: e.used_between("alpha", FIRST, LAST)],
    "first_use": [lambda e: e.first_use("alpha", DAY, DAY + 5 * DAY_MS, "tokens")],
    "block_start": [lambda e: e.block_start("alpha", LAST, 5)],
    "blocks": [lambda e: e.blocks("alpha", DAY, LAST, 5, LAST, 50)],
    "usage": [usage(by) for by in ("model", "agent", "project", "branch")]
    + [usage("model", **{name: value}) for name, value in NARROW.items()],
    "session_usage": [lambda e: e.session_usage(EVERY, 20)],
    "tool_use": [lambda e: e.tool_use(EVERY, "agent"), lambda e: e.tool_use(EVERY, "project")],
    "activity": [
        lambda e: e.activity(EVERY, EDGES, [(FIRST, LAST, 1)]),
        *(
            lambda e, narrow=narrow: e.activity(
                Where(since=FIRST, until=LAST, **narrow), EDGES, [(FIRST, LAST, 1)]
            )
            for narrow in ({"agent": "alpha"}, NARROW, {"branch": "main"}, {"session": "s1"})
        ),
    ],
    "facets": [
        lambda e: e.facets(EVERY),
        lambda e: e.facets(Where(since=FIRST, until=LAST, agent="alpha")),
    ],
    "quotas": [lambda e: e.quotas()],
    "quota_history": [lambda e: e.quota_history("alpha", DAY)],
    "agent_types": [lambda e: e.agent_types()],
    "channel_uses": [lambda e: e.channel_uses()],
    "filter_options": [lambda e: e.filter_options()],
    "contents": [lambda e: e.contents([1, 2, 3])],
    "file_mark": [lambda e: e.file_mark("/nowhere")],
    "last_event_id": [lambda e: e.last_event_id()],
    "search": [
        lambda e: e.search(Search(words=parse_words("make"))),
        lambda e: e.search(Search(words=parse_words("make"), since=FIRST, until=LAST)),
        lambda e: e.search(Search(words=parse_words("make"), by_session=True, project="shop")),
    ],
    "session_list": [
        lambda e: e.session_reads.session_list(SessionChoice(), 2),
        lambda e: e.session_reads.session_list(
            SessionChoice(where=Selection(project="shop", since=FIRST), sort="cost"), 2
        ),
    ],
    "live_sessions": [lambda e: e.session_reads.live_sessions(Selection(), 50)],
    "session_detail": [lambda e: e.session_reads.session_detail("s1")],
    "session_files": [lambda e: e.session_reads.session_files("s1", 50)],
    "session_page": [
        lambda e: e.session_reads.session_page("s1", StoryChoice(), 50),
        lambda e: e.session_reads.session_page(
            "s1", StoryChoice(tool="Bash", descending=True), 5, (LAST, 99)
        ),
    ],
    "session_story": [
        lambda e: e.session_reads.session_story("s1", StoryChoice(), 50),
        lambda e: e.session_reads.session_story("s1", StoryChoice(errors=True), 5, (FIRST, 1)),
    ],
    "session_turns": [lambda e: e.session_reads.session_turns("s1", 3)],
    "session_spans": [lambda e: e.session_reads.session_spans("s1", 3, (FIRST, 1))],
    "failures": [
        lambda e: e.session_reads.failures(EVERY, None, 50),
        lambda e: e.session_reads.failures(Where(since=FIRST, until=LAST, **NARROW), "Bash", 5),
        lambda e: e.session_reads.failures(
            Where(since=FIRST, until=LAST, session="s1"), None, 5, (LAST, 9)
        ),
    ],
}
"""By the name of the read: calls that take each of its ways."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteEngine]:
    """A store with something in every table that a read may meet."""
    engine = SqliteEngine(tmp_path_factory.mktemp("plans") / "a.db")
    engine.open()
    store = Store(engine)
    for number in range(60):
        kind = ("user_prompt", "tool_use", "llm_response")[number % 3]
        store.write(
            event(
                session_id=f"s{number % 3}", agent_type=("alpha", "beta")[number % 2],
                event_type=kind, tool_name="Bash" if kind == "tool_use" else None,
                model="m-large" if kind == "llm_response" else None, tokens_in=number,
                tokens_out=3, cost_usd=0.5, duration_ms=number, project="shop", branch="main",
                occurred_at=DAY + number * 2 * HOUR_MS, event_id=f"e{number}", file_path="/a.py",
                metadata_json='{"text": "make it"}', channel=Channel.FILE, keys=(f"k:{number}",),
            ),
            signals=[report("busy", f"s{number % 3}")],
        )  # fmt: skip
    engine.indexer.catch_up()
    yield engine
    engine.close()


@pytest.fixture
def statements(engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that reads execute from here on, each with its arguments."""
    found: list[str] = []
    engine.close_readers()
    engine._searches.close()
    for module in (search_reader, snapshots):
        opens: Callable[[Path], sqlite3.Connection] = module.open_reader

        def traced(
            path: Path, opens: Callable[[Path], sqlite3.Connection] = opens
        ) -> sqlite3.Connection:
            connection = opens(path)
            connection.set_trace_callback(found.append)
            return connection

        monkeypatch.setattr(module, "open_reader", traced)
    yield found
    engine.close_readers()
    engine._searches.close()


def scans(engine: SqliteEngine, statements: list[str], name: str) -> list[str]:
    """What of a read goes through a growing table: 'table: statement'."""
    found = []
    connection = sqlite3.connect(f"{engine.path.as_uri()}?mode=ro", uri=True)
    connection.create_function("subagent_in", 1, lambda body: None, deterministic=True)
    connection.execute("ATTACH ? AS db", (str(engine.path),))
    try:
        for statement in dict.fromkeys(statements):
            if not statement.startswith(("SELECT", "WITH")) or "words_" in statement:
                continue
            try:
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            except sqlite3.OperationalError:
                continue  # of the search index's own tables
            found += [
                f"{table}: {statement}" for table in _scanned(statement, plan, pages=name in PAGES)
            ]
    finally:
        connection.close()
    return found


def _scanned(
    statement: str, plan: list[tuple[int, int, int, str]], *, pages: bool
) -> Iterator[str]:
    """``pages``: whether it may go through an index in its order until a page is full."""
    sorts = any("TEMP B-TREE" in detail for *_, detail in plan)
    aliases = {alias: table for table, alias in _ALIAS.findall(statement)}
    for *_, detail in plan:
        match = re.match(r"SCAN (?:TABLE )?(\w+)(?: AS (\w+))?", detail)
        if match is None:
            continue
        name = match[1]
        table = name if name in GROWING else aliases.get(name)
        in_order = pages and "USING" in detail and "LIMIT" in statement and not sorts
        if table is not None and not in_order:
            yield table


@pytest.mark.parametrize("name", READS)
def test_no_hot_read_scans_a_table_that_grows(
    name: str, engine: SqliteEngine, statements: list[str]
) -> None:
    for call in READS[name]:
        call(engine)
    assert scans(engine, statements, name) == []


def test_every_read_of_the_protocol_is_looked_at() -> None:
    told = {name for name in (*vars(Readable), *vars(SessionReads)) if not name.startswith("_")}
    assert told | {"search"} == set(READS) | set(COLD)
    assert not set(READS) & set(COLD)


_IDS, _ROWS = (
    f"CREATE VIEW {name} AS SELECT {columns} FROM events WHERE 0"
    f" UNION ALL SELECT {columns} FROM events"
    for name, columns in (("session_ids", "session, time, id"), ("session_rows", "*"))
)


@pytest.mark.parametrize(
    ("missing", "instead", "name"),
    [
        ("session_ids", _IDS, "session_detail"), ("session_rows", _ROWS, "session_story"),
        ("events_by_time", None, "stats"), ("events_by_time", None, "tool_use"),
        ("pruned_by_minute", None, "stats"),
    ],
)  # fmt: skip
def test_a_scan_is_found_when_an_index_or_a_list_is_missing(
    missing: str, instead: str | None, name: str, engine: SqliteEngine, statements: list[str]
) -> None:
    kind, made = sqlite3.connect(engine.path).execute(
        "SELECT type, sql FROM sqlite_master WHERE name = ?", (missing,)
    ).fetchone()  # fmt: skip

    def drop(connection: sqlite3.Connection) -> None:
        connection.execute(f"DROP {kind} {missing}")
        if instead is not None:
            connection.execute(instead)

    def remake(connection: sqlite3.Connection) -> None:
        if instead is not None:
            connection.execute(f"DROP {kind} {missing}")
        connection.execute(made)

    engine._write(drop)
    try:
        for call in READS[name]:
            call(engine)
        assert scans(engine, statements, name) != []
    finally:
        engine._write(remake)
