"""How fast Claude Code's session files are read: ``python -m benchmarks.claude_files [--mb 200]``.

Generates made-up sessions of the usual mix into a temporary folder and reads each line with the
reader alone: no store, no prices. Prints MB/s and lines/s of the best of three rounds, and how
long the lines are, because short lines cost more for each MB.
"""

import argparse
import json
import random
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agentmonitor.agents.base import Folders
from agentmonitor.agents.claude_code.files import FILES

_WORDS = (
    "the", "cart", "total", "is", "rounded", "to", "cents", "and", "tests", "pass", "function",
    "return", "value", "import", "from", "class", "def", "self", '"name"', "path/to/file.py",
    "error:", "\t", "größe", "→", "0x7f", "12,345",
)  # fmt: skip
TELLING = "max_tokens: 4096, token: str, the secret of task_id\n"
"""Words that let an output be looked through for secrets, as in a fifth of what tools print."""
_START = datetime(2026, 9, 1, 8, tzinfo=UTC)


class Session:
    """Writes the lines of one session."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.id = str(uuid.UUID(int=self.random.getrandbits(128)))
        self.now = _START + timedelta(hours=seed)
        self.parent: str | None = None
        self.prose = [self._prose(size) for size in (80, 300, 900, 3_000, 9_000, 30_000)]

    def lines(self, turns: int) -> Iterator[dict[str, Any]]:
        """A session of some turns."""
        yield {"type": "permission-mode", "permissionMode": "default", "sessionId": self.id}
        for turn in range(turns):
            yield self._snapshot()
            yield self._line(
                "user", self._message("user", self.prose[turn % 2]), promptId=self._id()
            )
            for _ in range(self.random.randint(2, 9)):
                yield from self._step()
            yield from self._answer([{"type": "text", "text": self.prose[2]}], "end_turn")
            if turn % 5 == 0:
                yield {"type": "ai-title", "aiTitle": f"Round {turn}", "sessionId": self.id}

    def _step(self) -> Iterator[dict[str, Any]]:
        """The model thinks, speaks and calls a tool; hooks run; the tool answers."""
        call = f"toolu_{self._id()}"
        name = self.random.choices(("Bash", "Read", "Edit", "Grep"), (4, 4, 2, 2))[0]
        given: dict[str, Any] = {"command": "npm test -- --run cart", "description": "Run tests"}
        if name in ("Read", "Edit"):
            given = {"file_path": "/home/dev/shop/src/cart.ts"}
        if name == "Edit":
            given |= {"old_string": self.prose[1], "new_string": self.prose[1][::-1]}
        blocks: list[dict[str, Any]] = [
            {"type": "thinking", "thinking": self.prose[1], "signature": "c2ln" * 150},
            {"type": "tool_use", "id": call, "name": name, "input": given},
        ]
        if self.random.random() < 0.4:
            blocks.insert(1, {"type": "text", "text": self.prose[1]})
        yield from self._answer(blocks, "tool_use")
        yield self._line("progress", data={"type": "hook_progress", "hookEvent": "PreToolUse",
                                           "command": "curl -s http://127.0.0.1:3141"})  # fmt: skip
        size = self.random.choices(range(6), (1, 2, 4, 6, 5, 2))[0]
        text = (TELLING if self.random.random() < 0.2 else "") + self.prose[size]
        answer: dict[str, Any] = {"stdout": text, "stderr": "", "interrupted": False}
        if name == "Read":
            answer = {"type": "text", "file": {"content": text, "numLines": 40}}
        if name == "Edit":
            patch = [{"oldStart": 1, "lines": [" a", "-b", "+c", " d"] * 8}]
            answer = {"filePath": given["file_path"], "oldString": given["old_string"],
                      "newString": given["new_string"], "originalFile": self.prose[4],
                      "structuredPatch": patch}  # fmt: skip
            text = self.prose[2]
        result = [{"tool_use_id": call, "type": "tool_result", "content": text}]
        yield self._line("user", self._message("user", result), toolUseResult=answer)
        if self.random.random() < 0.3:
            yield self._line("attachment", attachment={"type": "diagnostics", "x": self.prose[2]})

    def _answer(self, blocks: list[dict[str, Any]], stop: str) -> Iterator[dict[str, Any]]:
        message, request = f"msg_{self._id()}", f"req_{self._id()}"
        for number, block in enumerate(blocks, 1):
            usage = {
                "input_tokens": 4, "cache_creation_input_tokens": 2_000,
                "cache_read_input_tokens": 60_000, "output_tokens": 100 * number,
                "cache_creation": {"ephemeral_5m_input_tokens": 0,
                                   "ephemeral_1h_input_tokens": 2_000},
                "server_tool_use": {"web_search_requests": 0}, "service_tier": "standard",
                "speed": "standard", "iterations": [],
            }  # fmt: skip
            yield self._line(
                "assistant",
                {"model": "claude-opus-4-8", "id": message, "type": "message", "role": "assistant",
                 "content": [block], "stop_reason": stop if number == len(blocks) else None,
                 "stop_sequence": None, "usage": usage},
                requestId=request,
            )  # fmt: skip

    def _line(self, kind: str, message: Any = None, **more: Any) -> dict[str, Any]:
        self.now += timedelta(milliseconds=self.random.randint(20, 4_000))
        own = str(uuid.UUID(int=self.random.getrandbits(128)))
        line = {
            "parentUuid": self.parent, "isSidechain": False, "userType": "external",
            "cwd": "/home/dev/shop", "sessionId": self.id, "version": "2.1.212",
            "gitBranch": "main", **({} if message is None else {"message": message}), **more,
            "type": kind, "uuid": own,
            "timestamp": self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }  # fmt: skip
        self.parent = own
        return line

    def _snapshot(self) -> dict[str, Any]:
        return {"type": "file-history-snapshot", "messageId": self._id(),
                "snapshot": {"trackedFileBackups": {f"src/{n}.ts": {"version": n}
                                                    for n in range(20)}}}  # fmt: skip

    def _message(self, role: str, content: Any) -> dict[str, Any]:
        return {"role": role, "content": content}

    def _prose(self, size: int) -> str:
        text, length = [], 0
        while length < size:
            line = "    " + " ".join(self.random.choices(_WORDS, k=10))
            text.append(line)
            length += len(line) + 1
        return "\n".join(text)

    def _id(self) -> str:
        return f"{self.random.getrandbits(96):024x}"


def generate(home: Path, size: int) -> None:
    """Sessions of about ``size`` bytes in all, under ``home``."""
    folder = home / ".claude" / "projects" / "-home-dev-shop"
    folder.mkdir(parents=True)
    seed = written = 0
    while written < size:
        session = Session(seed)
        lines = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in
                 session.lines(turns=40))  # fmt: skip
        text = "\n".join(lines).encode() + b"\n"
        (folder / f"{session.id}.jsonl").write_bytes(text)
        written += len(text)
        seed += 1


def measure(home: Path) -> tuple[int, int, int, float]:
    """Bytes, lines, events and seconds of reading everything once."""
    size = count = events = 0
    spent = 0.0
    for path in FILES.find(Folders(home=home)):
        lines = path.read_bytes().splitlines()
        begin = time.perf_counter()
        reader = FILES.open(path, None)
        for line in lines:
            events += len(reader.read(line).events)
        reader.save()
        spent += time.perf_counter() - begin
        size += sum(map(len, lines)) + len(lines)
        count += len(lines)
    return size, count, events, spent


def main() -> None:
    """Generate, read three times, print the best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        generate(home, arguments.mb * 1_000_000)
        size, lines, events, spent = min((measure(home) for _ in range(3)), key=lambda m: m[3])
    print(f"{size / 1e6:.0f} MB, {lines} lines of {size // lines} bytes, {events} events")
    print(f"{size / 1e6 / spent:.0f} MB/s, {lines / spent:.0f} lines/s (goal: 150 MB/s)")


if __name__ == "__main__":
    main()
