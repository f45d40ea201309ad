"""What the commands print: tables, styles, amounts, JSON.

Colours and cutting to the width are for terminals; what goes into a file or a pipe is plain and
whole. ``NO_COLOR`` switches colours off.
"""

import shutil
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import click
import msgspec

from agentmonitor.cli.text import clean, clean_json, cut, pad, width
from agentmonitor.config import load_terminal
from agentmonitor.errors import ConfigError

CODES = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34",
    "magenta": "35", "cyan": "36", "reverse": "7",
}  # fmt: skip
"""Styles and the codes that switch them on (ECMA-48, SGR)."""
GAP = "  "
Cell: TypeAlias = "str | int | float | tuple[str, str] | None"
"""A text (with a style, if it is a pair); None is a dash."""


@cache
def is_terminal() -> bool:
    """Whether somebody reads the output on a screen."""
    return sys.stdout.isatty()


@cache
def has_colors() -> bool:
    """Whether the output may hold colours."""
    return is_terminal() and not load_terminal().plain


@cache
def columns() -> int:
    """How wide the terminal is; a file is as wide as it has to be."""
    return shutil.get_terminal_size((100, 30)).columns if is_terminal() else 1_000_000


def style(text: str, *names: str) -> str:
    """``text`` in the styles ``names``, where there are colours."""
    if not text or not names or not has_colors():
        return text
    codes = ";".join(CODES[name] for name in names)
    return f"\x1b[{codes}m{text}\x1b[0m"


def show_json(body: bytes | object) -> None:
    """Print an answer of the API (its body, or what it was decoded to) as indented JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    click.echo(clean_json(msgspec.json.format(raw, indent=2).decode("utf-8", "replace")))


def say(text: str = "", *names: str) -> None:
    """Print one line in the styles ``names``."""
    click.echo(style(text, *names), color=True)


def note(text: str) -> None:
    """A remark beside the result: to stderr, so that it is in nobody's file."""
    click.echo(text, err=True)


def claim(file: Path | None) -> None:
    """Find out before long work whether its result can be kept. Raises ConfigError."""
    if file is None:
        return
    try:
        with open(file, "ab"):
            return
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written ({error.strerror}). Name another file with --out."
        ) from error


def count(value: int) -> str:
    """A number with thousands separators."""
    return f"{value:,}"


def short(value: float) -> str:
    """A number in few characters: 950, 12.3k, 4.5M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit * 0.9995:
            return f"{value / limit:.{0 if value >= 99.95 * limit else 1}f}{unit}"
    return f"{value:.0f}"


def money(usd: float | None, unpriced: int = 0) -> str:
    """US dollars. ``unpriced``: how much of it has no known price: it is named, never 0."""
    if usd is None or (unpriced and not usd):
        return "unpriced"
    digits = 2 if abs(usd) >= 0.01 or not usd else 4
    return f"{'-' * (usd < 0)}${abs(usd):,.{digits}f}{'+' * bool(unpriced)}"


def duration(ms: float | None) -> str:
    """A length of time in its two largest units."""
    if ms is None:
        return "-"
    if ms < 1000:
        return f"{ms:.0f}ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f}s"
    minutes, seconds = divmod(int(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds:02}s"


class Column(msgspec.Struct, frozen=True):
    """One column of a table."""

    title: str
    right: bool = False
    """Numbers stand at the right."""
    flexible: bool = False
    """Is cut when the terminal is too narrow."""
    least: int = 8
    """To so many columns; beyond that others are left out."""
    optional: int = 0
    """Is left out when that is not enough: the highest number first; 0: never."""


class Row(msgspec.Struct):
    """One row; ``style`` is that of all its cells without one of their own."""

    cells: Sequence[Cell]
    style: str | None = None


class Table:
    """Rows under titles, as wide as the terminal allows. Texts are made harmless."""

    def __init__(self, *columns: Column) -> None:
        self._columns = columns
        self._rows: list[Row | None] = []

    def add(self, *cells: Cell, style: str | None = None) -> None:
        """Add a row, one cell for each column."""
        self._rows.append(Row(cells, style))

    def rule(self) -> None:
        """Add a line between rows."""
        self._rows.append(None)

    def __len__(self) -> int:
        return sum(row is not None for row in self._rows)

    def lines(self, most: int | None = None) -> Iterable[str]:
        """The table's lines, at most ``most`` columns wide (default: the terminal's width)."""
        texts = [None if row is None else [_text(cell) for cell in row.cells] for row in self._rows]
        widths = [
            max([width(column.title), *(width(row[index]) for row in texts if row is not None)])
            for index, column in enumerate(self._columns)
        ]
        shown = _fit(self._columns, widths, columns() if most is None else most)
        yield self._line([column.title for column in self._columns], widths, shown, ["bold"])
        for row, cells in zip(self._rows, texts, strict=True):
            if row is None or cells is None:
                yield style("─" * (sum(widths[i] + len(GAP) for i in shown) - len(GAP)), "dim")
                continue
            whole = row.style or ""
            styles = [cell[1] if isinstance(cell, tuple) else whole for cell in row.cells]
            yield self._line(cells, widths, shown, styles)

    def show(self) -> None:
        """Print it."""
        for line in self.lines():
            click.echo(line, color=True)

    def _line(
        self, cells: list[str], widths: list[int], shown: list[int], styles: Sequence[str]
    ) -> str:
        parts = []
        for place, index in enumerate(shown):
            text = cut(cells[index], widths[index])
            right = self._columns[index].right
            padded = text if place == len(shown) - 1 and not right else pad(
                text, widths[index], right=right
            )  # fmt: skip
            parts.append(style(padded, *styles[min(index, len(styles) - 1)].split()))
        return GAP.join(parts).rstrip()


def _text(cell: Cell) -> str:
    if isinstance(cell, tuple):
        cell = cell[0]
    if cell is None:
        return "-"
    return count(cell) if isinstance(cell, int) else clean(str(cell))


def _fit(table: Sequence[Column], widths: list[int], most: int) -> list[int]:
    """Which columns are shown; ``widths`` of flexible ones are lowered until all fit."""
    shown = list(range(len(table)))
    while True:
        over = sum(widths[i] + len(GAP) for i in shown) - len(GAP) - most
        spare = [i for i in shown if table[i].optional]
        # With nothing left to leave out, even little of a text is better than a broken line.
        least = {i: table[i].least if spare else 1 for i in shown if table[i].flexible}
        slack = {i: widths[i] - few for i, few in least.items() if widths[i] > few}
        if over <= 0 or not spare or sum(slack.values()) >= over:
            _lower(widths, slack, over)
            return shown
        shown.remove(max(spare, key=lambda i: table[i].optional))


def _lower(widths: list[int], slack: dict[int, int], over: int) -> None:
    """Take ``over`` columns away, each from where most is left."""
    for _ in range(min(over, sum(slack.values()))):
        widest = max(slack, key=lambda i: slack[i])
        widths[widest] -= 1
        slack[widest] -= 1
