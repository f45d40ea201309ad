"""Playing to what is no AgentMonitor ends with one line that says what to do."""

from __future__ import annotations

import socket
import threading

import pytest

from agentmonitor.demo.player import DemoFailed, Player
from agentmonitor.demo.story import story


def played(answer: bytes) -> str:
    """What is said when a server gives ``answer``."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                link.recv(65_536)
                link.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(DemoFailed) as caught, Player(url) as player:
            player.send(story(1)[0])
        thread.join()
    return str(caught.value)


def test_a_page_of_another_server_is_not_repeated() -> None:
    page = b"<!DOCTYPE HTML>\n<html>\n</html>"
    head = b"HTTP/1.1 501 No\r\nContent-Length: %d\r\n\r\n" % len(page)
    said = played(head + page)
    assert said.endswith("answered 501; is that an AgentMonitor?")


def test_what_a_server_of_ours_says_is_shown() -> None:
    body = b'{"error": "It is full."}'
    head = b"HTTP/1.1 503 No\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert played(head + body).endswith("answered 503: It is full.")


def test_what_speaks_no_http_is_no_server() -> None:
    assert "agentmonitor serve" in played(b"SSH-2.0-OpenSSH_9.9\r\n")
