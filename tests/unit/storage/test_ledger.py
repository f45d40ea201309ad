"""Each model request counts once, whoever reports it, in whatever order and however often."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.event import Event
from agentmonitor.model.filters import SessionFilter
from agentmonitor.model.usage import Channel, Report
from tests.unit.builders import DAY, NOW, event
from tests.unit.storage.sqlite.audit import assert_sound, dump, rows
from tests.unit.storage.store import ENGINES, Factory, Store, opened

SESSIONS = ("one", "two")
CLASSES = ("tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens")
MODELS = {"m-large": 5, "m-small": 1}
"""Millionths of a dollar a token, as the pipeline would price it."""


def request(session: str, number: int, model: str, out: int, **fields: Any) -> dict[str, Any]:
    """What is true of one request."""
    return {
        "session_id": session, "model": model, "occurred_at": DAY + number * 3_500_000,
        "tokens_in": 10 + number, "tokens_out": out, "cache_read_tokens": 1000 * number,
        "cache_write_tokens": 7,
    } | fields  # fmt: skip


def priced(fields: dict[str, Any]) -> dict[str, Any]:
    tokens = sum(fields[name] for name in CLASSES)
    return fields | {"cost_usd": tokens * MODELS[fields["model"]] / 1e6}


def by_file(name: str, true: dict[str, Any], out: int, *, both: bool, copy: bool = False) -> Event:
    keys = (f"request:{name}",) if both else ()
    return event(
        event_type="llm_response", source="import", channel=Channel.FILE,
        keys=(*keys, f"message:{name}"), report=Report(is_copy=copy),
        **priced(true | {"tokens_out": out}),
    )  # fmt: skip


def by_log(name: str, true: dict[str, Any]) -> Event:
    mine = priced(true)
    return event(
        event_type="llm_response", source="otel", channel=Channel.LOG, keys=(f"request:{name}",),
        report=Report(), **mine | {"client_cost_usd": 0.5, "own_cost_usd": mine["cost_usd"]},
    )  # fmt: skip


def by_metric(number: int, true: dict[str, Any]) -> Event:
    return event(
        event_type="llm_response", source="otel", channel=Channel.METRIC,
        event_id=f"metric {number}", report=Report(session_wide=True), **priced(true),
    )  # fmt: skip


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Event]]:
    """The truth, and reports of it: the best channel of each session is complete."""
    truth, reports = [], []
    for session in SESSIONS:
        best = draw(st.sampled_from((Channel.FILE, Channel.LOG, Channel.METRIC)))
        weaker = st.sampled_from((True, False))
        for number in range(draw(st.integers(1, 4))):
            name = f"{session} {number}"
            out = draw(st.integers(1, 50))
            true = request(session, number, draw(st.sampled_from(sorted(MODELS))), out)
            truth.append(true)
            if best is Channel.FILE:
                parts = draw(st.lists(st.integers(0, out), max_size=2))
                reports += [by_file(name, true, part, both=draw(weaker)) for part in parts]
                reports.append(by_file(name, true, out, both=True))
                if draw(weaker):  # a fork copies the line into its own file
                    copied = true | {"session_id": "fork"}
                    reports.append(by_file(name, copied, out, both=draw(weaker), copy=True))
            if best is Channel.LOG or (best is Channel.FILE and draw(weaker)):
                reports.append(by_log(name, true))
            if best is Channel.METRIC or draw(weaker):
                reports.append(by_metric(len(reports), true))
    repeats = draw(st.lists(st.sampled_from(reports), max_size=6))
    return truth, draw(st.permutations(reports + repeats))


def fresh(source: Event) -> Event:
    """The same report once more; the store may write into what it gets."""
    return msgspec.structs.replace(source)


def totals(truth: list[dict[str, Any]], by: str) -> dict[str, Counter[str]]:
    result: dict[str, Counter[str]] = {}
    for true in truth:
        each = result.setdefault(true[by], Counter())
        each.update({name: true[name] for name in CLASSES})
        each["nano"] += round(priced(true)["cost_usd"] * 1e9)
    return result


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
@settings(max_examples=150)
@given(story=stories(), cuts=st.lists(st.integers(1, 5), max_size=12), reopen=st.booleans())
def test_totals_are_those_of_the_truth_in_any_order_with_repeats_and_restarts(
    make: Factory, story: tuple[list[dict[str, Any]], list[Event]], cuts: list[int], reopen: bool
) -> None:
    truth, reports = story
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        left = [fresh(each) for each in reports]
        while left:
            size = cuts.pop() if cuts else len(left)
            with opened(make, path) as store:
                store.write(*left[:size])
                while not reopen and cuts and len(left) > size:
                    left, size = left[size:], cuts.pop()
                    store.write(*left[:size])
            left = left[size:]
        assert_sound(path)
        with opened(make, path) as store:
            _agree(store, truth)
            before = dump(path)
            store.engine.rebuild()
            assert dump(path) == before


def _agree(store: Store, truth: list[dict[str, Any]]) -> None:
    """Sessions, models, the time line and the whole say the same."""
    sessions = {
        row.id: Counter({
            "tokens_in": row.tokens_in, "tokens_out": row.tokens_out,
            "cache_read_tokens": row.cache_read_tokens,
            "cache_write_tokens": row.cache_write_tokens, "nano": round(row.total_cost_usd * 1e9),
        })
        for row in store.engine.sessions(_all(), 0)[0]
    }  # fmt: skip
    assert +sessions.pop("fork", Counter()) == Counter()
    assert sessions == totals(truth, "session_id")
    models = {
        row.model: (row.tokens_in, row.tokens_out, round(row.cost_usd * 1e9))
        for row in store.engine.cost(None, None, 10).by_model
    }
    expected = totals(truth, "model")
    assert models == {
        name: (each["tokens_in"], each["tokens_out"], each["nano"])
        for name, each in expected.items()
    }
    stats = store.engine.stats(None, None)
    whole = sum(expected.values(), Counter())
    assert stats.total_tokens_in == whole["tokens_in"]
    assert stats.total_tokens_out == whole["tokens_out"]
    assert round(stats.total_cost_usd * 1e9) == whole["nano"]
    assert stats.unpriced_events == 0
    hours = store.engine.cost(None, None, 10).timeline
    assert sum(hour.tokens_out for hour in hours) == whole["tokens_out"]
    assert round(sum(hour.cost_usd for hour in hours) * 1e9) == whole["nano"]


def _all() -> SessionFilter:
    return SessionFilter()


@pytest.fixture(params=list(ENGINES.values()), ids=list(ENGINES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path / "a.db") as opened_store:
        yield opened_store


def test_a_report_of_a_better_channel_replaces_the_figures_and_keeps_the_other_as_evidence(
    store: Store, tmp_path: Path
) -> None:
    true = request("one", 1, "m-large", 40)
    store.write(by_log("r", true | {"tokens_out": 39}))
    store.write(by_file("r", true, 40, both=True))
    (event_row,) = store.engine.session_events("one", 10, newest_first=True)
    assert event_row.tokens_out == 40
    (kept,) = rows(tmp_path / "a.db", "SELECT * FROM evidence")
    assert (kept["channel"], kept["tokens_out"]) == (Channel.LOG, 39)
    (entry,) = rows(tmp_path / "a.db", "SELECT * FROM ledger")
    assert (entry["channel"], entry["client_cost"]) == (Channel.FILE, 0.5)


def test_two_requests_that_turn_out_to_be_one_are_one(store: Store, tmp_path: Path) -> None:
    true = request("one", 1, "m-large", 40)
    store.write(by_log("r", true))
    store.write(by_file("r", true, 40, both=False))
    assert store.engine.stats(None, None).total_tokens_out == 80  # nothing links them yet
    store.write(by_file("r", true, 20, both=True))
    assert store.engine.stats(None, None).total_tokens_out == 40
    assert store.engine.stats(None, None).total_events == 1
    assert_sound(tmp_path / "a.db")


def test_likeness_joins_reports_of_different_channels_only(store: Store) -> None:
    true = request("one", 1, "m-large", 40)
    alike = ("~10:40:1000:7",)
    logs = [by_log(name, true) for name in ("a", "b")]
    for each in logs:
        each.keys += alike
    store.write(*logs)
    assert store.engine.stats(None, None).total_tokens_out == 80
    line = by_file("c", true, 40, both=False)
    line.keys += alike
    store.write(line)
    assert store.engine.stats(None, None).total_tokens_out == 80


def test_a_repeat_of_a_report_that_is_only_alike_counts_once(store: Store) -> None:
    true = request("one", 1, "m-large", 40)
    line = by_file("c", true, 40, both=False)
    line.keys = ("~alike",)
    log = by_log("a", true)
    log.keys, log.event_id = ("~alike",), "the log record"
    for each in (line, log, log):
        store.write(fresh(each))
    assert store.engine.stats(None, None).total_events == 1


def test_metrics_of_a_session_give_way_to_plain_http_reports(store: Store) -> None:
    true = request("one", 1, "m-large", 40)
    store.write(by_metric(1, true))
    assert store.engine.stats(None, None).total_tokens_out == 40
    store.write(event(event_type="llm_response", created_at=NOW, **priced(true)))
    store.write(by_metric(2, true))
    assert store.engine.stats(None, None).total_tokens_out == 40


def test_the_session_says_when_a_clients_cost_and_ours_differ(store: Store) -> None:
    store.write(by_log("r", request("one", 1, "m-large", 40)))
    (row,) = store.engine.sessions(_all(), 1)[0]
    assert row.client_cost_usd == pytest.approx(0.5)
    assert row.cost_difference_usd == pytest.approx(0.5 - row.total_cost_usd)


def test_a_tool_call_seen_by_three_channels_is_one_event_that_each_makes_richer(
    store: Store,
) -> None:
    seen: list[dict[str, Any]] = [
        {"channel": Channel.HOOK, "source": "hook", "duration_ms": 812, "status": "error",
         "metadata_json": '{"command":"make","error":"2"}', "occurred_at": None},
        {"channel": Channel.LOG, "source": "otel", "duration_ms": 812, "status": "error",
         "metadata_json": '{"prompt_id":"p"}', "occurred_at": DAY + 2},
        {"channel": Channel.FILE, "source": "import", "status": "error", "duration_ms": 900,
         "metadata_json": '{"command":"make all"}', "occurred_at": DAY + 1, "lines_added": 3,
         "file_path": "/a"},
    ]  # fmt: skip
    for number, order in enumerate(permutations(seen)):
        session = f"s{number}"
        for fields in order:
            keys = (f"tool:{session}",)
            store.write(event(session_id=session, tool_name="Bash", keys=keys, **fields))
        (row,) = store.engine.session_events(session, 10, newest_first=True)
        assert (row.duration_ms, row.status, row.source) == (812, "error", "import")
        assert json.loads(row.metadata) == {
            "prompt_id": "p", "command": "make all", "error": "2",
        }  # fmt: skip
        (shown,) = (s for s in store.engine.sessions(_all(), 0)[0] if s.id == session)
        assert (shown.event_count, shown.error_count, shown.files_edited) == (1, 1, 1)
        assert shown.lines_added == 3
