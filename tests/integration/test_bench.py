"""``bench`` and ``soak`` on real servers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.bench.api import BenchmarkError
from agentmonitor.bench.client import content_length
from agentmonitor.bench.load import Generator, Load
from agentmonitor.bench.memory import process_at
from agentmonitor.bench.processes import start_load
from agentmonitor.bench.session_files import SessionFile
from agentmonitor.bench.soak import difference
from agentmonitor.bench.target import own
from agentmonitor.config import fresh_variables
from tests.contract.server import Server


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentmonitor", *arguments],
        env=fresh_variables(home), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_short_soak_loses_nothing_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "soak.json"
    done = run(tmp_path, "soak", "--minutes", "0.15", "--rate", "60", "--out", str(file), "--json")
    assert done.stdout == file.read_text() or json.loads(done.stdout) == json.loads(
        file.read_text()
    )
    verdict = json.loads(done.stdout)["verdict"]
    seen = {check["name"]: check for check in verdict["checks"]}
    growth = seen.pop("memory grew by less than 1.1")  # too short a time to say anything
    assert all(check["passed"] for check in seen.values()), verdict
    assert verdict["events_sent"] >= 0.15 * 60 * 60 * 0.8
    assert verdict["events_from_files"] > 0
    assert done.returncode == (0 if growth["passed"] else 1)


def test_a_server_that_dies_ends_the_run_at_once(tmp_path: Path) -> None:
    """An hour's load must not go on against nothing."""

    def load_and_kill() -> None:
        with own(tmp_path / "a.db", tmp_path) as target:
            finish = start_load(Load(target.port, True, 10, 2, 3600.0, 0.1, 50.0), target)
            assert target.pid is not None
            os.kill(target.pid, signal.SIGKILL)
            finish()

    with pytest.raises(BenchmarkError, match="The server ended under the load"):
        load_and_kill()


def failures_of_a_break(*, busy: bool) -> dict[str, int]:
    """The failures that a load sees when a connection breaks that waits for an answer, or that
    waits for nothing."""

    served: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        body = b'{"received":1,"ids":[1]}'
        answer = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(content_length(head[:-4]))
                await asyncio.sleep(0.02)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> dict[str, int]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        load = Load(port, False, 1, 3, seconds=0.6, warm_up_s=0, events_a_second=20)
        generator = Generator(load)
        running = asyncio.create_task(generator.run())
        while not (found := [c for c in generator._connections if c.busy is busy]):
            await asyncio.sleep(0.001)
        assert found[0]._transport is not None
        found[0]._transport.abort()
        report = await running
        server.close()
        await asyncio.gather(*filter(None, served))
        assert report["acknowledged"] > 0
        assert len(generator._connections) == 3
        return report["failures"]

    return asyncio.run(main())


def test_an_idle_connection_that_breaks_is_no_failure_and_a_request_without_answer_is_one() -> None:
    assert failures_of_a_break(busy=False) == {}
    assert failures_of_a_break(busy=True) == {"connection lost": 1}


class Lossy:
    """Answers as a server that has lost the last tool call."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file

    def json(self, target: str) -> dict[str, Any]:
        return {
            "session": {"tokens_out": self._file.tokens_out},
            "tools": [{"calls": self._file.tool_calls - 1}],
        }


def test_what_a_file_holds_and_the_server_does_not_is_noticed(tmp_path: Path) -> None:
    file = SessionFile(tmp_path, 1)
    file.grow(3, tear=True)
    assert not file.path.read_bytes().endswith(b"\n")
    file.grow(1)
    lines = [json.loads(line) for line in file.path.read_bytes().splitlines()]
    used = [line["message"]["usage"]["output_tokens"] for line in lines if "requestId" in line]
    assert (sum(used), len(used)) == (file.tokens_out, file.tool_calls)
    assert len(used) == 4
    assert "3 of 4 calls" in (difference(Lossy(file), file) or "")


def test_two_servers_are_measured_side_by_side(tmp_path: Path) -> None:
    command = f"{sys.executable} -m agentmonitor serve --port {{port}} --db {tmp_path / 'b.db'}"
    (tmp_path / "a").mkdir()
    server = Server(tmp_path / "a", {})
    try:
        done = run(
            tmp_path, "bench", "--url", f"one={server.address()}", "--run", f"two={command}",
            "--yes", "--seconds", "0.5", "--only", "batch,single,stream,read", "--json",
        )  # fmt: skip
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    results = {each["name"]: each["figures"] for each in json.loads(done.stdout)}
    assert list(results) == ["one", "two"]
    for figures in results.values():
        values = {(each["workload"], each["name"]): each["value"] for each in figures}
        assert values["batch", "throughput"] > 0
        assert values["single", "throughput"] > 0
        assert values["batch", "failures"] == values["single", "failures"] == 0
        assert values["stream", "complete streams"] == 10
        assert values["read", "stats p50"] > 0
        if sys.platform == "linux":
            assert values["memory", "highest"] >= values["memory", "idle"] > 1


def test_a_running_server_is_not_filled_without_being_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "bench", "--url", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--yes" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nonsense"], "start, batch"),
        (["--run", "no name"], "NAME=COMMAND"),
        (["--run", "x=true"], "{port}"),
        (["--url", "ftp://host", "--yes"], "no address"),
        (["--url", "http://127.0.0.1:9", "--yes"], "Nothing answers"),
    ],
)
def test_what_cannot_be_measured_is_named(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run(tmp_path, "bench", *arguments)
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_behind_a_port_is_found(tmp_path: Path) -> None:
    server = Server(tmp_path, {})
    try:
        port = int(server.address().rsplit(":", 1)[1].strip("/"))
        assert process_at("127.0.0.1", port) == server._process.pid
        assert process_at("192.0.2.1", port) is None
    finally:
        server.stop()
