"""Tables, amounts, and whose terminal they are for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.cli import output
from agentmonitor.cli.output import Column, Table, duration, money, short, style
from agentmonitor.cli.text import width
from agentmonitor.errors import ConfigError

NAMES = st.text(st.sampled_from("abc 日本😀\x1b\n"), max_size=40)


def table() -> Table:
    return Table(
        Column("name", flexible=True),
        Column("note", flexible=True, least=4, optional=1),
        Column("count", right=True),
    )


@given(st.lists(st.tuples(NAMES, NAMES, st.integers(0, 10**12)), max_size=5), st.integers(30, 90))
def test_a_table_fits_the_terminal(rows: list[tuple[str, str, int]], most: int) -> None:
    made = table()
    for row in rows:
        made.add(*row)
    lines = list(made.lines(most))
    assert len(lines) == len(rows) + 1
    assert all(width(line) <= most for line in lines)
    assert not any("\x1b" in line or "\n" in line for line in lines)


@given(st.lists(st.tuples(NAMES, NAMES, st.integers(0, 10**12)), min_size=1, max_size=5))
def test_numbers_stand_at_the_right_with_separators(rows: list[tuple[str, str, int]]) -> None:
    made = table()
    for row in rows:
        made.add(*row)
    head, *lines = made.lines(1000)
    assert len({width(line) for line in [head, *lines]}) == 1
    for line, (_, _, number) in zip(lines, rows, strict=True):
        assert line.endswith(f" {number:,}")


def test_a_narrow_table_leaves_out_what_matters_least() -> None:
    made = table()
    made.add("a name that is long", "a note that is long", 1)
    assert "note" in next(iter(made.lines(40)))
    titles, row = made.lines(18)
    assert titles.split() == ["name", "count"]
    assert row == "a name tha…      1"


def test_nothing_is_cut_where_nobody_looks() -> None:
    made = table()
    made.add("x" * 500, "y" * 500, 1)
    assert "x" * 500 in "".join(made.lines())


@pytest.mark.parametrize(
    ("usd", "unpriced", "told"),
    [
        (None, 0, "unpriced"),
        (0.0, 3, "unpriced"),
        (0.0, 0, "$0.00"),
        (1234.5, 0, "$1,234.50"),
        (1.5, 1, "$1.50+"),
        (0.0004, 0, "$0.0004"),
        (-2.0, 0, "-$2.00"),
    ],
)
def test_an_unknown_price_is_never_0(usd: float | None, unpriced: int, told: str) -> None:
    assert money(usd, unpriced) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (999, "999"), (1000, "1.0k"), (12_340, "12.3k"), (999_999, "1.0M"),
     (250_000, "250k"), (4_560_000_000, "4.6G")],
)  # fmt: skip
def test_short_numbers(value: int, told: str) -> None:
    assert short(value) == told


@pytest.mark.parametrize(
    ("ms", "told"),
    [(None, "-"), (12, "12ms"), (1500, "1.5s"), (61_000, "1m01s"), (3_660_000, "1h01m"),
     (90_000_000, "1d01h")],
)  # fmt: skip
def test_durations(ms: float | None, told: str) -> None:
    assert duration(ms) == told


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    for shown, no_color, term, colored in (
        (True, None, "xterm", True),
        (True, "1", "xterm", False),
        (True, "", "xterm", True),
        (True, None, "dumb", False),
        (False, None, "xterm", False),
    ):
        for known in (output.is_terminal, output.has_colors):
            known.cache_clear()
        monkeypatch.setattr("sys.stdout.isatty", lambda shown=shown: shown, raising=False)
        monkeypatch.setenv("TERM", term)
        if no_color is None:
            monkeypatch.delenv("NO_COLOR", raising=False)
        else:
            monkeypatch.setenv("NO_COLOR", no_color)
        assert (style("x", "red") != "x") is colored
    for known in (output.is_terminal, output.has_colors):
        known.cache_clear()


def test_a_result_that_cannot_be_kept_is_told_before_the_work(tmp_path: Path) -> None:
    output.claim(None)
    output.claim(tmp_path / "a.json")
    kept = tmp_path / "b.json"
    kept.write_text("of an earlier run")
    output.claim(kept)
    assert kept.read_text() == "of an earlier run"
    with pytest.raises(ConfigError, match="--out"):
        output.claim(tmp_path / "nowhere" / "a.json")
