"""Searching: what is found, how it is shown, and how the index follows the events."""

import logging
import re
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput, Unsupported
from agentmonitor.metadata import Rules, prepare
from agentmonitor.model.clock import DAY_MS, HOUR_MS
from agentmonitor.model.event import Event
from agentmonitor.model.search import Search, SearchPage, parse_place, parse_words
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite import search as index_file
from agentmonitor.storage.sqlite import search_indexer, search_reader
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.queries import search as queries
from agentmonitor.storage.sqlite.queries.search_expression import expression
from agentmonitor.storage.sqlite.search import index_path
from tests.unit.builders import DAY, NOW, event
from tests.unit.storage.store import Store, opened

RULES = Rules(max_bytes=10_240, edit_tools=frozenset())


def said(prompt: str = "", **fields: object) -> Event:
    """An event with a prompt, or with the metadata that is given."""
    metadata = fields.pop("metadata", {"prompt": prompt})
    made = event(metadata=metadata, **{"event_type": "user_prompt", **fields})
    prepare([made], RULES)
    return made


def make(path: Path) -> SqliteEngine:
    return SqliteEngine(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with opened(make, path) as store:
        yield store


def page(store: Store, q: str, **asked: object) -> SearchPage:
    """What a search finds when everything has been indexed."""
    assert isinstance(store.engine, SqliteEngine)
    store.engine.indexer.catch_up()
    return store.engine.search(Search(words=parse_words(q), **asked))  # type: ignore[arg-type]


def ids(store: Store, q: str, **asked: object) -> list[int]:
    return [hit.event_id for hit in page(store, q, **asked).results]


def test_words_are_found_wherever_an_agent_put_them(store: Store) -> None:
    texts = (
        ("prompt", "user_prompt", {"prompt": "needle"}),
        ("prompt", "user_prompt", {"message": "needle"}),
        ("answer", "response", {"text": "needle"}),
        ("answer", "turn_end", {"last_assistant_message": "needle"}),
        ("command", "tool_use", {"command": "needle --all"}),
        ("command", "tool_use", {"url": "https://needle.example/"}),
        ("command", "tool_use", {"tool_input": {"pattern": "needle"}}),
        ("path", "tool_use", {"file_path": "/src/needle/a.py"}),
        ("path", "tool_use", {"files": ["/src/a.py", "/src/needle.py"]}),
        ("output", "tool_use", {"tool_response": {"stdout": "a needle"}}),
        ("output", "error", {"message": "needle"}),
        ("prompt", "user_prompt", "needle"),
    )
    events = [said(event_type=kind, metadata=data) for _, kind, data in texts]
    store.write(*events, said(event_type="tool_use", metadata={}, tool_name="Needle"))
    found = {hit.event_id: hit.column for hit in page(store, "needle").results}
    expected = {each.id: column for each, (column, _, _) in zip(events, texts, strict=True)}
    assert found == expected | {len(texts) + 1: "command"}


def test_numbers_and_identifiers_are_not_searched(store: Store) -> None:
    store.write(said(metadata={"request_id": "needle", "tokens": 77, "nested": {"id": "needle"}}))
    assert ids(store, "needle OR 77") == []


def test_what_a_row_has_only_a_summary_of_is_found_whole(store: Store) -> None:
    long = said("filler " * 5000 + "needle " + "filler " * 100)
    assert long.payload_truncated
    store.write(long)
    (hit,) = page(store, "needle").results
    assert len(hit.snippet) <= 200
    ((start, end),) = hit.highlights
    assert hit.snippet[start:end] == "needle"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("cart_total", ["cart"]),
        ("total", ["cart"]),
        ("cart_to*", ["cart"]),
        ("src/cart.ts", ["path"]),
        ("/home/me/src", ["path"]),
        ("npm test", ["npm", "apart"]),
        ('"npm test"', ["npm"]),
        ("npm -test", []),
        ("npm NOT run", ["npm"]),
        ("--json", ["npm"]),
        ("NPM AND TEST", ["npm", "apart"]),
        ("cafe", ["accent"]),
        ("CAFÉ", ["accent"]),
        ("cart_total OR cafe", ["cart", "accent"]),
        ("npm run OR json", ["npm", "apart"]),
        ("npm*", ["npm", "apart"]),
        ("nee", []),
    ],
)
def test_the_query_language(store: Store, q: str, found: list[str]) -> None:
    texts = {
        "cart": "rename cart_total please",
        "path": "/home/me/src/cart.ts",
        "npm": "npm test --json",
        "apart": "npm run the test",
        "accent": "the Café is closed",
    }
    events = [said(text) for text in texts.values()]
    store.write(*events)
    numbers = dict(zip(texts, (each.id for each in events), strict=True))
    assert sorted(ids(store, q)) == sorted(numbers[name] for name in found)


