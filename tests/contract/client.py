"""The HTTP client of the suite, and what its tests build requests from."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx

from .conformance import check
from .server import Server

Row = dict[str, Any]
T = TypeVar("T")


def unique(prefix: str = "ct") -> str:
    """A name that no other test, and no earlier run on the same database, has used."""
    return f"{prefix}-{uuid.uuid4().hex[:16]}"


def iso(moment: datetime) -> str:
    """The moment as the server writes it: UTC, milliseconds, `Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def ago(**span: float) -> str:
    """The time that lies the given `timedelta` span back (negative: ahead)."""
    return iso(datetime.now(UTC) - timedelta(**span))


def instant(text: str) -> datetime:
    """The moment that an ISO timestamp names."""
    return datetime.fromisoformat(text)


def compact(value: object) -> bytes:
    """The value's shortest JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def event(agent_type: str, **fields: object) -> Row:
    """A valid event of that agent; `fields` replace and add."""
    return {
        "session_id": unique("ct-s"),
        "agent_type": agent_type,
        "event_type": "tool_use",
        **fields,
    }


def eventually(check: Callable[[], T], timeout: float = 20.0, pause: float = 0.02) -> T:
    """The first true answer of `check`; fails with the last answer when time is up."""
    deadline = time.monotonic() + timeout
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout} s; last answer: {answer!r}")
        time.sleep(pause)


class Api:
    """One running server, as its clients see it."""

    def __init__(self, url: str, server: Server | None = None) -> None:
        self.url = url.rstrip("/")
        self.server = server
        hooks = {} if server is None else {"response": [check]}
        self.http = httpx.Client(
            base_url=self.url, timeout=30.0, trust_env=False, event_hooks=hooks
        )

    def close(self) -> None:
        self.http.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return self.http.get(path, params=params, headers=headers)

    def post(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST the body as compact JSON."""
        return self.post_raw(path, compact(body), headers=headers)

    def post_raw(
        self,
        path: str,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return self.http.post(
            path, content=content, headers={"content-type": content_type, **(headers or {})}
        )

    def read(self, path: str, **params: str | int) -> Any:
        """The JSON of a GET that must succeed."""
        response = self.get(path, params or None)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("application/json")
        return response.json()

    def ingest(self, *events: Row) -> list[int]:
        """Store events, one request each, all of which must be new; their ids in order."""
        ids: list[int] = []
        for item in events:
            response = self.post("/api/events", item)
            assert response.status_code == 201, response.text
            ids += response.json()["ids"]
        return ids

    def ingest_batch(self, events: Sequence[Row]) -> list[int]:
        """Store events in one request, all of which must be new."""
        response = self.post("/api/events/batch", {"events": list(events)})
        assert response.status_code == 201, response.text
        answer = response.json()
        assert answer["received"] == len(events), answer
        ids: list[int] = answer["ids"]
        return ids

    def rows(self, **filters: str | int) -> list[Row]:
        """The stored event rows that match, newest first."""
        found: list[Row] = self.read("/api/events", **filters)["events"]
        return found

    def stored(self, item: Row) -> Row:
        """Store one event of a session of its own, and the row it became."""
        [number] = self.ingest(item)
        [row] = self.rows(session_id=item["session_id"].strip(), limit=200)
        assert row["id"] == number
        return row

    def session(self, session_id: str) -> Row:
        """The session's row."""
        found: Row = self.read(f"/api/sessions/{session_id}")["session"]
        return found

    def sessions(self, **filters: str | int) -> list[Row]:
        found: list[Row] = self.read("/api/sessions", **filters)["sessions"]
        return found


def error_of(response: httpx.Response) -> str:
    """The `error` of an answer, which must be JSON and show nothing of the code."""
    kind = "problem+json" if "/api/v2/" in str(response.url) else "json"
    assert response.headers["content-type"].startswith(f"application/{kind}"), response.text
    body = response.json()
    assert isinstance(body, dict)
    error = body["error"]
    assert isinstance(error, str)
    assert error
    for trace in ("Traceback", 'File "', ".py"):
        assert trace not in response.text
    return error
