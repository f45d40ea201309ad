"""Sessions under /api/v2: live, list, detail, turns, transcript, events, files, export."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from .client import Api, Row, ago, event, unique
from .session_story import ROOT, problem, story
from .shape import (
    EVENT_ROW,
    SESSION_ROW,
    SESSION_STATE,
    Check,
    faults,
    integer,
    items,
    mapping,
    maybe,
    moment,
    number,
    one_of,
    text,
)

TURN: dict[str, Check] = {
    "number": integer, "first_event": integer, "prompt": maybe(text), "started_at": moment,
    "ended_at": maybe(moment), "duration_ms": integer, "before_ms": maybe(integer),
    "outcome": one_of(None, "done", "interrupted", "failed", "running"), "wait_ms": integer,
    "tool_ms": integer, "model_ms": integer, "events": integer, "errors": integer,
    "tool_calls": integer, "failures": integer, "tokens_in": integer, "tokens_out": integer,
    "cache_read_tokens": integer, "cache_write_tokens": integer, "cost_usd": maybe(number),
    "unpriced_tokens": integer, "lines_added": integer, "lines_removed": integer,
    "models": items, "subagents": items,
}  # fmt: skip
ENTRY: dict[str, Check] = {
    "id": integer, "time": moment, "role": one_of("system", "user", "assistant", "tool"),
    "type": text, "status": text, "text": maybe(text), "tool_name": maybe(text),
    "input": maybe(mapping), "output": maybe(text), "error": maybe(text),
    "duration_ms": maybe(integer), "model": maybe(text), "tokens_in": integer,
    "tokens_out": integer, "cache_read_tokens": integer, "cache_write_tokens": integer,
    "cost_usd": maybe(number), "subagent_id": maybe(text), "subagent_type": maybe(text),
    "file_path": maybe(text), "lines_added": integer, "lines_removed": integer,
}  # fmt: skip


def test_live_tells_who_needs_a_human(api: Api, agent: str) -> None:
    asks, works, over = unique("ct-s"), unique("ct-s"), unique("ct-s")
    fails = unique("ct-s")
    told = {"tool_name": "Bash", "metadata": {"command": "rm -r build"}}
    api.ingest(
        event(agent, session_id=fails, event_type="error", metadata={"message": "limit reached"}),
        event(agent, session_id=asks, event_type="permission_request", **told),
        event(agent, session_id=works),
        event(agent, session_id=over, event_type="session_end"),
    )
    found = api.read("/api/v2/live", agent=agent)
    assert [row["id"] for row in found["sessions"]] == [works, asks, fails]
    assert found["counts"] == {"permission": 1, "working": 1, "failed": 1}
    assert found["total"] == 3
    for row in found["sessions"]:
        assert faults(row, {**SESSION_ROW, **SESSION_STATE}) == {}
    asked, failed = found["attention"]
    assert (asked["session_id"], asked["reason"], asked["tool"]) == (asks, "permission", "Bash")
    assert (failed["session_id"], failed["reason"]) == (fails, "failed")
    assert failed["detail"] == "limit reached"
    assert api.read("/api/v2/live", agent=unique())["sessions"] == []


def test_a_session_tells_how_much_its_model_can_read(api: Api, agent: str) -> None:
    known, unknown = unique("ct-s"), unique("ct-s")
    sizes = {known: 200_000, unknown: None}
    api.ingest(
        event(agent, session_id=known, model="claude-opus-4-5-20251101", tokens_in=5),
        event(agent, session_id=unknown, model=unique("ct-m"), tokens_in=5),
    )
    for path in ("/api/v2/live", ROOT, "/api/sessions"):
        rows = api.read(path, **{"agent" if "v2" in path else "agent_type": agent})["sessions"]
        assert {row["id"]: row["context_window"] for row in rows} == sizes
    for session, size in sizes.items():
        for path in (ROOT, "/api/sessions"):
            assert api.read(f"{path}/{session}")["session"]["context_window"] == size
        exported = api.read(f"{ROOT}/{session}/export", format="json")
        assert exported["session"]["context_window"] == size


def test_the_list_pages_in_any_order(api: Api, agent: str) -> None:
    names = [unique("ct-s") for _ in range(5)]
    for n, name in enumerate(names):
        api.ingest(event(agent, session_id=name, cost_usd=n, tokens_in=5 - n))
    first = api.get(ROOT, {"agent": agent, "sort": "cost", "limit": 2})
    body = first.json()
    assert [row["id"] for row in body["sessions"]] == names[:2:-1]
    assert body["total"] == 5
    for row in body["sessions"]:
        assert faults(row, SESSION_ROW) == {}
    # What comes in between changes no page.
    api.ingest(event(agent, session_id=names[0], cost_usd=99), event(agent, cost_usd=50))
    link = re.fullmatch(r'<(.*)>; rel="next"', first.headers["link"])
    assert link is not None
    second = api.http.get(link[1]).json()
    assert [row["id"] for row in second["sessions"]] == names[2:0:-1]
    third = api.read(ROOT, agent=agent, sort="cost", limit=2, cursor=second["next"])
    assert [row["id"] for row in third["sessions"]] == names[:1]
    assert third["next"] is None
    tokens = api.read(ROOT, agent=agent, sort="tokens", order="asc")
    assert [row["id"] for row in tokens["sessions"]][1:] == names[::-1]


def test_the_list_filters(api: Api, agent: str) -> None:
    mine, other = unique("ct-s"), unique("ct-s")
    api.ingest(
        event(agent, session_id=mine, project="ct-p", branch="ct-b", model="ct-m"),
        event(agent, session_id=other, event_type="session_end", client_timestamp=ago(days=9)),
    )

    def ids(**more: str) -> list[str]:
        return [row["id"] for row in api.read(ROOT, agent=agent, **more)["sessions"]]

    assert ids() == [mine, other]
    for name, value in (("project", "ct-p"), ("branch", "ct-b"), ("model", "ct-m"),
                        ("state", "working"), ("status", "active"), ("q", mine),
                        ("session", mine), ("from", ago(days=1))):  # fmt: skip
        assert ids(**{name: value}) == [mine]
    assert ids(to=ago(days=1)) == [other]
    assert ids(q="%") == []


def test_a_session_in_detail(api: Api, agent: str, session_id: str) -> None:
    story(api, agent, session_id)
    response = api.get(f"{ROOT}/{session_id}")
    found = response.json()
    assert found["session"] == api.session(session_id)
    assert found["types"] == {"tool_use": 3, "user_prompt": 2, "session_start": 1,
                              "llm_response": 1, "turn_end": 1}  # fmt: skip
    [model] = found["models"]
    assert (model["model"], model["tokens_out"], model["cost_usd"]) == ("ct-m", 5, 0.5)
    tools = {tool["tool_name"]: (tool["calls"], tool["failures"]) for tool in found["tools"]}
    assert tools == {"Bash": (1, 1), "Edit": (1, 0), "Read": (1, 0)}
    [sub] = found["subagents"]
    assert (sub["id"], sub["type"], sub["tool_calls"]) == ("sub-1", "Explore", 1)
    assert found["channels"] == ["api"]
    tag = {"if-none-match": response.headers["etag"]}
    again = api.get(f"{ROOT}/{session_id}", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    api.ingest(event(agent, session_id=session_id))
    assert api.get(f"{ROOT}/{session_id}", headers=tag).status_code == 200


def test_turns(api: Api, agent: str, session_id: str) -> None:
    story(api, agent, session_id)
    first, second = api.read(f"{ROOT}/{session_id}/turns")["turns"]
    assert faults(first, TURN) == faults(second, TURN) == {}
    assert (first["prompt"], first["outcome"], first["tool_calls"]) == ("Mend it", "done", 3)
    assert (first["failures"], first["subagents"]) == (1, ["sub-1"])
    parts = (first["wait_ms"], first["tool_ms"], first["model_ms"])
    assert first["tool_ms"] == 2000
    assert sum(parts) == first["duration_ms"]
    assert (second["prompt"], second["outcome"], second["ended_at"]) == ("More", "running", None)
    page = api.read(f"{ROOT}/{session_id}/turns", limit=1)
    assert page["turns"] == [first]
    rest = api.read(f"{ROOT}/{session_id}/turns", limit=1, cursor=page["next"])
    assert (rest["turns"], rest["next"]) == ([second], None)
    assert first["spans"] is None
    drawn = api.read(f"{ROOT}/{session_id}/turns", spans=1)["turns"][0]["spans"]
    tools = [span for span in drawn if span["kind"] == "tool"]
    assert sum(span["to_ms"] - span["from_ms"] for span in tools) == first["tool_ms"]
    assert [span["name"] for span in drawn if span["kind"] == "subagent"] == ["sub-1"]
    assert [span["kind"] for span in drawn].count("error") == 1


def test_a_transcript_has_full_texts(api: Api, agent: str, session_id: str) -> None:
    story(api, agent, session_id)
    long = "long " * 5000
    api.ingest(event(agent, session_id=session_id, event_type="response", metadata={"text": long}))
    entries = api.read(f"{ROOT}/{session_id}/transcript")["entries"]
    for entry in entries:
        assert faults(entry, ENTRY) == {}
    assert [e["text"] for e in entries if e["text"]] == [
        "Mend it\nplease", "I will.", "Done.", "More", long,
    ]  # fmt: skip
    bash = entries[3]
    assert (bash["input"], bash["error"], bash["role"]) == ({"command": "make"}, "no rule", "tool")
    assert (entries[4]["file_path"], entries[4]["lines_added"]) == ("/src/a.py", 2)
    assert (entries[5]["subagent_id"], entries[5]["output"]) == ("sub-1", "y")
    paged: list[Row] = []
    cursor = ""
    while True:
        page = api.read(f"{ROOT}/{session_id}/transcript", limit=4, cursor=cursor)
        paged += page["entries"]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == entries
    failed = api.read(f"{ROOT}/{session_id}/transcript", errors=1)["entries"]
    assert failed == [bash]
    newest = api.read(f"{ROOT}/{session_id}/transcript", order="desc", limit=1)["entries"]
    assert newest == entries[-1:]
    edits = api.read(f"{ROOT}/{session_id}/transcript", file="/src/a.py")["entries"]
    assert edits == [entries[4]]


def test_a_transcript_begins_where_it_is_asked_to(api: Api, agent: str, session_id: str) -> None:
    story(api, agent, session_id)
    call = f"{ROOT}/{session_id}/transcript"
    entries = api.read(call)["entries"]
    at = entries[3]["id"]
    first = api.read(call, at=at, limit=2)
    assert first["entries"] == entries[3:5]
    assert api.read(call, at=at, limit=2, cursor=first["next"])["entries"] == entries[5:7]
    assert api.read(call, at=at, order="desc")["entries"] == entries[3::-1]
    assert api.read(call, at=at, errors=1, order="desc")["entries"] == [entries[3]]
    for wrong in ("0", "x", "-1", "9" * 17):
        refused = api.get(call, params={"at": wrong})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "at"


def test_events_and_files(api: Api, agent: str, session_id: str) -> None:
    story(api, agent, session_id)
    rows = api.read(f"{ROOT}/{session_id}/events", type="user_prompt")["events"]
    assert len(rows) == 2
    for row in rows:
        assert faults(row, EVENT_ROW) == {}
    api.ingest(
        event(agent, session_id=session_id, tool_name="Edit",
              metadata={"file_path": "/src/b.py", "lines_added": 2})
    )  # fmt: skip
    first = api.read(f"{ROOT}/{session_id}/files", limit=1)
    [file] = first["files"]
    assert (file["path"], file["edits"], file["lines_removed"]) == ("/src/a.py", 1, 1)
    assert first["total"] == 2
    rest = api.read(f"{ROOT}/{session_id}/files", limit=1, cursor=first["next"])
    assert [file["path"] for file in rest["files"]] == ["/src/b.py"]
    assert rest["next"] is None


@pytest.mark.parametrize("odd", ["a/b", "é?#", "..", "x+y z"])
def test_a_page_s_link_holds_for_any_id(api: Api, agent: str, odd: str) -> None:
    session = f"{unique()}{odd}"
    api.ingest_batch([event(agent, session_id=session) for _ in range(3)])
    first = api.http.get(f"{ROOT}/{quote(session, safe='')}/events?limit=2")
    second = api.http.get(first.links["next"]["url"]).json()
    assert len(second["events"]) == 1


@pytest.mark.parametrize(
    "path", ["", "/turns", "/transcript", "/events", "/files", "/export", "/no-such"]
)
def test_an_unknown_session_is_a_problem(api: Api, path: str, session_id: str) -> None:
    problem(api.get(f"{ROOT}/{session_id}{path}"), 404)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("", "limit", "0"), ("", "limit", "many"), ("", "sort", "colour"), ("", "order", "up"),
        ("", "cursor", "x"), ("", "from", "soon"), ("", "to", "1"), ("", "tz", "Mars/Olympus"),
        ("", "status", "odd"), ("", "state", "odd"), ("", "q", "x" * 1001),
        ("/s/turns", "cursor", "W10"), ("/s/transcript", "errors", "often"),
        ("/s/events", "order", "1"), ("/s/files", "limit", "-1"), ("/s/export", "format", "exe"),
    ],
)  # fmt: skip
def test_bad_input_is_a_problem_that_names_it(api: Api, path: str, name: str, value: str) -> None:
    body = problem(api.get(f"{ROOT}{path}", {name: value}), 400)
    assert [each["field"] for each in body["errors"]] == [name]
    assert body["errors"][0]["message"]


def test_a_cursor_holds_for_its_own_order_only(api: Api, agent: str) -> None:
    api.ingest(event(agent), event(agent))
    told = api.read(ROOT, agent=agent, limit=1)["next"]
    body = problem(api.get(ROOT, {"agent": agent, "sort": "cost", "cursor": told}), 400)
    assert body["errors"][0]["field"] == "cursor"


def test_every_error_under_v2_is_a_problem(api: Api) -> None:
    problem(api.get("/api/v2/nothing"), 404)
    gone = api.post(ROOT, {})
    problem(gone, 405)
    assert "GET" in gone.headers["allow"]
    problem(api.get(ROOT, headers={"origin": "https://evil.example"}), 403)
    problem(api.get("/api/v2/live", {"long_running": "0"}), 400)
    assert api.get("/api/sessions/none-such").headers["content-type"] == "application/json"
