"""One server for one database."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentmonitor.errors import DatabaseInUse, StorageFull
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.storage.sqlite.lock import DatabaseLock

HOLD = """
import sys
from pathlib import Path
from agentmonitor.storage.sqlite.lock import DatabaseLock
lock = DatabaseLock(Path(sys.argv[1]))
lock.acquire()
lock.announce("http://127.0.0.1:4711/")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first = DatabaseLock(path)
    first.acquire()
    with pytest.raises(DatabaseInUse, match=f"in use by process {os.getpid()} \\(since"):
        DatabaseLock(path).acquire()
    first.announce("http://127.0.0.1:3141/")
    with pytest.raises(DatabaseInUse) as caught:
        DatabaseLock(path).acquire()
    told = str(caught.value)
    assert str(path) in told
    assert f"process {os.getpid()} at http://127.0.0.1:3141/" in told
    first.release()
    first.release()
    second = DatabaseLock(path)
    second.acquire()
    second.release()


def test_what_a_killed_holder_leaves_behind_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatabaseInUse, match=f"process {holder.pid} at http://127.0.0.1:4711/"):
            DatabaseLock(path).acquire()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert "4711" in (tmp_path / "a.db.lock").read_text()
    lock = DatabaseLock(path)
    lock.acquire()
    assert "4711" not in (tmp_path / "a.db.lock").read_text()
    lock.release()


def test_a_file_that_names_nobody_is_still_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    lock = DatabaseLock(path)
    lock.acquire()
    (tmp_path / "a.db.lock").write_text("{half a")
    with pytest.raises(DatabaseInUse, match="another process"):
        DatabaseLock(path).acquire()
    lock.release()


def test_another_name_of_the_same_file_is_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "real.db").touch()
    (tmp_path / "link.db").symlink_to("real.db")
    lock = DatabaseLock(tmp_path / "real.db")
    lock.acquire()
    with pytest.raises(DatabaseInUse):
        DatabaseLock(tmp_path / "link.db").acquire()
    lock.release()


def test_a_refused_engine_takes_nothing_and_can_be_opened_later(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first, second = SqliteEngine(path), SqliteEngine(path)
    first.open()
    with pytest.raises(DatabaseInUse):
        second.open()
    second.close()
    assert first.last_event_id() == 0
    first.close()
    second.open()
    second.close()


def test_a_full_disk_is_told_and_the_lock_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.db"
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(StorageFull, match="No space left"):
            DatabaseLock(path).acquire()
    lock = DatabaseLock(path)
    lock.acquire()
    lock.release()
