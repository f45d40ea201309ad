"""How fast Codex's rollouts are read: ``python -m benchmarks.codex_files [--mb 64]``.

Writes made-up rollouts into a temporary folder, with the share of each kind of line that real ones
have (most bytes are reasoning, tool output and what the model saw), and reads them line by line.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agentmonitor.agents.base import Folders
from agentmonitor.agents.codex.files import SESSION_FILES
from benchmarks.claude_files import TELLING

_GOAL = 150.0
_START = 1_772_359_200_000
_FILE_MB = 8


def corpus(home: Path, megabytes: int, seed: int = 7) -> int:
    """Write rollouts of about that size in all; how many bytes there are."""
    rng = random.Random(seed)
    folder = home / ".codex" / "sessions" / "2026" / "03" / "01"
    folder.mkdir(parents=True)
    written = number = 0
    while written < megabytes << 20:
        number += 1
        thread = f"019ca500-0000-7000-8000-{number:012x}"
        file = folder / f"rollout-2026-03-01T10-00-00-{thread}.jsonl"
        size = 0
        with file.open("wb") as out:
            for line in _rollout(rng, thread):
                size += out.write(line + b"\n")
                if size > _FILE_MB << 20:
                    break
        written += size
    return written


def _rollout(rng: random.Random, thread: str) -> Iterator[bytes]:
    clock = _START
    parts = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    total = dict.fromkeys((*parts, "total_tokens"), 0)

    def line(outer: str, payload: dict[str, object]) -> bytes:
        nonlocal clock
        clock += rng.randrange(20, 3000)
        seconds, ms = divmod(clock, 1000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms:03d}Z"
        document = {"timestamp": stamp, "type": outer, "payload": payload}
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    def words(size: int) -> str:
        parts = []
        while size > 0:
            parts.append(rng.choice(_LINES))
            size -= len(parts[-1])
        return "\n".join(parts)

    yield line("session_meta", {
        "id": thread, "timestamp": "2026-03-01T10:00:00.000Z", "cwd": "/home/dev/shop",
        "originator": "codex_cli_rs", "cli_version": "0.104.0", "source": "cli",
        "base_instructions": {"text": words(18_000)}, "git": {"branch": "main"},
    })  # fmt: skip
    call = 0
    while True:
        turn = f"019ca5{call % 256:02x}-{rng.randrange(1 << 16):04x}-7000-8000-{call:012x}"
        yield line("event_msg", {"type": "task_started", "turn_id": turn})
        yield line("turn_context", {
            "turn_id": turn, "cwd": "/home/dev/shop", "model": "gpt-5.3-codex", "effort": "high",
            "approval_policy": "on-request", "user_instructions": words(2000),
        })  # fmt: skip
        prompt = words(300)
        content: list[object] = [{"type": "input_text", "text": prompt}]
        message: dict[str, object] = {"type": "message", "role": "user", "content": content}
        yield line("response_item", message)
        yield line("event_msg", {"type": "user_message", "message": prompt, "images": []})
        for _ in range(rng.randrange(5, 30)):
            call += 1
            call_id = f"call_{rng.getrandbits(96):024x}"
            yield line("response_item", {
                "type": "reasoning", "summary": [],
                "encrypted_content": rng.randbytes(rng.randrange(600, 3000)).hex(),
            })  # fmt: skip
            if call % 6 == 0:
                patch = "*** Begin Patch\n*** Update File: src/a.py\n@@\n" + "".join(
                    f"{rng.choice(' +-')}{rng.choice(_LINES)}\n" for _ in range(30)
                )
                yield line("response_item", {
                    "type": "custom_tool_call", "status": "completed", "call_id": call_id,
                    "name": "apply_patch", "input": patch + "*** End Patch",
                })  # fmt: skip
                answer = {"output": "Success.\n", "metadata": {"exit_code": 0}}
                yield line("response_item", {
                    "type": "custom_tool_call_output", "call_id": call_id,
                    "output": json.dumps(answer),
                })  # fmt: skip
            else:
                arguments = {"cmd": f"rg -n {call} src", "workdir": "/home/dev/shop"}
                yield line("response_item", {
                    "type": "function_call", "name": "exec_command", "call_id": call_id,
                    "arguments": json.dumps(arguments),
                })  # fmt: skip
                telling = TELLING if rng.random() < 0.2 else ""
                yield line("response_item", {
                    "type": "function_call_output", "call_id": call_id,
                    "output": f"Chunk ID: {call:06x}\nWall time: 0.2 seconds\nProcess exited with"
                    f" code 0\nOutput:\n{telling}{words(int(rng.expovariate(1 / 4000)))}",
                })  # fmt: skip
            last = {
                "input_tokens": 20_000 + call, "cached_input_tokens": 18_000,
                "output_tokens": rng.randrange(50, 900), "reasoning_output_tokens": 40,
                "total_tokens": 0,
            }  # fmt: skip
            last["total_tokens"] = last["input_tokens"] + last["output_tokens"]
            for key in total:
                total[key] += last[key]
            used = call // 50 % 100
            limit = {"used_percent": used, "window_minutes": 300, "resets_at": 1_772_377_200}
            yield line("event_msg", {
                "type": "token_count",
                "info": {
                    "total_token_usage": dict(total), "last_token_usage": last,
                    "model_context_window": 272_000,
                },
                "rate_limits": {"primary": limit, "secondary": limit, "credits": None},
            })  # fmt: skip
        said = words(500)
        yield line("event_msg", {"type": "agent_message", "message": said})
        yield line("event_msg", {
            "type": "task_complete", "turn_id": turn, "last_agent_message": said,
        })  # fmt: skip


_LINES = tuple(
    f'    def method_{n}(self, value: "Value{n}") -> None:  # line {n} of the made-up source'
    for n in range(200)
)


def measure(home: Path) -> tuple[int, int, int, float]:
    """Bytes, lines and events of all rollouts below ``home``, and the seconds it took."""
    size = lines = events = 0
    began = time.perf_counter()
    for path in SESSION_FILES.find(Folders(home=home)):
        reader = SESSION_FILES.open(path, None)
        with path.open("rb") as file:
            for line in file:
                size += len(line)
                lines += 1
                events += len(reader.read(line[:-1]).events)
    return size, lines, events, time.perf_counter() - began


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=64, help="size of the corpus")
    parser.add_argument("--runs", type=int, default=3, help="the best of so many runs counts")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus(Path(folder), chosen.mb)
        runs = [measure(Path(folder)) for _ in range(chosen.runs)]
    size, lines, events, seconds = min(runs, key=lambda run: run[3])
    rate = size / 1e6 / seconds
    print(f"{size / 1e6:.0f} MB, {lines} lines, {events} events in {seconds:.2f} s")
    print(f"{rate:.0f} MB/s (goal {_GOAL:.0f}), {lines / seconds:,.0f} lines/s")


if __name__ == "__main__":
    main()
