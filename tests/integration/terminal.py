"""A command in a terminal of its own: what it writes, its keys, its size."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping

PATIENCE_S = 30.0


class Terminal:
    """A context: `agentmonitor` with ``arguments`` runs in it."""

    def __init__(
        self, arguments: list[str], env: Mapping[str, str], columns: int = 100, lines: int = 24
    ) -> None:
        self._main, side = pty.openpty()
        self._output = b""
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self._main)
        # These would stand for the terminal's own size.
        env = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agentmonitor", *arguments],
            stdin=side,
            stdout=side,
            stderr=side,
            env={**env, "TERM": "xterm-256color", "PAGER": "cat"},
            start_new_session=True,
            # It is the terminal that turns Ctrl-C into a signal, for the processes it controls.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(side)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._main)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    def settings(self) -> list[object]:
        """What the terminal is set to now."""
        return list(termios.tcgetattr(self._main))

    @property
    def text(self) -> str:
        """All that was written so far."""
        return self._output.decode("utf-8", "replace")

    def until(self, reached: Callable[[str], bool]) -> str:
        """Read until that holds for what was written since the last call of ``forget``."""
        deadline = time.monotonic() + PATIENCE_S
        while not reached(self.text):
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"never reached; there was:\n{self.text}")
        return self.text

    def forget(self) -> None:
        self._output = b""

    def wait(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read():
            assert time.monotonic() < deadline, self.text
        return self.process.wait(PATIENCE_S)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._main], [], [], 1.0)
        if not ready:
            return True
        try:
            data = os.read(self._main, 65_536)
        except OSError:  # the other side is closed
            return False
        self._output += data
        return bool(data)
