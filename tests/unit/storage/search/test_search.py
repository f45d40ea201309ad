"""Searching: what is found, how it is shown, and how the index follows the events."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.model.event import Event
from agentmonitor.model.search import Search, parse_words
from agentmonitor.model.usage import Channel
from tests.unit.storage.search.asking import alter, ids, make, page, run, said
from tests.unit.storage.store import Store, opened


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
