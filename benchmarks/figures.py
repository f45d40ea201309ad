"""Figures and their goals."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``goal`` None: it is told, not judged."""

    workload: str
    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    """Whether the goal is a lower bound; else it is an upper one."""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(slots=True)
class Outcome:
    """What a workload gives back: figures for the table, details for the stored result."""

    figures: list[Figure] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)


def table(figures: Sequence[Figure]) -> str:
    """The figures as text, a line each."""
    lines = [("workload", "figure", "measured", "unit", "goal", "")]
    for figure in figures:
        goal = ""
        if figure.goal is not None:
            goal = f"{'>=' if figure.at_least else '<='} {number(figure.goal)}"
        verdict = {True: "met", False: "NOT MET", None: ""}[figure.met]
        lines.append(
            (figure.workload, figure.name, number(figure.value), figure.unit, goal, verdict)
        )
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    result = []
    for line in lines:
        cells = [text.ljust(width) for text, width in zip(line, widths, strict=True)]
        cells[2] = line[2].rjust(widths[2])
        result.append("  ".join(cells).rstrip())
    result.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(result)


def number(value: float) -> str:
    """``value`` with as many places as make sense."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    size = abs(value)
    places = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 3
    return f"{value:,.{places}f}"
