"""The server's own import, as whoever follows the stream hears of it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.bus import Subscription
from agentmonitor.config import load_settings
from agentmonitor.model.usage import TokenUsage
from agentmonitor.runtime import Runtime
from agentmonitor.server.sse import Imported, UpdateFrame
from tests.integration.claude_sessions import Request, Session, encoded, lines_of


def test_an_import_at_the_start_is_told_with_its_number_of_events(tmp_path: Path) -> None:
    request = Request(1, "one", "claude-haiku-4-5", TokenUsage(tokens_out=5), [], [], True)
    folder = tmp_path / ".claude" / "projects" / "-home-dev-shop"
    folder.mkdir(parents=True)
    (folder / "one.jsonl").write_bytes(encoded(lines_of(Session("one", [request], frozenset()))))
    environ = {"HOME": str(tmp_path), "AGENTMONITOR_DB_PATH": str(tmp_path / "a.db")}
    found = asyncio.run(_updates(Runtime(load_settings(environ))))
    assert found["payload"] == {"type": "auto_import", "imported": 2}
    assert msgspec.convert(found, UpdateFrame).payload == Imported(2)  # as it is documented


async def _updates(runtime: Runtime) -> dict[str, Any]:
    """The first ``session_update`` after a start."""
    runtime.open()
    listener = Subscription(None, None)
    runtime.bus.add(listener)
    await runtime.start()
    try:
        async with asyncio.timeout(60):
            while frames := await listener.get(1) or b"\n\n":
                for frame in frames.decode().split("\n\n"):
                    if '"session_update"' in frame:
                        found: dict[str, Any] = json.loads(frame.removeprefix("data: "))
                        return found
        raise AssertionError
    finally:
        await runtime.stop()
