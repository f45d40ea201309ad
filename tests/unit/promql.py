"""As much of PromQL as it takes to know which metrics and labels a query names."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""\s+ | (?P<text>"(?:\\.|[^"\\])*") | (?P<range>\[[^\]]*\]) | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*) | (?P<operator>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){},])""",
    re.VERBOSE,
)
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = {"and", "or", "unless", "bool", "offset"}


@dataclass
class Selector:
    """A metric as a query asks for it."""

    metric: str
    matchers: list[tuple[str, str, str]] = field(default_factory=list)
    """(label, operator, value)"""
    ranged: bool = False
    function: str = ""
    """What is applied to it."""


@dataclass
class Query:
    """What a query names."""

    selectors: list[Selector] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)
    """Labels of by, on and the like."""


def tokens(expression: str) -> list[tuple[str, str]]:
    """(kind, text) of each token. Raises ValueError at what is none."""
    found, position = [], 0
    while position < len(expression):
        match = TOKEN.match(expression, position)
        if match is None:
            raise ValueError(f"no PromQL at {expression[position:]!r}")
        if match.lastgroup:
            found.append((match.lastgroup, match.group()))
        position = match.end()
    return found


def parse(expression: str) -> Query:
    """The metrics and labels in ``expression``. Raises ValueError where it is no PromQL."""
    return _Parser([*tokens(expression), ("end", ""), ("end", "")]).run()


class _Parser:
    def __init__(self, found: list[tuple[str, str]]) -> None:
        self._found = found
        self._at = 0
        self._query = Query()
        self._open: list[str] = []
        """What each open bracket belongs to."""

    def run(self) -> Query:
        while self._found[self._at][0] != "end":
            kind, text = self._next()
            if kind == "name" and text in GROUPING:
                self._labels()
            elif kind == "name" and text not in WORDS:
                self._name(text)
            elif text == "(":
                self._open.append("")
            elif text == ")":
                if not self._open:
                    raise ValueError("a bracket too many")
                self._open.pop()
            elif kind in ("range", "text") or text in ("{", "}"):
                raise ValueError(f"{text} stands alone")
        if self._open:
            raise ValueError("a bracket is open")
        return self._query

    def _next(self, *expected: str) -> tuple[str, str]:
        token = self._found[self._at]
        if expected and token[1] not in expected:
            raise ValueError(f"{token[1]!r} where {' or '.join(expected)} is due")
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._found[self._at][1]

    def _name(self, name: str) -> None:
        """A function, an aggregation or a metric."""
        if self._peek() in ("by", "without"):
            self._next()
            self._labels()
            self._next("(")
            self._open.append(name)
        elif self._peek() == "(":
            self._next()
            self._open.append(name)
        else:
            self._selector(Selector(name, function=self._open[-1] if self._open else ""))

    def _labels(self) -> None:
        self._next("(")
        while self._peek() != ")":
            kind, label = self._next()
            if kind != "name":
                raise ValueError(f"{label!r} is no label")
            self._query.grouped.add(label)
            if self._peek() != ")":
                self._next(",")
        self._next(")")

    def _selector(self, selector: Selector) -> None:
        self._query.selectors.append(selector)
        if self._peek() == "{":
            self._next()
            while self._peek() != "}":
                _, label = self._next()
                _, operator = self._next("=", "!=", "=~", "!~")
                kind, value = self._next()
                if kind != "text":
                    raise ValueError(f"{value!r} is no text")
                selector.matchers.append((label, operator, value[1:-1]))
                if self._peek() != "}":
                    self._next(",")
            self._next("}")
        if self._found[self._at][0] == "range":
            self._next()
            selector.ranged = True
