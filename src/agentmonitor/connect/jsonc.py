"""JSON with comments and trailing commas, parsed with the place of everything in the text.

What is accepted is JSON as RFC 8259 has it, plus ``//`` and ``/* */`` comments and one comma before
a closing bracket: what editors and agents call JSONC. Of keys that repeat the last one counts.
"""

import json
import re
from typing import Any

from agentmonitor.errors import InvalidInput

MAX_DEPTH = 200
_TRIVIA = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_WORD = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")


class Node:
    """A value; ``text[start:end]`` is all of it."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.children: list[Child] = []
        self.is_object = False
        self.is_array = False
        self.value: Any = None

    def data(self) -> Any:
        """The value as plain data."""
        if self.is_object:
            return {child.key: child.node.data() for child in self.children}
        if self.is_array:
            return [child.node.data() for child in self.children]
        return self.value

    def member(self, key: str) -> "Child | None":
        """The member of that name that counts."""
        return next((c for c in reversed(self.children) if self.is_object and c.key == key), None)


class Child:
    """A member of an object or an element of an array."""

    def __init__(self, start: int, key: str | None, node: Node) -> None:
        self.start = start
        """Where its key or, in an array, its value begins."""
        self.key = key
        self.node = node
        self.comma: int | None = None
        """The comma after it."""


def parse(text: str) -> Node:
    """The value that ``text`` holds. Raises InvalidInput that names the line and what is wrong."""
    parser = _Parser(text)
    node = parser.value(parser.skip(0), 0)
    end = parser.skip(node.end)
    if end != len(text):
        raise parser.fault(end, "there is more after the end")
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text

    def fault(self, at: int, message: str) -> InvalidInput:
        line = self.text.count("\n", 0, at) + 1
        return InvalidInput(f"line {line}: {message}")

    def skip(self, at: int) -> int:
        """Past spaces and comments."""
        found = _TRIVIA.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.fault(at, f"values are nested more than {MAX_DEPTH} deep")
        first = self.text[at : at + 1]
        node = Node(at)
        if first in ("{", "["):
            self._fill(node, first, depth)
        elif first == '"':
            node.value, node.end = self.string(at)
        else:
            word = _WORD.match(self.text, at)
            if word is None:
                what = "the end" if not first else f"{first!r}"
                raise self.fault(at, f"a value is expected, not {what}")
            node.value, node.end = json.loads(word[0]), word.end()
        return node

    def string(self, at: int) -> tuple[str, int]:
        found = _STRING.match(self.text, at)
        if found is None:
            raise self.fault(at, "a text has no end")
        try:
            return json.loads(found[0]), found.end()
        except ValueError as error:
            raise self.fault(at, "a text has an unknown escape") from error

    def _fill(self, node: Node, opening: str, depth: int) -> None:
        node.is_object, node.is_array = opening == "{", opening == "["
        closing = "}" if node.is_object else "]"
        at = self.skip(node.start + 1)
        while self.text[at : at + 1] != closing:
            if node.children and node.children[-1].comma is None:
                raise self.fault(at, f"a comma or {closing} is expected")
            child = self._child(node, at, depth)
            node.children.append(child)
            at = self.skip(child.node.end)
            if self.text[at : at + 1] == ",":
                child.comma = at
                at = self.skip(at + 1)
        node.end = at + 1

    def _child(self, node: Node, at: int, depth: int) -> Child:
        if node.is_array:
            return Child(at, None, self.value(at, depth + 1))
        if self.text[at : at + 1] != '"':
            raise self.fault(at, "a key in double quotes is expected")
        key, end = self.string(at)
        colon = self.skip(end)
        if self.text[colon : colon + 1] != ":":
            raise self.fault(colon, "a colon is expected")
        return Child(at, key, self.value(self.skip(colon + 1), depth + 1))
