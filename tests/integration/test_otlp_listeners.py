"""OpenTelemetry's own exporters deliver to a real server, over each of its ports."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_service
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.contract.client import unique
from tests.contract.server import Server
from tests.contract.test_settings import free_port
from tests.integration.otlp_calls import EXPORT, channel_to, claude_logs, outcome

MIB = 1024 * 1024
NEVER_MS = 3_600_000.0


@dataclass
class Running:
    """A server with all its ports."""

    server: Server
    main: str
    http_port: int
    grpc_port: int

    def session(self, session: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.main}/api/sessions/{session}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["session"])

    def export(
        self, body: bytes, compression: grpc.Compression | None = None, method: str = EXPORT
    ) -> tuple[grpc.StatusCode, bytes]:
        """The outcome of one call: its answer, or what is said of its failure."""
        with channel_to(self.grpc_port) as channel:
            return outcome(channel, body, compression, method)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    http_port, grpc_port = free_port(), free_port()
    server = Server(
        tmp_path_factory.mktemp("listeners"),
        {
            "AGENTMONITOR_OTLP_HTTP_PORT": str(http_port),
            "AGENTMONITOR_OTLP_GRPC_PORT": str(grpc_port),
        },
    )
    try:
        yield Running(server, server.address().rstrip("/"), http_port, grpc_port)
        assert server.stop() == 0
    finally:
        server.kill()
    assert server.output().splitlines()[1:] == [], server.output()


@pytest.fixture(params=["main", "http", "grpc"])
def exporters(request: pytest.FixtureRequest, running: Running) -> tuple[Any, Any, Any]:
    """Those of logs, metrics and spans."""
    if request.param == "grpc":
        where = f"http://127.0.0.1:{running.grpc_port}"
        return (
            grpc_logs.OTLPLogExporter(where, insecure=True),
            grpc_metrics.OTLPMetricExporter(where, insecure=True),
            grpc_traces.OTLPSpanExporter(where, insecure=True),
        )
    base = running.main if request.param == "main" else f"http://127.0.0.1:{running.http_port}"
    return (
        http_logs.OTLPLogExporter(f"{base}/v1/logs"),
        http_metrics.OTLPMetricExporter(f"{base}/v1/metrics"),
        http_traces.OTLPSpanExporter(f"{base}/v1/traces"),
    )


def used(session: str, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """A request in the words of the GenAI conventions."""
    return {
        "gen_ai.conversation.id": session,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.response.model": "claude-sonnet-4-5",
        "gen_ai.response.id": unique("answer"),
        "gen_ai.usage.input_tokens": tokens_in,
        "gen_ai.usage.output_tokens": tokens_out,
    }


def test_logs_metrics_and_spans_of_the_sdk_arrive(
    running: Running, exporters: tuple[Any, Any, Any]
) -> None:
    log_exporter, metric_exporter, span_exporter = exporters
    resource = Resource({"service.name": "acme-sdk"})
    by_log, by_span, by_metric = unique("log"), unique("span"), unique("metric")

    logs = LoggerProvider(resource, shutdown_on_exit=False)
    logs.add_log_record_processor(SimpleLogRecordProcessor(log_exporter))
    logs.get_logger("t").emit(
        event_name="gen_ai.client.inference.operation.details", attributes=used(by_log, 11, 2)
    )
    logs.shutdown()

    traces = TracerProvider(resource=resource, shutdown_on_exit=False)
    traces.add_span_processor(SimpleSpanProcessor(span_exporter))
    with traces.get_tracer("t").start_as_current_span("chat", attributes=used(by_span, 13, 4)):
        pass
    traces.shutdown()

    reader = PeriodicExportingMetricReader(metric_exporter, export_interval_millis=NEVER_MS)
    metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    tokens = metrics.get_meter("t").create_histogram("gen_ai.client.token.usage", unit="{token}")
    common = {"gen_ai.conversation.id": by_metric, "gen_ai.request.model": "claude-sonnet-4-5"}
    tokens.record(17, common | {"gen_ai.token.type": "input"})
    tokens.record(5, common | {"gen_ai.token.type": "output"})
    metrics.shutdown()

    for session, tokens_in, tokens_out in ((by_log, 11, 2), (by_span, 13, 4), (by_metric, 17, 5)):
        row = running.session(session)
        assert (row["tokens_in"], row["tokens_out"]) == (tokens_in, tokens_out), session
        assert row["agent_type"] == "acme_sdk"
        assert row["total_cost_usd"] > 0


GUIDE = Path(__file__).parents[2] / "docs/how-to/send-opentelemetry.md"


def guided(section: str, language: str) -> str:
    """The first block of a language in a section of the guide."""
    _, found, rest = GUIDE.read_text("utf-8").partition(f"## {section}\n")
    assert found
    return rest.partition(f"```{language}\n")[2].partition("```")[0]


def test_an_sdk_with_the_settings_of_the_guide_delivers(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in guided("Anything else", "sh").splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value.replace("http://127.0.0.1:3141", running.main))
    session = unique("s")
    traces = TracerProvider(resource=Resource.create(), shutdown_on_exit=False)
    traces.add_span_processor(SimpleSpanProcessor(http_traces.OTLPSpanExporter()))
    attributes = {
        name: value
        for name, value in used(session, 6, 1).items()
        if name in GUIDE.read_text("utf-8")
    }
    assert len(attributes) == 4
    with traces.get_tracer("t").start_as_current_span("chat", attributes=attributes):
        pass
    traces.shutdown()
    row = running.session(session)
    assert (row["agent_type"], row["tokens_in"], row["tokens_out"]) == ("my_agent", 6, 1)


def test_the_agents_settings_of_the_guide_name_what_is_served(running: Running) -> None:
    claude = guided("Claude Code", "sh")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:3141\n" in claude
    gemini = json.loads(guided("Gemini CLI", "json"))["telemetry"]
    assert gemini["otlpEndpoint"] == "http://127.0.0.1:3141"
    codex = tomllib.loads(guided("Codex CLI", "toml"))["otel"]["exporter"]["otlp-http"]
    url = codex["endpoint"].replace("http://127.0.0.1:3141", running.main)
    protobuf = {"content-type": "application/x-protobuf"}
    assert httpx.post(url, content=b"", headers=protobuf).status_code == 200


@pytest.mark.parametrize("compression", list(grpc.Compression))
def test_grpc_takes_compressed_calls(running: Running, compression: grpc.Compression) -> None:
    session = unique("s")
    answer = running.export(claude_logs(session, 7).SerializeToString(), compression)
    assert answer == (grpc.StatusCode.OK, b"")
    assert running.session(session)["tokens_in"] == 7


def test_grpc_names_what_it_refuses_and_stores_the_rest(running: Running) -> None:
    session = unique("s")
    message = claude_logs(session, 3)
    nested = message.resource_logs[0].scope_logs[0].log_records.add().body
    for _ in range(40):
        nested = nested.array_value.values.add()
    code, said = running.export(message.SerializeToString())
    assert code is grpc.StatusCode.OK
    answer = logs_service.ExportLogsServiceResponse.FromString(said)
    assert answer.partial_success.rejected_log_records == 1
    assert answer.partial_success.error_message
    assert running.session(session)["tokens_in"] == 3


def test_grpc_says_which_faults_are_for_good(running: Running) -> None:
    code, details = running.export(b"\xff\xff\xff")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert b"ExportLogsServiceRequest" in details
    for size, compression in ((6 * MIB, None), (60 * MIB, grpc.Compression.Gzip)):
        code, _ = running.export(b" " * size, compression)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    code, _ = running.export(b"", method="/acme.Nothing/Export")
    assert code is grpc.StatusCode.UNIMPLEMENTED


def test_no_web_page_can_speak_to_the_grpc_port(running: Running) -> None:
    for host in ("localhost", "evil.example"):
        with pytest.raises(httpx.HTTPError):
            httpx.post(
                f"http://127.0.0.1:{running.grpc_port}{EXPORT}",
                headers={"host": host, "content-type": "application/grpc"}, content=b"\0" * 5,
            )  # fmt: skip


def test_the_second_port_takes_otlp_and_nothing_else(running: Running) -> None:
    base = f"http://127.0.0.1:{running.http_port}"
    assert httpx.get(f"{base}/api/health").json()["status"] == "ok"
    for signal in ("logs", "metrics", "traces"):
        assert httpx.post(f"{base}/v1/{signal}", json={}).status_code == 200
    for path in ("/", "/api/events", "/api/sessions", "/api/stream", "/api/otel/v1/logs"):
        for method in ("GET", "POST") if path != "/" else ("GET",):
            answer = httpx.request(method, base + path)
            assert answer.status_code == 404, path
            assert "OTLP" in answer.json()["error"]
    assert httpx.post(f"{base}/", content=b'{"resourceLogs":[]}').status_code == 200
    assert httpx.post(f"{base}/", json={}).status_code == 400
    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
        answer = httpx.post(f"{base}/v1/logs", json={}, headers=headers)
        assert answer.status_code == 403


def test_every_port_is_the_loopbacks(running: Running) -> None:
    listening = Path("/proc/net/tcp"), Path("/proc/net/tcp6")
    if not listening[0].exists():
        pytest.skip("this system does not list its ports there")
    ports = {running.http_port, running.grpc_port, httpx.URL(running.main).port}
    found = set()
    for line in "".join(p.read_text() for p in listening if p.exists()).splitlines():
        words = line.split()
        place, _, port = words[1].rpartition(":")
        if words[3] == "0A" and port.strip() and int(port, 16) in ports:
            found.add(int(port, 16))
            assert place in ("0100007F", "0000000000000000FFFF00000100007F")
    assert found == ports


def mapped(server: Server) -> str:
    """The files that the server's process has in its memory."""
    maps = Path(f"/proc/{server._process.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not tell what a process has loaded")
    return maps.read_text()


def test_grpc_and_protobuf_are_loaded_when_they_are_used(tmp_path: Path, running: Running) -> None:
    assert "/grpc/" in mapped(running.server)
    server = Server(tmp_path, {"AGENTMONITOR_OTLP_HTTP_PORT": str(free_port())})
    address = server.address()
    assert httpx.post(f"{address}v1/logs", json={}).status_code == 200
    for library in ("/grpc/", "google/_upb", "google/protobuf"):
        assert library not in mapped(server)
    protobuf = {"content-type": "application/x-protobuf"}
    assert httpx.post(f"{address}v1/logs", content=b"", headers=protobuf).status_code == 200
    assert "/grpc/" not in mapped(server)
    assert server.stop() == 0
