"""The proof: whatever arrives through which channel, when and how often, the totals are true."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.config import load_settings
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.model.clock import now_ms
from agentmonitor.model.filters import SessionFilter
from agentmonitor.model.usage import TokenUsage
from agentmonitor.otlp import json as otlp_json
from agentmonitor.pricing.engine import Pricer
from agentmonitor.runtime import Runtime
from tests.integration import claude_sessions as claude
from tests.unit.storage.sqlite.audit import assert_sound

Delivery = Callable[[Runtime], None]


def hook(payload: claude.Document) -> Delivery:
    def deliver(runtime: Runtime) -> None:
        agent = runtime.registry.by_hook("claude-code")
        assert agent is not None
        assert agent.parse_hook is not None
        asyncio.run(runtime.hooks.take(agent.parse_hook(payload, now_ms())))

    return deliver


def log(request: claude.Request) -> Delivery:
    body = json.dumps(claude.log_body(request)).encode()

    def deliver(runtime: Runtime) -> None:
        asyncio.run(runtime.telemetry.logs(otlp_json.decode_logs(body).records))

    return deliver


def metric(request: claude.Request) -> Delivery:
    body = json.dumps(claude.metric_body(request)).encode()

    def deliver(runtime: Runtime) -> None:
        asyncio.run(runtime.telemetry.points(otlp_json.decode_metrics(body).records))

    return deliver


def file(name: str, content: bytes) -> Delivery:
    """The session's file as it stands at some moment: perhaps with a torn last line."""

    def deliver(runtime: Runtime) -> None:
        path = runtime.settings.folders.home / f".claude/projects/-home-dev-shop/{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > len(content):
            return  # files only grow
        path.write_bytes(content)
        agent = runtime.registry.by_type("claude_code")
        assert agent is not None
        importer = runtime.importer()
        importer.read(agent, path, runtime.engine.file_mark(str(path)), FileOutcome())
        importer.settle()

    return deliver


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[claude.Session], list[Delivery]]:
    """Sessions, and all their reports in some order, some of them twice."""
    story = [draw(claude.sessions(name)) for name in ("one", "two")]
    parts: list[Delivery] = []
    for session in story:
        parts += [hook(payload) for payload in claude.hook_payloads(session)]
        for request in session.requests:
            # A repeat of a metric is a repeat of its point: exporters send each one once.
            for channel, make in (("log", log), ("metric", metric)):
                if channel in session.channels and (channel, request.number) not in session.lost:
                    parts.append(make(request))
        if "file" in session.channels:
            whole = claude.encoded(claude.lines_of(session))
            cuts = draw(st.lists(st.integers(0, len(whole)), max_size=2))
            parts += [file(session.id, whole[:cut]) for cut in (*cuts, len(whole))]
            if session.forked:
                parts.append(file(f"{session.id}-fork", claude.encoded(claude.fork_of(session))))
    repeated = draw(st.lists(st.sampled_from(parts), max_size=5))
    return story, draw(st.permutations(parts + repeated))


@settings(max_examples=60, deadline=None)
@given(story=deliveries(), restarts=st.sets(st.integers(0, 30), max_size=3))
def test_totals_are_true_through_every_channel_in_any_order(
    story: tuple[list[claude.Session], list[Delivery]], restarts: set[int]
) -> None:
    sessions, parts = story
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        environ = {"HOME": str(home), "AGENTMONITOR_DB_PATH": f"{folder}/a.db"}
        runtime = started(environ)
        for number, deliver in enumerate(parts):
            deliver(runtime)
            if number in restarts:
                stopped(runtime)
                runtime = started(environ)
        agree(runtime, sessions)
        stopped(runtime)
        assert_sound(Path(folder) / "a.db")


def started(environ: dict[str, str]) -> Runtime:
    runtime = Runtime(load_settings(environ))
    runtime.open()
    return runtime


def stopped(runtime: Runtime) -> None:
    runtime.workspaces.close()
    runtime.close()


def agree(runtime: Runtime, story: list[claude.Session]) -> None:
    """Sessions, models, tools and the whole are as the truth has them."""
    engine = runtime.engine
    truth = claude.expected_tokens(story)
    by_session: dict[str, Counter[str]] = {}
    for (name, _), tokens in truth.items():
        by_session.setdefault(name, Counter()).update(tokens)
    rows = {row.id: row for row in engine.sessions(SessionFilter(), 0)[0]}
    found = {
        name: Counter(
            tokens_in=row.tokens_in, tokens_out=row.tokens_out, cache_read=row.cache_read_tokens,
            cache_write=row.cache_write_tokens,
        )
        for name, row in rows.items()
        if row.tokens_out
    }  # fmt: skip
    assert {k: +v for k, v in found.items()} == {k: +v for k, v in by_session.items()}
    pricer = Pricer()
    for session in story:
        best = session.best
        cost = 0.0
        for request in session.requests:
            usage = request.usage if best == "file" else without_hours(request.usage)
            price = pricer.cost(request.model, usage, request.at)
            assert price is not None
            cost += price
        assert abs(rows[session.id].total_cost_usd - cost) < 1e-6
        assert rows[session.id].usage_channel == best
    models = {row.model: row for row in engine.cost(None, None, 10).by_model}
    expected: dict[str, int] = {}
    for (_, model), tokens in truth.items():
        expected[model] = expected.get(model, 0) + tokens["tokens_out"]
    assert {name: row.tokens_out for name, row in models.items() if row.tokens_out} == expected
    calls = Counter(call.name for s in story for r in s.requests for call in r.calls)
    failed = Counter(c.name for s in story for r in s.requests for c in r.calls if c.failed)
    tools = {tool.tool_name: (tool.total_calls, tool.error_count)
             for tool in engine.tools(None, None)}  # fmt: skip
    assert tools == {name: (count, failed[name]) for name, count in calls.items()}


def without_hours(usage: TokenUsage) -> TokenUsage:
    """Only files tell for how long the cache is written."""
    return TokenUsage(
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cache_read=usage.cache_read,
        cache_write=usage.cache_write,
    )
