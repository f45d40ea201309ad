"""GET /metrics."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .client import Api, error_of, event, eventually
from .conftest import Launch
from .exposition import OPENMETRICS, PLAIN, families, samples, scrape
from .hooks import call, hook, post
from .sse import Stream

STATES = {"working", "permission", "input", "idle", "failed", "ended"}


@pytest.fixture
def own(launch: Launch) -> Iterator[Api]:
    """A server that nothing was sent to."""
    with launch() as api:
        yield api


def test_events_tokens_and_cost_are_what_was_sent(own: Api) -> None:
    own.ingest_batch(
        [
            event("alpha", model="gpt-5", tokens_in=900, tokens_out=80, cache_read_tokens=7),
            event("alpha", model="gpt-5", tokens_in=100, cost_usd=0.25),
            event("alpha", event_type="llm_request", model="m", cache_write_tokens=5, cost_usd=1.5),
            event("alpha", event_type="error"),
            event("alpha", tool_name="Bash", status="error"),
            event("alpha", tool_name="Bash"),
            event("beta", tool_name="Read", status="timeout"),
        ]
    )
    found = scrape(own)
    assert found["agentmonitor_events_total"] == {
        ("alpha", "tool_use"): 4, ("alpha", "llm_request"): 1, ("alpha", "error"): 1,
        ("beta", "tool_use"): 1,
    }  # fmt: skip
    assert found["agentmonitor_errors_total"] == {("alpha",): 2, ("beta",): 1}
    assert found["agentmonitor_tokens_total"] == {
        ("alpha", "gpt-5", "input"): 1000, ("alpha", "gpt-5", "output"): 80,
        ("alpha", "gpt-5", "cache_read"): 7, ("alpha", "gpt-5", "cache_write"): 0,
        ("alpha", "m", "input"): 0, ("alpha", "m", "output"): 0,
        ("alpha", "m", "cache_read"): 0, ("alpha", "m", "cache_write"): 5,
    }  # fmt: skip
    priced = {row["model"]: row["cost_usd"] for row in own.read("/api/stats/cost")["by_model"]}
    cost = found["agentmonitor_cost_usd_total"]
    assert cost == {("alpha", model): pytest.approx(priced[model]) for model in ("gpt-5", "m")}
    calls, failures = ("agentmonitor_tool_calls_total", "agentmonitor_tool_failures_total")
    assert found[calls] == {("alpha", "Bash"): 2, ("beta", "Read"): 1}
    assert found[failures] == {("alpha", "Bash"): 1, ("beta", "Read"): 1}
    assert found["agentmonitor_stored_events"] == {("alpha",): 6, ("beta",): 1}
    assert found["agentmonitor_stored_tokens"] == {("alpha",): 1092, ("beta",): 0}
    assert found["agentmonitor_stored_cost_usd"][("alpha",)] == pytest.approx(sum(cost.values()))


def test_what_has_no_price_has_no_cost_and_not_a_cost_of_nothing(own: Api) -> None:
    own.ingest(event("alpha", model="of-nobody", tokens_in=40, tokens_out=2))
    found = scrape(own)
    assert found["agentmonitor_unpriced_tokens_total"] == {("alpha", "of-nobody"): 42}
    assert "agentmonitor_cost_usd_total" not in found
    own.ingest(event("alpha", model="of-nobody", tokens_in=1, cost_usd=0.5))
    found = scrape(own)
    assert found["agentmonitor_unpriced_tokens_total"] == {("alpha", "of-nobody"): 42}
    assert found["agentmonitor_cost_usd_total"] == {("alpha", "of-nobody"): 0.5}


def test_tokens_of_an_unnamed_model_count_as_unknown(own: Api) -> None:
    own.ingest(event("alpha", tokens_in=3))
    assert scrape(own)["agentmonitor_tokens_total"][("alpha", "unknown", "input")] == 3


def test_the_format_is_the_one_that_is_asked_for(own: Api) -> None:
    own.ingest(event("alpha", model="gpt-5", tokens_in=5))
    prometheus = (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    )
    for accept in (prometheus, "application/openmetrics-text"):
        response = own.get("/metrics", headers={"accept": accept})
        assert response.headers["content-type"] == OPENMETRICS
        assert response.text.endswith("\n# EOF\n")
        assert "# UNIT agentmonitor_cost_usd usd\n" in response.text
    for accept in ("*/*", "text/plain", "application/openmetrics-text;q=0.1,text/plain;q=0.9"):
        response = own.get("/metrics", headers={"accept": accept})
        assert response.headers["content-type"] == PLAIN
        assert "# EOF" not in response.text
    new, old = samples(families(own)), samples(families(own, "text/plain"))
    assert set(new) == set(old)
    assert new["agentmonitor_tokens_total"] == old["agentmonitor_tokens_total"]


def test_head_answers_without_a_body(own: Api) -> None:
    response = own.http.head("/metrics")
    assert (response.status_code, response.content) == (200, b"")


def test_names_cannot_break_the_format(own: Api) -> None:
    names = ['a"b', "a\\", 'a\nb"} 1', "a\\nb", "{x=}", "ü✓", "# EOF", "a\rb\x01c"]
    own.ingest(*(event(name, model=name, tool_name=name, tokens_in=1) for name in names))
    long = "x" * 1000
    own.ingest(event("alpha", model=long, tokens_in=1))
    shown = {name.replace("\r", "\ufffd").replace("\x01", "\ufffd") for name in names}
    for accept in ("application/openmetrics-text", "text/plain"):
        found = samples(families(own, accept))
        assert {a for (a,) in found["agentmonitor_stored_events"]} == shown | {"alpha"}
        models = {model for agent, model, _ in found["agentmonitor_tokens_total"]}
        assert shown < models
        assert max(map(len, models)) <= 120


def test_the_number_of_series_is_bounded_and_nothing_is_lost(own: Api) -> None:
    sizes = {f"m{n}": n + 1 for n in range(60)}
    tool = {"tool_name": "Bash"}
    own.ingest_batch(
        [event("alpha", model=m, tokens_in=1, **tool) for m, n in sizes.items() for _ in range(n)]
    )
    found = scrape(own)["agentmonitor_tokens_total"]
    by_model = {model: n for (_, model, kind), n in found.items() if kind == "input"}
    largest = {f"m{n}": n + 1 for n in range(10, 60)}
    assert by_model == largest | {"other": sum(range(11))}
    own.ingest_batch([event("alpha", model="late", tokens_in=9) for _ in range(99)])
    own.ingest_batch([event(f"agent-{n}") for n in range(70)])
    found = scrape(own)["agentmonitor_tokens_total"]
    assert found["alpha", "other", "input"] == sum(range(11)) + 9 * 99
    assert found["alpha", "m59", "input"] == 60
    agents = scrape(own)["agentmonitor_stored_events"]
    assert len(agents) == 51
    assert agents[("other",)] == 70 - 49


def test_counters_begin_anew_with_the_server_and_the_stock_stays(
    launch: Launch, tmp_path: Path
) -> None:
    with launch(folder=tmp_path) as api:
        api.ingest(event("alpha", model="gpt-5", tokens_in=50, cost_usd=0.5), event("alpha"))
        assert scrape(api)["agentmonitor_events_total"] == {("alpha", "tool_use"): 2}
    with launch(folder=tmp_path) as api:
        found = scrape(api)
        assert found["agentmonitor_events_total"] == {("alpha", "tool_use"): 0}
        assert found["agentmonitor_cost_usd_total"] == {("alpha", "gpt-5"): 0}
        assert found["agentmonitor_stored_events"] == {("alpha",): 2}
        assert found["agentmonitor_stored_cost_usd"] == {("alpha",): 0.5}
        api.ingest(event("alpha", model="gpt-5", tokens_in=1, cost_usd=0.25))
        found = scrape(api)
        assert found["agentmonitor_events_total"] == {("alpha", "tool_use"): 1}
        assert found["agentmonitor_cost_usd_total"] == {("alpha", "gpt-5"): 0.25}
        assert found["agentmonitor_stored_cost_usd"] == {("alpha",): 0.75}


def test_sessions_are_counted_by_state(own: Api) -> None:
    assert scrape(own)["agentmonitor_sessions"] == {(state,): 0 for state in STATES}
    for session in ("s1", "s2", "s3"):
        post(own, hook(session, "SessionStart", source="startup"))
        post(own, hook(session, "UserPromptSubmit", prompt="go"))
    post(own, call("s1", "PreToolUse", "u1"), call("s1", "PermissionRequest", "u1"))
    post(own, hook("s3", "SessionEnd", reason="exit"))
    expected = dict.fromkeys(STATES, 0) | {"permission": 1, "working": 1, "ended": 1}
    assert scrape(own)["agentmonitor_sessions"] == {(s,): n for s, n in expected.items()}


def test_quotas_are_shares_and_go_when_their_window_is_over(own: Api) -> None:
    now = datetime.now(UTC)
    soon, past = ((now + timedelta(hours=h)).timestamp() for h in (2, -2))
    limits = {
        "five_hour": {"used_percentage": 25.5, "resets_at": int(soon)},
        "seven_day": {"used_percentage": 60, "resets_at": int(past)},
    }
    assert own.post("/api/statusline/claude-code", {"rate_limits": limits}).status_code == 200
    found = scrape(own)["agentmonitor_quota_used_ratio"]
    assert found == {("claude_code", "five_hour"): 0.255}


def test_every_committed_batch_is_in_the_histogram_of_ingest(own: Api) -> None:
    name = "agentmonitor_ingest_latency_seconds"
    assert scrape(own)[f"{name}_count"] == {(): 0}
    own.ingest(event("alpha"), event("alpha"))
    own.ingest_batch([event("alpha") for _ in range(100)])
    assert own.post("/api/events", {"session_id": ""}).status_code == 400
    found = scrape(own)
    assert found[f"{name}_count"] == {(): 3}
    assert found[f"{name}_bucket"][("+Inf",)] == 3
    assert found[f"{name}_sum"][()] > 0
    assert found["agentmonitor_ingest_queue_events"] == {(): 0}


def test_the_server_tells_of_itself(own: Api) -> None:
    found = scrape(own)
    health = own.read("/api/health")
    assert found["agentmonitor_database_bytes"][()] > 0
    assert 0 <= found["agentmonitor_uptime_seconds"][()] <= health["uptime"]
    assert list(found["agentmonitor_build_info"].values()) == [1]
    started = found["process_start_time_seconds"][()]
    assert abs(started - datetime.now(UTC).timestamp()) < 120
    assert scrape(own)["process_start_time_seconds"][()] == started
    if sys.platform == "linux":
        assert found["process_resident_memory_bytes"][()] > 10_000_000
    with Stream(own.url).connected():
        eventually(lambda: scrape(own)["agentmonitor_sse_clients"] == {(): 1})


def test_only_who_may_read_the_rest_may_read_it(own: Api) -> None:
    for headers in (
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        response = own.get("/metrics", headers=headers)
        assert response.status_code == 403
        error_of(response)
