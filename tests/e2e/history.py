"""Some weeks of made-up work, for pages that show figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx

from tests.contract.server import Server
from tests.e2e.sending import events

LONG = "a-project-with-a-name-that-nobody-would-ever-type-twice-in-one-single-day"
UNPRICED = "a-model-that-nobody-knows"
MODELS = (
    ("claude_code", "claude-opus-4-5"),
    ("claude_code", "claude-sonnet-4-5"),
    ("codex", "gpt-5.1-codex"),
    ("gemini_cli", "gemini-2.5-pro"),
    ("codex", UNPRICED),
)
PROJECTS = ("ledger-api", "storefront", LONG)
COMMANDS = (
    "npm test",
    "make lint",
    "terraform plan -out plan.bin && terraform show -json plan.bin",
)


def send(server: Server, *rows: dict[str, Any]) -> None:
    """Store events."""
    events(server, list(rows))


def read(server: Server, path: str, **asked: Any) -> Any:
    """What the API says, in UTC."""
    answer = httpx.get(f"{server.address()}api/v2/{path}", params={"tz": "UTC"} | asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def cents(value: float) -> str:
    """Dollars as the page writes them: half a cent goes up, as it is written."""
    return f"${Decimal(str(value)).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def stamp(days: float = 0, minutes: float = 0) -> str:
    """The moment so long ago."""
    return (datetime.now(UTC) - timedelta(days=days, minutes=minutes)).isoformat()


def day(days: int = 0) -> str:
    """The day so many days ago."""
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def work(server: Server, days: int = 40) -> None:
    """Sessions of several agents on most of the last days: requests, calls, failures, commits."""
    told: list[dict[str, Any]] = []
    for back in range(days):
        if back % 7 == 5:
            continue
        for number in range(1 + back % 3):
            agent, model = MODELS[(back * 2 + number) % len(MODELS)]
            minutes = 1 + 7 * number

            def event(kind: str, later: float = 0, **fields: Any) -> None:
                known: dict[str, Any] = {
                    "session_id": f"work-{back}-{number}",  # noqa: B023 - called in this turn
                    "agent_type": agent,  # noqa: B023
                    "project": PROJECTS[back % 3],  # noqa: B023
                    "event_type": kind,
                    "client_timestamp": stamp(back, minutes - later),  # noqa: B023
                }
                told.append(known | fields)

            event("user_prompt", metadata={"prompt": f"Task {number} of day {back}"})
            tokens = 1000 * (1 + back % 5)
            event(
                "llm_response", 0.1, model=model, tokens_in=tokens * 20, tokens_out=tokens,
                cache_read_tokens=tokens * 300,
            )  # fmt: skip
            event("tool_use", 0.2, tool_name="Read", duration_ms=20 + back, metadata={"path": "/a"})
            failed = (back + number) % 4 == 0
            event(
                "tool_use", 0.3, tool_name="Bash", duration_ms=400 * (1 + back % 6),
                status="error" if failed else "success",
                metadata={"command": COMMANDS[back % 3]}
                | ({"error": "Exit code 2: 3 failed, 214 passed"} if failed else {}),
            )  # fmt: skip
            if back % 2 == 0:
                event("git_commit", 0.4, metadata={"message": "Work"})
            event("session_end", 0.5)
    send(server, *told)