@pytest.mark.parametrize("q", ["", "  ", "OR", "AND NOT", '""', "*", "-", "-word", "()", "😀", '"'])
def test_a_query_without_a_word_is_refused_with_the_reason(q: str) -> None:
    with pytest.raises(InvalidInput, match="word to look for"):
        parse_words(q)


def test_a_query_of_absurd_size_is_refused() -> None:
    for q in ("x" * 1001, "x " * 33):
        with pytest.raises(InvalidInput, match="at most"):
            parse_words(q)


@settings(deadline=None, max_examples=200)
@given(
    q=st.text(alphabet=st.characters(), max_size=40)
    | st.text('ab"*-^+:(){}\0\\ ORAND', max_size=30)
)
def test_no_text_is_a_syntax_error(probe: Store, q: str) -> None:
    try:
        words = parse_words(q)
    except InvalidInput:
        return
    probe.engine.search(Search(words=words))


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(make, tmp_path_factory.mktemp("probe") / "events.db") as store:
        store.write(said("a b or and not"), said("ab OR AND"))
        assert ids(store, "a") != []
        yield store


WORDS = ("red", "reed", "blue", "blur", "a")
terms = st.builds(
    lambda words, prefix: (words, prefix),
    st.lists(st.sampled_from((*WORDS, "re", "bl")), min_size=1, max_size=2),
    st.booleans(),
)
texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
corpora = st.lists(st.tuples(texts, texts), min_size=1, max_size=12)
asks = st.tuples(
    st.lists(st.lists(terms, min_size=1, max_size=2), min_size=1, max_size=2),
    st.lists(terms, max_size=1),
)
Ask = tuple[list[list[tuple[list[str], bool]]], list[tuple[list[str], bool]]]


def matches(term: tuple[list[str], bool], columns: tuple[str, ...]) -> bool:
    """The naive reference: the term's words side by side in one column."""
    words, prefix = term
    for column in columns:
        tokens = re.findall(r"\w+", column)
        for at in range(len(tokens) - len(words) + 1):
            window = tokens[at : at + len(words)]
            last = window[-1].startswith(words[-1]) if prefix else window[-1] == words[-1]
            if window[:-1] == words[:-1] and last:
                return True
    return False


def spelled(ask: Ask) -> str:
    def one(term: tuple[list[str], bool]) -> str:
        return f'"{" ".join(term[0])}"' + "*" * term[1]

    wanted, unwanted = ask
    return " ".join(
        [" OR ".join(map(one, group)) for group in wanted] + [f"-{one(t)}" for t in unwanted]
    )


@settings(deadline=None, max_examples=60)
@given(
    corpus=corpora,
    changes=st.lists(st.tuples(st.integers(0, 11), texts), max_size=4),
    gone=st.sets(st.integers(0, 11), max_size=2),
    asked=st.lists(asks, min_size=1, max_size=4),
)
def test_a_search_finds_what_a_reader_would_find(
    corpus: list[tuple[str, str]],
    changes: list[tuple[int, str]],
    gone: set[int],
    asked: list[Ask],
) -> None:
    with opened(make) as store:
        written = [said(metadata={"prompt": one, "command": two}) for one, two in corpus]
        store.write(*written)
        known = {each.id: columns for each, columns in zip(written, corpus, strict=True)}
        page(store, "red")  # indexed as they came; what follows happens afterwards
        for at, text in changes:
            if at < len(written):
                number = written[at].id
                known[number] = (text, known[number][1])
                alter(store, number, *known[number])
        for at in gone:
            if at < len(written):
                del known[written[at].id]
                run(store, "DELETE FROM events WHERE id = ?", written[at].id)
        for ask in asked:
            wanted, unwanted = ask
            expected = {
                number
                for number, columns in known.items()
                if all(any(matches(term, columns) for term in group) for group in wanted)
                and not any(matches(term, columns) for term in unwanted)
            }
            found = page(store, spelled(ask), limit=100)
            assert {hit.event_id for hit in found.results} == expected, spelled(ask)
            assert (found.behind, found.problem, found.next) == (0, None, None)


