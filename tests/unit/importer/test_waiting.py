"""Session files on disk, and those that an import would read."""

import os
import time
from pathlib import Path

import pytest

from agentmonitor.importer import waiting
from agentmonitor.importer.importer import look
from agentmonitor.importer.waiting import look_on_disk
from agentmonitor.model.mark import FileRead
from agentmonitor.paths import Folders
from tests.unit.importer.notes import NOTES, line

LATER = time.monotonic() + 3600


def written(home: Path, name: str, count: int) -> Path:
    folder = home / "notes"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(b"".join(line(n) for n in range(count)))
    return path


def read(*paths: Path) -> dict[str, FileRead]:
    """What is stored of files that were read to their end."""
    found = {}
    for path in paths:
        size, mtime_ns, inode = look(path)
        found[str(path)] = FileRead(size, mtime_ns, inode, size)
    return found


def test_a_file_is_new_until_it_is_imported(tmp_path: Path) -> None:
    one, two = written(tmp_path, "one.jsonl", 3), written(tmp_path, "two.jsonl", 5)
    os.utime(one, (1_700_000_000, 1_700_000_000))
    os.utime(two, (1_600_000_000, 1_600_000_000))
    both = one.stat().st_size + two.stat().st_size
    fresh = look_on_disk(NOTES, Folders(tmp_path), {}, LATER)
    assert (fresh.files, fresh.bytes, fresh.new_files, fresh.new_bytes) == (2, both, 2, both)
    assert fresh.newest_at == 1_700_000_000_000
    assert fresh.complete
    assert [Path(each) for each in fresh.folders] == NOTES.roots(Folders(tmp_path))
    after = look_on_disk(NOTES, Folders(tmp_path), read(one), LATER)
    assert (after.new_files, after.new_bytes) == (1, two.stat().st_size)
    done = look_on_disk(NOTES, Folders(tmp_path), read(one, two), LATER)
    assert (done.files, done.new_files, done.new_bytes) == (2, 0, 0)


def test_of_a_file_that_grew_only_the_rest_is_new(tmp_path: Path) -> None:
    path = written(tmp_path, "one.jsonl", 3)
    known = read(path)
    with path.open("ab") as file:
        file.write(line(9))
    found = look_on_disk(NOTES, Folders(tmp_path), known, LATER)
    assert (found.new_files, found.new_bytes) == (1, len(line(9)))


def test_a_file_that_was_replaced_is_new_as_a_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "one.jsonl", 3)
    known = read(path)
    other = written(tmp_path, "other", 7)
    other.replace(path)
    found = look_on_disk(NOTES, Folders(tmp_path), known, LATER)
    assert (found.new_files, found.new_bytes) == (1, path.stat().st_size)


def test_nothing_on_disk_is_said_as_such(tmp_path: Path) -> None:
    found = look_on_disk(NOTES, Folders(tmp_path), {}, LATER)
    assert (found.files, found.newest_at, found.complete) == (0, None, True)


def test_a_look_that_takes_too_long_or_finds_too_much_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one.jsonl", "two.jsonl"):
        written(tmp_path, name, 1)
    assert not look_on_disk(NOTES, Folders(tmp_path), {}, time.monotonic() - 1).complete
    monkeypatch.setattr(waiting, "MAX_FILES", 1)
    found = look_on_disk(NOTES, Folders(tmp_path), {}, LATER)
    assert (found.files, found.complete) == (1, False)
    monkeypatch.setattr(waiting, "MAX_FILES", 2)
    assert look_on_disk(NOTES, Folders(tmp_path), {}, LATER).complete
