"""What a connection may do with requests: several at once, in pieces, old ways, and going away."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from .client import Api, compact, event, eventually, unique

PATIENCE_S = 20.0


class Raw:
    """A connection on which the test writes every byte itself."""

    def __init__(self, api: Api) -> None:
        url = httpx.URL(api.url)
        self.host = url.netloc.decode()
        self.socket = socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_S)
        self._file = self.socket.makefile("rb")

    def request(self, body: bytes, path: str = "/api/events", *more: str, version: str = "1.1",
                method: str = "POST") -> bytes:  # fmt: skip
        head = [f"{method} {path} HTTP/{version}", f"Host: {self.host}", *more]
        if not any(line.startswith("Transfer-Encoding") for line in more):
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*head, "", ""]).encode() + body

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """The next answer: status, headers, document."""
        status = int(self._file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._file.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = self._file.read(int(headers.get("content-length", 0)))
        return status, headers, json.loads(body) if body else None

    def is_at_end(self) -> bool:
        return self._file.read(1) == b""


@contextmanager
def connected(api: Api) -> Iterator[Raw]:
    raw = Raw(api)
    with raw.socket:
        yield raw


def test_requests_that_come_at_once_are_answered_in_their_order(api: Api, agent: str) -> None:
    one, faulty = compact(event(agent)), compact(event(agent) | {"tokens_in": -1})
    batch = compact({"events": [event(agent), event(agent)]})
    with connected(api) as raw:
        get = raw.request(b"", "/api/health", method="GET")
        wanted = [201, 200, 201, 400, 201, 404, 201]
        raw.send(
            raw.request(one) + get + raw.request(batch, "/api/events/batch") + raw.request(faulty)
            + raw.request(one) + raw.request(b"{}", "/api/nothing") + raw.request(one)
        )  # fmt: skip
        answers = [raw.answer() for _ in wanted]
    assert [status for status, _, _ in answers] == wanted
    assert [len(answers[n][2]["ids"]) for n in (0, 2, 4, 6)] == [1, 2, 1, 1]
    assert "tokens_in" in str(answers[3][2])


@pytest.mark.parametrize("path", ["/api/events", "/api/events/batch"])
def test_a_body_may_come_byte_by_byte_or_in_chunks(api: Api, agent: str, path: str) -> None:
    one = event(agent)
    body = compact(one if path == "/api/events" else {"events": [one]})
    with connected(api) as raw:
        whole = raw.request(body, path)
        for place in range(0, len(whole), 7):
            raw.send(whole[place : place + 7])
        assert raw.answer()[0] == 201
        chunks = b"".join(
            b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:11], body[11:50], body[50:])
        )
        raw.send(raw.request(chunks + b"0\r\n\r\n", path, "Transfer-Encoding: chunked"))
        assert raw.answer()[0] == 201


def test_a_client_that_asks_whether_to_go_on_is_told_so(api: Api, agent: str) -> None:
    with connected(api) as raw:
        head, _, body = raw.request(
            compact(event(agent)), "/api/events", "Expect: 100-continue"
        ).partition(b"\r\n\r\n")
        raw.send(head + b"\r\n\r\n")
        assert raw.answer()[0] == 100
        raw.send(body)
        assert raw.answer()[0] == 201


@pytest.mark.parametrize(("version", "more"), [("1.0", ()), ("1.1", ("Connection: close",))])
def test_a_client_that_wants_one_answer_gets_it_and_the_end(
    api: Api, agent: str, version: str, more: tuple[str, ...]
) -> None:
    with connected(api) as raw:
        raw.send(raw.request(compact(event(agent)), "/api/events", *more, version=version))
        status, headers, document = raw.answer()
        assert (status, document["received"]) == (201, 1)
        assert headers["connection"] == "close"
        assert raw.is_at_end()


def test_answers_say_what_they_are(api: Api, agent: str) -> None:
    with connected(api) as raw:
        for body, wanted in ((compact(event(agent)), 201), (b"{", 400)):
            raw.send(raw.request(body))
            status, headers, _ = raw.answer()
            assert status == wanted
            assert headers["content-type"] == "application/json"
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert "date" in headers


def test_who_goes_away_in_the_middle_keeps_nobody_up(api: Api, agent: str) -> None:
    whole = compact({"events": [event(agent) for _ in range(50)]})
    for part in (10, len(whole) // 2, len(whole)):
        with connected(api) as raw:
            request = raw.request(whole, "/api/events/batch")
            raw.send(request[: len(request) - len(whole) + part])
    with connected(api) as raw:
        raw.send(raw.request(compact(event(agent))))
        assert raw.answer()[0] == 201
    # Only the one that was sent whole is stored, whether or not its sender waited.
    eventually(lambda: api.read("/api/events", agent_type=agent)["total"] == 51)


def test_many_clients_at_once_each_get_the_ids_of_their_own_events(api: Api, agent: str) -> None:
    found: dict[str, int] = {}

    def work(client: int) -> None:
        with connected(api) as raw:
            for number in range(20):
                ids = [unique() for _ in range(1 + (client + number) % 3)]
                events = [event(agent, event_id=event_id) for event_id in ids]
                raw.send(raw.request(compact({"events": events}), "/api/events/batch"))
                status, _, document = raw.answer()
                assert status == 201
                found.update(zip(ids, document["ids"], strict=True))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = api.rows(agent_type=agent, limit=10_000)
    assert {row["event_id"]: row["id"] for row in rows} == found
