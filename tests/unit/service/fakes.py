"""Programs that stand in for systemctl and launchctl: they note what they were asked."""

import os
from pathlib import Path

_SCRIPT = """#!/bin/sh
printf '%s\\n' "$*" >> '{log}'
case "$*" in
{cases}
esac
"""


class Fake:
    """A program of that name in a folder for PATH."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._log = folder / f"{name}.log"
        self._path = folder / name
        self.answer()

    def answer(self, **cases: str) -> None:
        """What it does when its arguments contain a word: shell code by word."""
        lines = "\n".join(f"*{word}*) {code} ;;" for word, code in cases.items())
        self._path.write_text(_SCRIPT.format(log=self._log, cases=lines))
        self._path.chmod(0o755)

    def calls(self) -> list[str]:
        """How it was called since the last time that this was asked."""
        found = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return found

    @property
    def path(self) -> str:
        """A PATH on which it comes first."""
        return f"{self.folder}{os.pathsep}/usr/bin{os.pathsep}/bin"
