"""Whole lines of a file from a given byte on, in bounded memory."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from agentmonitor.digest import blake2b

BLOCK = 1 << 18
"""Larger ones leave the cache of the processor before their lines are looked at."""
MAX_LINE = 16 << 20
"""A longer line is skipped and counted: no agent writes one. It is held three times over while it
is read, which is what bounds an import's memory."""
_SAMPLE = 256


class TooLong(msgspec.Struct, frozen=True):
    """Stands for a line, or a document, of more than ``limit`` bytes."""

    limit: int


def fingerprint(file: BinaryIO, offset: int) -> bytes:
    """Of the first bytes and those before ``offset``: it changes when the file is another one."""
    digest = blake2b(digest_size=12)
    for start in (0, max(0, offset - _SAMPLE)):
        file.seek(start)
        digest.update(file.read(min(_SAMPLE, offset - start)))
    return digest.digest()


class Lines:
    """Iterates over (line without its end, offset behind it). Empty lines are passed over.

    After the last whole line, ``rest`` holds what follows it without a line end.
    """

    def __init__(self, file: BinaryIO, offset: int) -> None:
        self._file = file
        self._offset = offset
        self.rest = b""

    def __iter__(self) -> Iterator[tuple[bytes | TooLong, int]]:
        """Read to the end of the file."""
        self._file.seek(self._offset)
        parts: list[bytes] = []
        held = 0
        skipping = False
        while block := self._file.read(BLOCK):
            lines = block.split(b"\n")
            for piece in lines[:-1]:
                line = b"".join((*parts, piece)) if parts else piece
                self._offset += held + len(piece) + 1
                parts, held = [], 0
                if skipping:
                    skipping = False
                    yield TooLong(MAX_LINE), self._offset
                elif line and not line.isspace():
                    yield line, self._offset
            last = lines[-1]
            held += len(last)
            if held > MAX_LINE:
                parts, skipping = [], True
            elif last:
                parts.append(last)
        self.rest = b"" if skipping else b"".join(parts)
