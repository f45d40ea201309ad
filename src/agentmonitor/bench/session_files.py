"""Session files that grow, as an agent writes them, and what they must add up to.

Source of the shape: the session files described in ``agents/claude_code``.
"""

import json
import random
import uuid
from datetime import UTC, datetime
from pathlib import Path

_MODEL = "claude-sonnet-4-5"
_TOOLS = ("Bash", "Read", "Edit", "Grep")


class SessionFile:
    """One session's file. ``tokens_out`` and ``tool_calls`` are the truth about what it holds."""

    def __init__(self, home: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self.session_id = str(uuid.UUID(int=self._random.getrandbits(128)))
        folder = home / ".claude" / "projects" / "-soak"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{self.session_id}.jsonl"
        self.tokens_out = 0
        self.tool_calls = 0
        self._torn = b""

    def grow(self, steps: int, *, tear: bool = False) -> None:
        """Append ``steps`` answers with a tool call each; ``tear``: the last line is only half
        written, and completed by the next call."""
        lines = []
        for _ in range(steps):
            lines += self._step()
        text = self._torn + b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        cut = len(text) - self._random.randrange(5, 40) if tear else len(text)
        self._torn = text[cut:]
        with self.path.open("ab") as file:
            file.write(text[:cut])

    def _step(self) -> list[dict[str, object]]:
        call, used = f"toolu_{self._id()}", self._random.randrange(1, 900)
        tool = self._random.choice(_TOOLS)
        self.tokens_out += used
        self.tool_calls += 1
        usage = {"input_tokens": 5, "output_tokens": used, "cache_read_input_tokens": 20_000,
                 "cache_creation_input_tokens": 300}  # fmt: skip
        answer = {
            "role": "assistant", "id": f"msg_{self._id()}", "type": "message", "model": _MODEL,
            "content": [{"type": "tool_use", "id": call, "name": tool,
                         "input": {"command": f"make test-{used}"}}],
            "usage": usage, "stop_reason": "tool_use",
        }  # fmt: skip
        result = {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call, "content": "ok " * used}]}  # fmt: skip
        return [
            self._line("assistant", answer) | {"requestId": f"req_{self._id()}"},
            self._line("user", result),
        ]

    def _line(self, kind: str, message: object) -> dict[str, object]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "type": kind, "uuid": str(uuid.UUID(int=self._random.getrandbits(128))),
            "sessionId": self.session_id, "timestamp": now, "cwd": "/soak", "version": "2.1.212",
            "isSidechain": False, "message": message,
        }  # fmt: skip

    def _id(self) -> str:
        return f"{self._random.getrandbits(96):024x}"
