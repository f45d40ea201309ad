"""GET /api/v2/search."""

from __future__ import annotations

import pytest

from .client import Api, Row, ago, error_of, event, eventually, unique
from .conftest import Launch
from .shape import Check, faults, integer, items, maybe, moment, number, one_of, text

SEARCH = "/api/v2/search"
HIT: dict[str, Check] = {
    "event_id": integer,
    "session_id": text,
    "session_title": maybe(text),
    "agent_type": text,
    "project": maybe(text),
    "branch": maybe(text),
    "type": text,
    "tool_name": maybe(text),
    "time": moment,
    "column": one_of("prompt", "answer", "command", "path", "output"),
    "snippet": text,
    "highlights": items,
    "rank": number,
    "count": maybe(integer),
}
PAGE: dict[str, Check] = {
    "results": items,
    "next": maybe(text),
    "indexed_to": integer,
    "behind": integer,
    "problem": maybe(text),
}


def search(api: Api, q: str, **asked: str | int) -> Row:
    page: Row = api.read(SEARCH, q=q, **asked)
    assert faults(page, PAGE) == {}
    assert page["problem"] is None
    for row in page["results"]:
        assert faults(row, HIT) == {}
        assert len(row["snippet"]) <= 200
        for start, end in row["highlights"]:
            assert 0 <= start < end <= len(row["snippet"])
    return page


def found(api: Api, q: str, ids: list[int], **asked: str | int) -> list[Row]:
    """The hits, once everything up to the newest of ``ids`` is indexed."""

    def settled() -> Row | None:
        page = search(api, q, **asked)
        return page if page["indexed_to"] >= max(ids) else None

    page = eventually(settled)
    assert page is not None
    rows: list[Row] = page["results"]
    return rows


@pytest.fixture
def word() -> str:
    """A word that only this test uses."""
    return unique("w").replace("-", "")


def test_an_event_is_found_by_its_words_soon_after_it_was_stored(
    api: Api, agent: str, session_id: str, word: str
) -> None:
    item = event(
        agent, session_id=session_id, tool_name="Bash", project="ct-p", branch="ct-b",
        client_timestamp=ago(hours=1), metadata={"command": f"npm run {word} --silent"},
    )  # fmt: skip
    ids = api.ingest(item)
    (hit,) = found(api, word, ids)
    assert (hit["event_id"], hit["session_id"], hit["agent_type"]) == (ids[0], session_id, agent)
    assert (hit["type"], hit["tool_name"], hit["column"]) == ("tool_use", "Bash", "command")
    assert (hit["project"], hit["branch"], hit["time"]) == (
        "ct-p",
        "ct-b",
        item["client_timestamp"],
    )
    shown = [hit["snippet"][start:end] for start, end in hit["highlights"]]
    assert shown == [word]
    assert hit["count"] is None


def test_phrases_prefixes_and_exclusions(api: Api, agent: str, word: str) -> None:
    prompts = [f"{word} comes before", f"before comes {word}", f"{word}s are many"]
    ids = api.ingest_batch(
        [event(agent, event_type="user_prompt", metadata={"prompt": p}) for p in prompts]
    )
    asked = {
        f'"{word} comes"': [0], f"{word} comes": [0, 1], f"{word[:-1]}*": [0, 1, 2],
        f"{word} -{word}s": [0, 1], f"many OR {word}s": [2], f"{word}* NOT before": [2],
    }  # fmt: skip
    for q, expected in asked.items():
        rows = found(api, q, ids, agent=agent)
        assert sorted(row["event_id"] for row in rows) == [ids[n] for n in expected], q


def test_filters_narrow_the_search(api: Api, agent: str, word: str) -> None:
    common: Row = {"metadata": {"command": word}}
    first = event(agent, tool_name="Bash", model="ct-m1", project="ct-p1", branch="ct-b1", **common)
    second = event(
        agent, event_type="error", tool_name="Edit", model="ct-m2", project="ct-p2",
        branch="ct-b2", client_timestamp=ago(days=3), **common,
    )  # fmt: skip
    ids = api.ingest(first, second)
    fields = {"session": "session_id", "type": "event_type", "tool": "tool_name"}
    fields |= {name: name for name in ("project", "branch", "model")}
    for name, field in fields.items():
        for item, expected in zip((first, second), ids, strict=True):
            rows = found(api, word, ids, **{name: item[field]})
            assert [row["event_id"] for row in rows] == [expected], name
    for asked, several in (
        ({"from": ago(days=1)}, [ids[0]]),
        ({"to": ago(days=1)}, [ids[1]]),
        ({"agent": agent}, ids),
        ({"agent": "ct-nobody"}, []),
    ):
        rows = found(api, word, ids, **asked)
        assert sorted(row["event_id"] for row in rows) == several


