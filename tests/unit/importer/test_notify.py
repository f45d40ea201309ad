"""What changes below the roots is told, also in folders that come later."""

import os
import select
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmonitor.importer.notify import Inotify, Poll

PATIENCE_S = 10


@pytest.fixture
def roots(tmp_path: Path) -> Iterator[tuple[Inotify, Path]]:
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    there = tmp_path / "there"
    (there / "deep/er").mkdir(parents=True)
    notifier = Inotify([there, tmp_path / "later/on"])
    yield notifier, tmp_path
    notifier.close()


def told(notifier: Inotify, path: Path) -> bool:
    """Whether a change of ``path`` is told in time."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        changed, _ = notifier.read()
        if str(path) in changed:
            return True
        time.sleep(0.01)
    return False


def test_a_file_that_comes_or_grows_is_told(roots: tuple[Inotify, Path]) -> None:
    notifier, folder = roots
    path = folder / "there/deep/er/a.jsonl"
    path.write_bytes(b"one\n")
    assert told(notifier, path)
    with path.open("ab") as file:
        file.write(b"two\n")
    assert told(notifier, path)


def test_files_in_a_folder_that_comes_later_are_told(roots: tuple[Inotify, Path]) -> None:
    notifier, folder = roots
    path = folder / "there/new/very/new/a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one\n")
    assert told(notifier, path)
    with path.open("ab") as file:
        file.write(b"two\n")
    assert told(notifier, path)


def test_a_root_that_comes_while_its_folder_is_not_watched_yet_is_watched(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    folders = [tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/root"]

    class Late(Inotify):
        """Somebody else is always a step ahead of the watch."""

        def _add(self, folder: str, *mask: int) -> bool:
            if folders:
                folders.pop(0).mkdir()
            return super()._add(folder, *mask)

    notifier = Late([tmp_path / "a/b/root"])
    try:
        assert not folders
        path = tmp_path / "a/b/root/a.jsonl"
        path.write_bytes(b"one\n")
        assert told(notifier, path)
    finally:
        notifier.close()


def test_files_beside_a_root_that_may_come_wake_nobody(roots: tuple[Inotify, Path]) -> None:
    notifier, folder = roots
    with (folder / "database").open("wb", buffering=0) as file:
        file.write(b"one")
        notifier.read()
        file.write(b"two")
        assert not select.select([notifier.fileno()], [], [], 0)[0]


def test_a_root_that_comes_later_is_watched_from_then_on(roots: tuple[Inotify, Path]) -> None:
    notifier, folder = roots
    (folder / "later").mkdir()
    notifier.read()
    (folder / "later/on").mkdir()
    path = folder / "later/on/a.jsonl"
    path.write_bytes(b"one\n")
    assert told(notifier, path)
    (folder / "unrelated.txt").write_bytes(b"x")
    time.sleep(0.05)
    assert notifier.read() == (set(), False)


@pytest.mark.parametrize("way", ["removed", "moved away"])
def test_a_root_that_goes_and_comes_again_is_watched(roots: tuple[Inotify, Path], way: str) -> None:
    notifier, folder = roots
    path = folder / "there/deep/a.jsonl"
    for turn in range(3):
        if way == "removed":
            shutil.rmtree(folder / "there")
        else:
            (folder / "there").rename(folder / f"before-{turn}")
        path.parent.mkdir(parents=True)
        path.write_bytes(b"one\n")
        assert told(notifier, path)
        with path.open("ab") as file:
            file.write(b"two\n")
        assert told(notifier, path)


def test_a_root_is_awaited_though_the_folder_above_goes_too(tmp_path: Path) -> None:
    (tmp_path / "home/agent/projects").mkdir(parents=True)
    notifier = Inotify([tmp_path / "home/agent/projects", tmp_path / "home/agent/more"])
    shutil.rmtree(tmp_path / "home/agent")
    notifier.read()
    for name in ("projects", "more"):
        path = tmp_path / "home/agent" / name / "a.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"one\n")
        assert told(notifier, path)
    notifier.close()


def test_a_file_moved_in_is_told(roots: tuple[Inotify, Path]) -> None:
    notifier, folder = roots
    (folder / "elsewhere").write_bytes(b"x")
    path = folder / "there/a.jsonl"
    (folder / "elsewhere").rename(path)
    assert told(notifier, path)


def test_looking_in_turns_finds_what_changed_and_what_came(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jsonl" for number in range(25)]
    for path in paths:
        path.write_bytes(b"one\n")
    poll = Poll(lambda: [str(path) for path in tmp_path.glob("*.jsonl")])
    paths.append(tmp_path / "new.jsonl")
    for path in (paths[3], paths[-1]):
        path.write_bytes(b"one\ntwo\n")
        os.utime(path, ns=(1, 1))
    found: set[str] = set()
    for _ in range(3 * Poll.TURNS):
        found |= poll.read()
    assert found == {str(paths[3]), str(paths[-1])}
    paths[3].write_bytes(b"")
    assert poll.read() == {str(paths[3])}  # what changed lately is looked at each time