def alter(store: Store, number: int, prompt: str, command: str) -> None:
    run(
        store, "UPDATE events SET metadata = json_object('prompt', ?, 'command', ?) WHERE id = ?",
        prompt, command, number,
    )  # fmt: skip


def run(store: Store, statement: str, *arguments: object) -> None:
    """A statement in the writer, as the program's own would be."""
    assert isinstance(store.engine, SqliteEngine)
    writer = store.engine._writer
    assert writer is not None
    writer.call(lambda connection, _: connection.execute(statement, arguments))


def test_an_event_that_another_report_makes_better_is_found_by_its_new_words(store: Store) -> None:
    def reported(channel: Channel, data: dict[str, str]) -> Event:
        return said(metadata=data, event_type="tool_use", channel=channel, keys=("one",))

    store.write(reported(Channel.HOOK, {"command": "make"}))
    assert ids(store, "make") == [1]
    store.write(reported(Channel.FILE, {"command": "make", "output": "all green"}))
    assert ids(store, "green") == [1]
    assert ids(store, "make green") == [1]


def test_reports_that_turn_out_to_be_one_activity_are_found_once(store: Store) -> None:
    store.write(said("needle", channel=Channel.HOOK, keys=("a",)))
    store.write(said("needle", channel=Channel.LOG, keys=("b",)))
    assert sorted(ids(store, "needle")) == [1, 2]
    store.write(said("needle", channel=Channel.FILE, keys=("a", "b")))
    assert ids(store, "needle") == [1]


def test_a_project_that_becomes_known_later_filters_its_events(store: Store) -> None:
    store.write(said("needle"))
    assert ids(store, "needle", project="shop") == []
    store.write(said("other", project="shop", branch="main"))
    assert ids(store, "needle", project="shop", branch="main") == [1]


def test_every_filter_narrows_the_search(store: Store) -> None:
    first = said(
        "needle", session_id="s1", agent_type="alpha", project="shop", branch="main", model="m1",
        tool_name="Bash", occurred_at=DAY,
    )  # fmt: skip
    second = said(
        "needle", session_id="s2", agent_type="beta", project="docs", branch="fix", model="m2",
        tool_name="Edit", event_type="tool_use", occurred_at=DAY + 2 * DAY_MS,
    )  # fmt: skip
    store.write(first, second)
    both = {
        "session_id": ("s1", "s2"), "agent_type": ("alpha", "beta"), "project": ("shop", "docs"),
        "branch": ("main", "fix"), "model": ("m1", "m2"), "tool_name": ("Bash", "Edit"),
        "event_type": ("user_prompt", "tool_use"),
    }  # fmt: skip
    for field, values in both.items():
        assert [ids(store, "needle", **{field: value}) for value in values] == [[1], [2]]
        assert ids(store, "needle", **{field: "nobody"}) == []
    every = {field: values[0] for field, values in both.items()}
    assert ids(store, "needle", **every, since=DAY, until=DAY) == [1]
    assert ids(store, "needle", session_id="s1", agent_type="beta") == []
    assert ids(store, "needle", since=DAY + 1) == [2]
    assert ids(store, "needle", until=DAY + 2 * DAY_MS - 1) == [1]
    assert ids(store, "needle", since=DAY - HOUR_MS, until=DAY - 1) == []


