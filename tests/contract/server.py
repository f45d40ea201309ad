"""A server process of the suite's own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

READY = re.compile(r"http://127\.0\.0\.1:(\d+)/")
START_SECONDS = 60.0
STOP_SECONDS = 30.0


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without its AgentMonitor settings and with every home moved."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AGENTMONITOR_")}
    homes = {
        "HOME": folder,
        "XDG_CONFIG_HOME": folder / "config",
        "XDG_DATA_HOME": folder / "data",
        "XDG_CACHE_HOME": folder / "cache",
        "XDG_STATE_HOME": folder / "state",
        "CLAUDE_CONFIG_DIR": folder / "claude",
        "CODEX_HOME": folder / "codex",
        "AGENTMONITOR_DB_PATH": folder / "contract.db",
    }
    return {
        **kept,
        **{name: str(path) for name, path in homes.items()},
        "AGENTMONITOR_AUTO_IMPORT_MINUTES": "0",
        **settings,
    }


class Server:
    """`agentmonitor serve` in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        arguments: Sequence[str] = ("--port", "0"),
    ) -> None:
        self._log = folder / "server.log"
        self._start = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "agentmonitor", "serve", *arguments],
                cwd=folder,
                env=environment(folder, settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        """What this process has printed, both streams."""
        return self._log.read_bytes()[self._start :].decode(errors="replace")

    def address(self) -> str:
        """The address it prints once it is ready."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            found = READY.search(self.output())
            if found:
                return found.group(0)
            code = self._process.poll()
            if code is not None:
                raise RuntimeError(f"the server ended with {code}:\n{self.output()}")
            if time.monotonic() >= deadline:
                self.kill()
                raise RuntimeError(f"the server printed no address:\n{self.output()}")
            time.sleep(0.02)

    def wait(self) -> int:
        """The exit code, once it has ended by itself."""
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise RuntimeError(f"the server did not end:\n{self.output()}") from late

    def stop(self) -> int:
        """Ask it to stop with SIGTERM; its exit code."""
        self._process.send_signal(signal.SIGTERM)  # does nothing where it has ended already
        return self.wait()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
