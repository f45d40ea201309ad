"""A process that indexes while another one imports.

An import keeps one core busy, and to index takes a quarter of it. Both only read and write files,
so on a machine with more cores a second process spares that time. At its end it says how far it has
seen to the marks of changed events: to drop them is a matter of the process that writes events.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentmonitor.command import module_command
from agentmonitor.storage.sqlite.search_indexer import Forget, Indexer, Pace

log = logging.getLogger(__name__)

AFTER_S = 0.5
"""A short import is over before a process has come to work."""
_PAUSE_S = 0.1
"""When all is indexed: until the next look."""


@contextmanager
def index_meanwhile(database: Path, forget: Forget, after_s: float = AFTER_S) -> Iterator[None]:
    """Index the words of ``database`` in another process, from ``after_s`` seconds on and as far
    as it comes; what it has seen to, ``forget`` hears. Without one that can be started, or when it
    fails, that is not done, which loses nothing."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        try:
            # What it would say of a failure, the one who completes the index says again.
            started.append(
                subprocess.Popen(  # noqa: S603 - the words are ours, and no shell reads them
                    module_command(__name__, str(database)), stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
        except OSError:
            log.debug("No process can be started beside this one", exc_info=True)

    timer = threading.Timer(after_s, start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for process in started:
            told, _ = process.communicate()  # which closes the pipe that it listens at
            if told.isdigit():
                forget(int(told))


def main() -> None:
    """Index the database that the command names, until standard input ends; then print the last
    mark that was seen to."""
    # Ctrl-C is for the process that imports, which ends this one when it has ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = threading.Event()

    def listen() -> None:
        # Not by sys.stdin: a thread that waits there when the program ends makes it crash.
        while os.read(0, 1024):
            pass
        ended.set()

    threading.Thread(target=listen, name="listener", daemon=True).start()
    indexer = Indexer(Path(sys.argv[1]), None, lambda: 0)
    while not ended.is_set() and indexer.problem is None:
        indexer.catch_up(Pace(lambda done, of_all: None, ended))
        ended.wait(_PAUSE_S)
    indexer.stop()
    sys.stdout.write(str(indexer.passed))


if __name__ == "__main__":
    main()