def test_prompts_rank_before_paths_before_outputs_and_newer_first_among_equals(
    store: Store,
) -> None:
    output = said(event_type="error", metadata={"message": "needle"})
    path = said(event_type="tool_use", metadata={"file_path": "needle"})
    older, newer = (said("needle", occurred_at=DAY + hour * HOUR_MS) for hour in (2, 1))
    filler = [said("hay") for _ in range(20)]
    store.write(older, newer, output, path, *filler)
    assert ids(store, "needle") == [older.id, newer.id, path.id, output.id]


def test_pages_give_every_hit_once_even_beyond_what_is_ranked_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MATCHES", 7)
    store.write(*(said("needle " + "hay " * (n % 5)) for n in range(30)))
    found: list[int] = []
    place = None
    for _ in range(100):
        answer = page(store, "needle", limit=3, place=place)
        found += [hit.event_id for hit in answer.results]
        if answer.next is None:
            break
        place = parse_place(answer.next)
    assert sorted(found) == list(range(1, 31))


def test_new_events_do_not_shift_the_pages_of_a_search(store: Store) -> None:
    store.write(*(said("needle") for _ in range(4)))
    first = page(store, "needle", limit=2)
    store.write(*(said("needle") for _ in range(4)))
    assert first.next is not None
    second = page(store, "needle", limit=2, place=parse_place(first.next))
    assert [hit.event_id for hit in first.results + second.results] == [4, 3, 2, 1]


def test_one_session_takes_one_place_when_grouped(store: Store) -> None:
    store.write(*(said("needle", session_id="loud") for _ in range(5)), said("needle needle"))
    hits = page(store, "needle", by_session=True).results
    assert sorted((hit.session_id, hit.count) for hit in hits) == [("loud", 5), ("s1", 1)]


def test_parts_are_searched_as_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (index_file, queries, search_indexer):
        monkeypatch.setattr(module, "PART", 4)
    store.write(*(said("needle" if n % 3 == 0 else "hay") for n in range(30)))
    assert sorted(ids(store, "needle", limit=100)) == [n + 1 for n in range(0, 30, 3)]


def test_a_part_that_is_worn_is_filled_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "_WORTH_REFILLING", 5)
    store.write(said("old"), said("old"))
    for turn in range(20):
        alter(store, 1, f"turn {turn}", "")
        assert ids(store, f'"turn {turn}"') == [1]
    assert ids(store, "old") == [2]
    with sqlite3.connect(index_path(_engine(store).path)) as index:
        (struck,) = index.execute("SELECT count(*) FROM struck").fetchone()
    index.close()
    assert struck < 10


def _engine(store: Store) -> SqliteEngine:
    assert isinstance(store.engine, SqliteEngine)
    return store.engine


def test_indexing_goes_on_where_it_was_after_a_restart(path: Path) -> None:
    with opened(make, path) as store:
        store.write(said("first"))
        assert ids(store, "first") == [1]
        store.write(said("second"))
        alter(store, 1, "changed", "")
    with opened(make, path) as store:
        before = store.engine.search(Search(words=parse_words("second")))
        assert (before.results, before.indexed_to, before.behind) == ([], 1, 2)
        assert ids(store, "second") == [2]
        assert ids(store, "first") == []
        assert page(store, "changed").behind == 0


@pytest.mark.parametrize("damage", ["gone", "junk", "torn", "other version"])
def test_an_index_that_cannot_be_used_is_made_anew(path: Path, damage: str) -> None:
    with opened(make, path) as store:
        store.write(*(said(f"needle word{n}") for n in range(300)))
        assert ids(store, "word7") == [8]
    file = index_path(path)
    if damage == "gone":
        file.unlink()
    elif damage == "junk":
        file.write_bytes(b"no database at all" * 500)
    elif damage == "torn":
        content = file.read_bytes()
        file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    else:
        with sqlite3.connect(file) as index:
            index.execute("UPDATE state SET format = 99")
        index.close()
    with opened(make, path) as store:
        answer = page(store, "word7")
        assert ([hit.event_id for hit in answer.results], answer.problem) == ([8], None)


def test_an_index_of_another_database_or_of_a_later_state_is_made_anew(path: Path) -> None:
    with opened(make, path) as store:
        store.write(said("later"), said("later"))
        assert ids(store, "later") == [2, 1]
    path.unlink()
    with opened(make, path) as store:
        store.write(said("fresh"))
        assert ids(store, "later") == []
        assert ids(store, "fresh") == [1]


