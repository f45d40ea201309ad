"""What agents send, for the tests of the dashboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from tests.contract.server import Server

SESSION = "11111111-2222-4333-8444-555555555555"


def hook(server: Server, name: str, session: str = SESSION, **fields: Any) -> None:
    """One call of Claude Code's hooks."""
    body = {"session_id": session, "hook_event_name": name, "cwd": "/srv/ledger-api"} | fields
    answer = httpx.post(f"{server.address()}api/hooks/claude-code", json=body)
    assert (answer.status_code, answer.content) == (200, b"")


def event(server: Server, **fields: Any) -> None:
    """One event of a program."""
    body = {"session_id": "other", "agent_type": "codex", "event_type": "llm_response"} | fields
    assert httpx.post(f"{server.address()}api/events", json=body).status_code == 201


def events(server: Server, rows: list[dict[str, Any]]) -> None:
    """Many events."""
    base = {"session_id": "other", "agent_type": "codex", "event_type": "llm_response"}
    for start in range(0, len(rows), 500):
        body = {"events": [base | row for row in rows[start : start + 500]]}
        answer = httpx.post(f"{server.address()}api/events/batch", json=body)
        assert answer.status_code == 201, answer.text


def waits_for_permission(server: Server, session: str = SESSION, command: str = "rm x") -> None:
    """A session that asks whether it may run a command."""
    tool = {"tool_name": "Bash", "tool_input": {"command": command}}
    hook(server, "PreToolUse", session, **tool, tool_use_id=f"use-{session}")
    hook(server, "PermissionRequest", session, **tool)


def session_file(home: Path, prompts: int = 3, session: str = SESSION) -> Path:
    """A session file as Claude Code writes it, below the home folder of a test's server."""
    folder = home / "claude" / "projects" / "-srv-ledger-api"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{session}.jsonl"
    rows = [
        {
            "type": "user",
            "uuid": f"{session[:8]}-{number}",
            "sessionId": session,
            "cwd": "/srv/ledger-api",
            "timestamp": f"2026-01-02T10:00:{number:02}.000Z",
            "message": {"role": "user", "content": f"Prompt number {number}"},
        }
        for number in range(prompts)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
