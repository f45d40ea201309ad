"""The hook and the status line, run as agents run them: by a shell, with the payload as input."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agentmonitor.connect.programs import Programs

PAYLOAD = b'{"session_id": "s", "text": "\xc3\xbc \\" $HOME `id`"}'


class Listener:
    """A server that notes what it gets, and answers once it may."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/hooks/some-agent"
        self.requests: list[tuple[str, bytes]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.got_one = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.may_answer.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            with link:
                self._one(link)

    def _one(self, link: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += link.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        while len(body) < int(headers["content-length"]):
            body += link.recv(65536)
        assert headers["content-type"] == "application/json"
        self.requests.append((lines[0], body))
        self.got_one.set()
        self.may_answer.wait()
        try:
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
        except OSError:
            return  # it did not wait


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    found = Programs(tmp_path / "a folder's")
    found.install()
    return found


def run(
    command: str, payload: bytes = PAYLOAD, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-c", command],
        input=payload,
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], **(env or {})},
    )


def nowhere() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/api/hooks/some-agent"


WAYS = [
    pytest.param(
        {}, id="curl", marks=pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
    ),
    pytest.param({"PATH": "/nonexistent"}, id="without curl"),
]


@pytest.mark.parametrize("env", WAYS)
def test_the_hook_sends_its_input_and_says_nothing(
    programs: Programs, listener: Listener, env: dict[str, str]
) -> None:
    done = run(programs.hook(listener.url), env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert listener.requests == [("POST /api/hooks/some-agent HTTP/1.1", PAYLOAD)]


@pytest.mark.parametrize("env", WAYS)
def test_the_hook_never_fails(programs: Programs, listener: Listener, env: dict[str, str]) -> None:
    listener.may_answer.clear()  # a server that hangs
    for url in (nowhere(), "http://[::1]:1/x", "http://name.invalid/x", "nonsense", listener.url):
        done = run(programs.hook(url), env=env)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), url


@pytest.mark.parametrize("env", WAYS)
def test_without_an_input_the_hook_does_not_wait(programs: Programs, env: dict[str, str]) -> None:
    hook = programs.hook(nowhere())
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec <&-; {hook}"],
        capture_output=True, check=False, timeout=60, env={"PATH": os.environ["PATH"], **env},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_large_input_arrives_whole(programs: Programs, listener: Listener) -> None:
    payload = json.dumps({"text": "x" * 5_000_000}).encode()
    assert run(programs.hook(listener.url), payload).returncode == 0
    assert listener.requests[0][1] == payload


def test_a_hook_whose_program_is_gone_does_not_stop_the_agent(programs: Programs) -> None:
    """Exit code 2 would refuse every tool call, and that is what sh and Python give."""
    programs.uninstall()
    assert not programs.folder.exists()
    assert run(programs.hook("http://127.0.0.1:1/x")).returncode == 0


def test_without_curl_and_python_nothing_is_sent_and_nothing_fails(
    programs: Programs, listener: Listener
) -> None:
    script = programs.folder / "hook"
    script.write_text(script.read_text().replace(sys.executable, "/nonexistent/python3"))
    assert run(programs.hook(listener.url), env={"PATH": "/nonexistent"}).returncode == 0
    assert listener.requests == []


def test_proxies_and_the_users_curl_settings_do_not_matter(
    programs: Programs, listener: Listener, tmp_path: Path
) -> None:
    (tmp_path / ".curlrc").write_text(f'output = "{tmp_path}/pwned"\nuser-agent = "x"\n')
    dead = nowhere()
    env = {"HOME": str(tmp_path), "http_proxy": dead, "ALL_PROXY": dead}
    assert run(programs.hook(listener.url), env=env).returncode == 0
    assert len(listener.requests) == 1
    assert not (tmp_path / "pwned").exists()


def test_the_status_line_prints_what_the_users_own_prints(
    programs: Programs, listener: Listener
) -> None:
    own = """cat; printf '%s' "it's \\"$0\\""; exit 3"""
    done = run(programs.statusline(listener.url, own))
    assert done.stdout == PAYLOAD + b"\n" + b'it\'s "sh"'
    assert done.returncode == 3
    assert listener.got_one.wait(30)
    assert listener.requests[0][1] == PAYLOAD


def test_the_status_line_does_not_wait_for_the_server(
    programs: Programs, listener: Listener
) -> None:
    listener.may_answer.clear()
    assert run(programs.statusline(listener.url, "echo mine")).stdout == b"mine\n"
    assert listener.got_one.wait(30)


def test_who_has_no_status_line_gets_one(programs: Programs, listener: Listener) -> None:
    payload = {
        "model": {"display_name": "Opus\x1b[31m"},
        "workspace": {"current_dir": "/home/me/shop/"},
        "context_window": {"used_percentage": 41.6},
        "cost": {"total_cost_usd": 1.239},
        "rate_limits": {"five_hour": {"used_percentage": 23.5}, "seven_day": None},
    }
    done = run(programs.statusline(listener.url, None), json.dumps(payload).encode())
    assert done.stdout == b"Opus[31m | shop | context 42% | $1.24 | 5h 24%\n"
    assert run(programs.statusline(listener.url, None), b"nonsense").stdout == b""
    assert listener.got_one.wait(30)


@pytest.mark.parametrize("own", [None, "~/.claude/line.sh --x 'a b'", 'echo "$(id)" | cat', "é\n"])
def test_the_users_command_can_be_read_back(programs: Programs, own: str | None) -> None:
    command = programs.statusline("http://127.0.0.1:1/x", own)
    assert programs.is_statusline(command)
    assert programs.own_statusline(command) == own
    assert not programs.is_statusline("echo hi")
    assert programs.own_statusline("echo 'hi") is None


def test_installing_again_repairs_what_was_changed(programs: Programs) -> None:
    hook = programs.folder / "hook"
    good = hook.read_text()
    hook.write_text("exit 2")
    hook.chmod(0o600)
    programs.install()
    assert hook.read_text() == good
    assert os.access(hook, os.X_OK)
