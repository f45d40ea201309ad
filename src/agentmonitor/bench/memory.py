"""The memory of a process, from outside."""

import contextlib
import os
import platform
import re
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

_LISTENS = "0A"
"""TCP_LISTEN in /proc/net/tcp (Linux: proc(5), include/net/tcp_states.h)."""


def memory_mib(pid: int) -> tuple[float, float]:
    """(resident now, highest) of a process in MiB; on macOS both are of now. Raises OSError."""
    if platform.system() == "Linux":
        status = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
        sizes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.MULTILINE))
        if "VmRSS" not in sizes:
            raise ProcessLookupError(f"The process {pid} has ended.")
        return int(sizes["VmRSS"]) / 1024, int(sizes["VmHWM"]) / 1024
    output = subprocess.run(  # noqa: S603 - a fixed command
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    if not output.strip():
        raise ProcessLookupError(f"The process {pid} has ended.")
    size = int(output.strip()) / 1024
    return size, size


def process_at(host: str, port: int) -> int | None:
    """The process of this machine that listens at ``port``; None where that cannot be told."""
    if platform.system() != "Linux":
        return None
    try:
        if not socket.gethostbyname(host).startswith("127."):
            return None
    except OSError:
        return None
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # another user's, or gone
            for file in (folder / "fd").iterdir():
                if os.readlink(file) in sockets:
                    return int(folder.name)
    return None


def _listening(port: int) -> set[str]:
    """The inodes of sockets that listen at ``port``. Format: proc(5), /proc/net/tcp."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):  # a kernel without IPv6
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS and int(words[1].rsplit(":", 1)[1], 16) == port:
                    found.add(words[9])
    return found


class MemoryWatch:
    """Samples memory in a thread of its own while the body of ``with`` runs."""

    INTERVAL_S = 0.1

    def __init__(self, sample: Callable[[], tuple[float, float]]) -> None:
        """``sample``: (now, highest) in MiB; it may raise OSError."""
        self._read = sample
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.highest_mib = 0.0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._sample()

    def _run(self) -> None:
        while not self._end.wait(self.INTERVAL_S):
            self._sample()

    def _sample(self) -> None:
        with contextlib.suppress(OSError):  # the server has just ended
            self.highest_mib = max(self.highest_mib, *self._read())
