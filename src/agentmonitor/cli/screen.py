"""The whole terminal for a view that renews itself: entered, drawn, and given back.

Sources of the codes: ECMA-48 and xterm's control sequences (alternate screen 1049, cursor 25).
"""

import os
import re
import select
import signal
import sys
import termios
import tty
from types import FrameType
from typing import Any

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
HOME = "\x1b[H"
REST_OF_LINE = "\x1b[K"
KEYS = {
    "\x1b[A": "up", "\x1bOA": "up", "k": "up", "\x1b[B": "down", "\x1bOB": "down", "j": "down",
    "\x1b[5~": "page up", "\x1b[6~": "page down", "\x1b": "escape", "\x03": "q",
}  # fmt: skip

_KEY = re.compile(r"\x1b\[[0-9;]*[~A-Za-z]|\x1bO[A-Z]|.", re.DOTALL)
"""One key, also when several arrive at once."""


class Screen:
    """A context: inside it the terminal is ours. It is given back on every way out, and while
    the program is stopped (Ctrl-Z)."""

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._saved: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._woken, self._wake = os.pipe()
        self._before = -1
        self._typed: list[str] = []

    def __enter__(self) -> "Screen":
        # The interpreter runs a handler when it is back from ``select``, which a signal that comes
        # just before does not interrupt; the byte that it leaves here does.
        os.set_blocking(self._wake, False)
        self._before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number, handler in (
            (signal.SIGWINCH, self._resized),
            (signal.SIGTSTP, self._stopped),
            (signal.SIGTERM, self._ended),
            (signal.SIGHUP, self._ended),
        ):
            self._handlers[number] = signal.signal(number, handler)
        self._take()
        return self

    def __exit__(self, *error: object) -> None:
        self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before)
        os.close(self._woken)
        os.close(self._wake)

    def size(self) -> os.terminal_size:
        """Columns and lines as they are now."""
        try:
            size = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return os.terminal_size((80, 24))
        return os.terminal_size((max(size.columns, 20), max(size.lines, 4)))

    def draw(self, lines: list[str]) -> None:
        """Show ``lines`` in place of what is there; those beyond the screen are left out."""
        most = self.size().lines
        shown = [*lines, *[""] * most][:most]
        # Erased before and not after it is written: behind a full line stands its last character.
        text = f"\r\n{REST_OF_LINE}".join(shown)
        _write(f"{HOME}{REST_OF_LINE}{text}")

    def key(self, seconds: float) -> str | None:
        """A key that is pressed within that time; "" after a signal; None for none."""
        if self._typed:
            return self._typed.pop(0)
        ready, _, _ = select.select([self._input, self._woken], [], [], max(seconds, 0))
        if self._woken in ready:
            os.read(self._woken, 64)
            return ""
        if self._input in ready:
            data = os.read(self._input, 1024).decode("utf-8", "replace")
            # No input any more: the terminal is gone.
            self._typed = [KEYS.get(each, each) for each in _KEY.findall(data)] or ["q"]
            return self._typed.pop(0)
        return None

    def _take(self) -> None:
        self._saved = termios.tcgetattr(self._input)
        tty.setcbreak(self._input)
        _write(ENTER)

    def _give_back(self) -> None:
        if self._saved is not None:
            _write(LEAVE)
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._saved)
            self._saved = None

    def _resized(self, number: int, frame: FrameType | None) -> None:
        """The byte in the pipe is all that it takes."""

    def _stopped(self, number: int, frame: FrameType | None) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)  # goes on here with SIGCONT
        self._take()

    def _ended(self, number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)


def _write(text: str) -> None:
    """Past the buffer of ``sys.stdout``: a signal may come while it writes, and writes too."""
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]
