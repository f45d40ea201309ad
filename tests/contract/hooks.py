"""Payloads of Claude Code's hooks, and waiting for what becomes of them."""

from __future__ import annotations

from .client import Api, Row, eventually

PATH = "/api/hooks/claude-code"


def hook(session_id: str, name: str, **fields: object) -> Row:
    """A hook's payload, as Claude Code posts it."""
    return {
        "session_id": session_id,
        "hook_event_name": name,
        "transcript_path": "/home/dev/.claude/projects/x/y.jsonl",
        "cwd": "/home/dev/ct-project",
        "permission_mode": "default",
        **fields,
    }


def call(session_id: str, name: str, use: str, **fields: object) -> Row:
    """A tool call's hook."""
    tool = {"tool_name": "Bash", "tool_input": {"command": "pytest -q"}, "tool_use_id": use}
    return hook(session_id, name, **tool, **fields)


def post(api: Api, *payloads: Row) -> None:
    for payload in payloads:
        response = api.post(PATH, payload)
        assert response.status_code == 200, response.text
        assert response.content == b""


def landed(api: Api, session_id: str, **filters: str) -> list[Row]:
    """The session's rows once there are any."""
    return eventually(lambda: api.rows(session_id=session_id, **filters))


def in_state(api: Api, session_id: str, *states: str) -> Row:
    """The session's row once it is in one of these states."""

    def row() -> Row | None:
        response = api.get(f"/api/sessions/{session_id}")
        if response.status_code != 200:
            return None
        found: Row = response.json()["session"]
        return found if found["state"] in states else None

    found = eventually(row)
    assert found is not None
    return found
