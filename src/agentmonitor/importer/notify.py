"""Which files below some folders change: told by the kernel on Linux (inotify), else by looking.

The kernel costs nothing as long as nothing happens; libraries for this bring a second event loop
and several megabytes.
"""

import ctypes
import logging
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

_MODIFY, _MOVED_TO, _CREATE, _CLOSE_WRITE, _MOVE_SELF = 0x2, 0x80, 0x100, 0x8, 0x800
_ONLYDIR, _DONT_FOLLOW = 0x01000000, 0x02000000
_MASK_ADD = 0x20000000
_FOLDER = _MOVED_TO | _CREATE | _ONLYDIR | _DONT_FOLLOW | _MASK_ADD
"""For a folder in which a root may come to be: what others write to its files is not asked for."""
_MASK = _FOLDER | _MODIFY | _CLOSE_WRITE | _MOVE_SELF
_ISDIR, _IGNORED, _OVERFLOW = 0x40000000, 0x8000, 0x4000
_HEAD = struct.Struct("iIII")
MAX_DEPTH = 8
"""Folders below a root at most: no agent nests deeper."""


class Inotify:
    """Linux's inotify. ``fileno`` is readable when something happened."""

    def __init__(self, roots: Iterable[Path]) -> None:
        """Watch ``roots`` and all below. Raises OSError when the kernel does not serve."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "inotify is not there")
        self._roots: set[str] = set()
        self._folders: dict[int, str] = {}
        self._awaited: dict[str, set[str]] = {}
        """By the nearest folder that exists: the roots that may come to be below it."""
        for root in roots:
            self._watch_root(str(root))

    def fileno(self) -> int:
        """For the event loop."""
        return int(self._file)

    def close(self) -> None:
        """Stop watching."""
        os.close(self._file)

    def read(self) -> tuple[set[str], bool]:
        """Paths of files that changed or came; and whether something was missed."""
        changed: set[str] = set()
        missed = False
        while True:
            try:
                data = os.read(self._file, 65536)
            except BlockingIOError:
                return changed, missed
            at = 0
            while at < len(data):
                number, mask, _, length = _HEAD.unpack_from(data, at)
                name = data[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
                at += _HEAD.size + length
                missed |= bool(mask & _OVERFLOW)
                self._take(number, mask, os.fsdecode(name), changed)

    def _take(self, number: int, mask: int, name: str, changed: set[str]) -> None:
        if mask & _IGNORED:
            self._lost(self._folders.pop(number, ""), changed)
            return
        folder = self._folders.get(number)
        if mask & _MOVE_SELF and folder in self._roots:
            self._libc.inotify_rm_watch(self._file, number)
        if folder is None or not name:
            return
        path = f"{folder}/{name}"
        for root in list(self._awaited.get(folder, ())):
            if path == root or root.startswith(f"{path}/"):
                self._awaited[folder].discard(root)
                self._watch_root(root)
                changed.update(_files_below(root))
        if not any(path.startswith(f"{root}/") for root in self._roots):
            return
        if mask & _ISDIR:
            self._watch_all(path)
            # What was written before the watch stood is not told.
            changed.update(_files_below(path))
        else:
            changed.add(path)

    def _lost(self, folder: str, changed: set[str]) -> None:
        """``folder`` is gone. Another one may come in its place, or have come already."""
        roots = self._awaited.pop(folder, set())
        if folder in self._roots:
            self._roots.discard(folder)
            roots.add(folder)
        for root in roots:
            self._watch_root(root)
            changed.update(_files_below(root))

    def _watch_root(self, root: str) -> None:
        """Watch ``root``; as long as it is not there, the nearest folder above."""
        while (above := _nearest(root)) != root:
            self._awaited.setdefault(above, set()).add(root)
            self._add(above, _FOLDER)
            # What came before the watch stood is not told.
            if _nearest(root) == above:
                return
            self._awaited[above].discard(root)
        self._roots.add(root)
        self._watch_all(root)

    def _watch_all(self, folder: str, depth: int = 0) -> None:
        if not self._add(folder) or depth >= MAX_DEPTH:
            return
        try:
            with os.scandir(folder) as entries:
                below = [e.path for e in entries if e.is_dir(follow_symlinks=False)]
        except OSError as error:
            log.debug("%s cannot be watched: %s", folder, error)
            return
        for path in below:
            self._watch_all(path, depth + 1)

    def _add(self, folder: str, mask: int = _MASK) -> bool:
        number = self._libc.inotify_add_watch(self._file, os.fsencode(folder), mask)
        if number < 0:
            code = ctypes.get_errno()
            log.debug("%s cannot be watched: %s", folder, os.strerror(code))
            return False
        self._folders[number] = folder
        return True


def _nearest(path: str) -> str:
    """``path`` when it is a folder, else the nearest one above."""
    while not os.path.isdir(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _files_below(folder: str) -> Iterable[str]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield f"{place}/{name}"


class Poll:
    """Looks at files by turns: those that changed lately each time, the others now and then."""

    TURNS = 10

    def __init__(self, files: Callable[[], Iterable[str]]) -> None:
        """``files``: finds all that there are."""
        self._find = files
        self._known: dict[str, tuple[int, int]] = {path: _look(path) for path in files()}
        self._lively: set[str] = set()
        self._turn = 0

    def read(self) -> set[str]:
        """Paths of files that changed or came since the call before."""
        self._turn = (self._turn + 1) % self.TURNS
        if self._turn == 0:
            for path in self._find():
                self._known.setdefault(path, (0, 0))
        due = list(self._known)[self._turn :: self.TURNS]
        changed = set()
        for path in {*due, *self._lively}:
            seen = _look(path)
            if seen != self._known[path]:
                self._known[path] = seen
                changed.add(path)
        self._lively = set(list(self._lively | changed)[-50:])
        return changed


def _look(path: str) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return (0, 0)
    return (stat.st_size, stat.st_mtime_ns)
