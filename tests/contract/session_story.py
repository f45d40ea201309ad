"""A session with something of everything, for the calls that tell of one."""

from __future__ import annotations

import httpx

from .client import Api, Row, ago, error_of, event
from .shape import (
    Check,
    faults,
    integer,
    items,
    text,
)

ROOT = "/api/v2/sessions"
PROBLEM: dict[str, Check] = {
    "type": text, "title": text, "status": integer, "detail": text, "errors": items, "error": text,
}  # fmt: skip


def problem(response: httpx.Response, status: int) -> Row:
    """The problem details of an answer."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: Row = response.json()
    assert faults(body, PROBLEM) == {}
    assert body["status"] == status
    error_of(response)
    return body


def story(api: Api, agent: str, session: str) -> None:
    """A session of two turns."""
    edit = {"file_path": "/src/a.py", "lines_added": 2, "lines_removed": 1}
    sub = {"subagent_id": "sub-1", "subagent_type": "Explore"}
    made: list[tuple[int, str, Row]] = [
        (60, "session_start", {}),
        (50, "user_prompt", {"metadata": {"prompt": "Mend it\nplease"}}),
        (45, "llm_response", {"model": "ct-m", "tokens_out": 5, "cost_usd": 0.5,
                              "metadata": {"text": "I will."}}),
        (40, "tool_use", {"tool_name": "Bash", "duration_ms": 2000, "status": "error",
                          "metadata": {"command": "make", "error": "no rule"}}),
        (35, "tool_use", {"tool_name": "Edit", "metadata": edit}),
        (33, "tool_use", {"tool_name": "Read", "metadata": {"path": "/x", "output": "y"} | sub}),
        (30, "turn_end", {"metadata": {"message": "Done."}}),
        (20, "user_prompt", {"metadata": {"prompt": "More"}}),
    ]  # fmt: skip
    api.ingest(
        *(
            event(
                agent, session_id=session, event_type=kind, client_timestamp=ago(seconds=n), **more
            )
            for n, kind, more in made
        )
    )