def test_a_day_in_to_belongs_to_the_range_and_a_time_does_not(
    api: Api, agent: str, word: str
) -> None:
    times = ("2026-03-10T22:59:59.999Z", "2026-03-10T23:00:00Z", "2026-03-11T22:59:59.999Z")
    ids = api.ingest(*(
        event(agent, client_timestamp=time, metadata={"command": word}) for time in times
    ))  # fmt: skip
    found(api, word, ids)
    for asked, expected in (
        ({"to": "2026-03-10"}, ids[:2]),
        ({"to": "2026-03-10T23:00:00Z"}, ids[:1]),
        ({"from": "2026-03-10T23:00:00Z"}, ids[1:]),
        ({"from": "2026-03-11", "to": "2026-03-11", "tz": "Europe/Vienna"}, ids[1:]),
        ({"to": "2026-03-10", "tz": "Europe/Vienna"}, ids[:1]),
    ):
        rows = found(api, word, ids, **asked)
        assert sorted(row["event_id"] for row in rows) == expected, asked


def test_pages_follow_each_other_by_cursor(api: Api, agent: str, word: str) -> None:
    batch = [event(agent, metadata={"command": f"{word} {n}"}) for n in range(5)]
    ids = api.ingest_batch(batch)
    found(api, word, ids)
    seen: list[int] = []
    page = search(api, word, limit=2)
    while True:
        seen += [row["event_id"] for row in page["results"]]
        if page["next"] is None:
            break
        page = search(api, word, limit=2, cursor=page["next"])
    assert sorted(seen) == ids
    response = api.get("/api/v2/search", {"q": word, "limit": 2})
    assert api.http.get(response.links["next"]["url"]).json()["results"][0]["event_id"] == seen[2]
    assert "link" not in api.get("/api/v2/search", {"q": word}).headers


def test_grouped_by_session_each_gives_its_best_hit(api: Api, agent: str, word: str) -> None:
    loud, calm = unique("ct-s"), unique("ct-s")
    batch = [event(agent, session_id=loud, metadata={"command": word}) for _ in range(3)]
    batch += [event(agent, session_id=calm, metadata={"command": word})]
    ids = api.ingest_batch(batch)
    rows = found(api, word, ids, group="session")
    assert {row["session_id"]: row["count"] for row in rows} == {loud: 3, calm: 1}


def test_a_snippet_is_text_and_never_markup(api: Api, agent: str, word: str) -> None:
    prompt = f"<script>alert(1)</script> {word} <mark>x</mark>"
    ids = api.ingest(event(agent, event_type="user_prompt", metadata={"prompt": prompt}))
    (hit,) = found(api, word, ids)
    assert hit["snippet"] == prompt


def test_a_long_prompt_is_shown_around_the_hit(api: Api, agent: str, word: str) -> None:
    prompt = "äöü " * 4000 + word + " 😀" * 4000
    ids = api.ingest(event(agent, event_type="user_prompt", metadata={"prompt": prompt}))
    (hit,) = found(api, word, ids)
    ((start, end),) = hit["highlights"]
    assert hit["snippet"][start:end] == word
    assert hit["snippet"] in prompt


@pytest.mark.parametrize("q", ["", "OR", '""', "-word", "***", "( )"])
def test_a_query_without_a_word_is_refused(api: Api, q: str) -> None:
    response = api.get(SEARCH, {"q": q})
    assert response.status_code == 400
    assert "word to look for" in error_of(response)


@pytest.mark.parametrize(
    "q", ['a"b', "a AND", "NEAR(a b)", "col:a", "^a", "a + b", "{a}:b", "a*b*", "'; DROP", "a\0b"]
)
def test_odd_input_is_taken_as_words(api: Api, q: str) -> None:
    search(api, q)


def test_what_cannot_be_served_is_refused_by_name(api: Api) -> None:
    for asked in ({"cursor": "x"}, {"group": "project"}, {"from": "x"}, {"limit": "x"}):
        response = api.get(SEARCH, {"q": "a", **asked})
        assert response.status_code == 400
        assert next(iter(asked)) in error_of(response)


def test_a_search_before_the_first_event_finds_nothing(launch: Launch) -> None:
    with launch() as api:
        page = search(api, "anything")
        assert (page["results"], page["next"], page["behind"]) == ([], None, 0)


def test_a_restarted_server_goes_on_indexing(launch: Launch, new_folder: object) -> None:
    assert callable(new_folder)
    folder = new_folder()
    with launch(folder=folder) as api:
        api.ingest(event("ct", metadata={"command": "beforehand"}))
    with launch(folder=folder) as api:
        ids = api.ingest(event("ct", metadata={"command": "afterwards"}))
        assert len(found(api, "beforehand OR afterwards", ids)) == 2