def test_damage_that_a_reader_meets_is_repaired(store: Store) -> None:
    store.write(said("needle"))
    assert ids(store, "needle") == [1]
    _engine(store).indexer._damaged = True
    assert ids(store, "needle") == [1]


def test_a_file_of_another_program_is_left_as_it_is(path: Path) -> None:
    file = index_path(path)
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA application_id = 1234")
        other.execute("CREATE TABLE mine (a)")
    other.close()
    with opened(make, path) as store:
        store.write(said("needle"))
        answer = page(store, "needle")
        assert answer.results == []
        assert answer.problem is not None
        assert "move it away" in answer.problem
    with sqlite3.connect(file) as other:
        assert other.execute("SELECT count(*) FROM mine").fetchone() == (0,)
    other.close()


def test_an_index_that_cannot_be_written_is_told_once_and_holds_up_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = index_path(path)
    file.mkdir()
    with caplog.at_level(logging.WARNING), opened(make, path) as store:
        for number in range(3):
            store.write(said("needle"))
            answer = page(store, "needle")
            assert (answer.results, answer.behind) == ([], number + 1)
            assert answer.problem is not None
            assert "Free disk space" in answer.problem
        assert len(caplog.records) == 1
        file.rmdir()
        assert len(ids(store, "needle")) == 3


def test_a_full_disk_stops_the_index_only(store: Store) -> None:
    store.write(said("needle"))
    assert ids(store, "needle") == [1]
    index = _engine(store).indexer._index
    assert index is not None
    (pages,) = index._connection.execute("PRAGMA page_count").fetchone()
    index._connection.execute(f"PRAGMA max_page_count = {pages}")
    store.write(*(said(" ".join(f"word{n}x{m}" for m in range(60))) for n in range(100)))
    answer = page(store, "needle")
    assert [hit.event_id for hit in answer.results] == [1]
    assert answer.behind == 100
    assert answer.problem is not None
    assert "full" in answer.problem
    assert page(store, "word99x1").problem is None  # a new connection has room again


def test_only_the_owner_can_read_the_index(store: Store, path: Path) -> None:
    store.write(said("needle"))
    assert ids(store, "needle") == [1]
    for file in path.parent.glob("*-search.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_fts5_a_search_says_so_and_all_else_works(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (search_indexer, search_reader):
        monkeypatch.setattr(module, "has_fts5", lambda: False)
    store.write(said("needle"))
    with pytest.raises(Unsupported, match="FTS5"):
        page(store, "needle")
    assert store.engine.last_event_id() == 1


def test_the_thread_begins_with_the_first_event_and_catches_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_indexer, "GATHER_S", 0.0)
    engine = _engine(store)
    engine.keep_index()
    assert engine.indexer._thread is None
    store.write(said("needle", created_at=NOW))
    while not (found := engine.search(Search(words=parse_words("needle"))).results):
        assert engine.indexer._thread is not None
    assert [hit.event_id for hit in found] == [1]


@settings(deadline=None, max_examples=60)
@given(
    before=st.text(alphabet="ab \n\té👩\u200d💻\u0301", max_size=400),
    after=st.text(alphabet="ab \n\té👩\u200d💻\u0301", max_size=400),
)
def test_a_snippet_is_a_piece_of_the_text_with_the_hit_in_it(
    probe: Store, before: str, after: str
) -> None:
    text = f"{before} needle {after}"
    ((_, snippet, highlights),) = queries._snippets(
        [(1, [text, "", "", "", ""])], expression(parse_words("needle"))
    ).values()
    assert snippet in text
    assert len(snippet) <= 200
    assert [snippet[start:end] for start, end in highlights] == ["needle"]


def test_marks_in_a_text_are_not_taken_for_hits(store: Store) -> None:
    store.write(said("\x02not\x03 this needle \x02 <b>bold</b>"))
    (hit,) = page(store, "needle").results
    assert [hit.snippet[start:end] for start, end in hit.highlights] == ["needle"]
    assert hit.snippet.endswith("<b>bold</b>")
