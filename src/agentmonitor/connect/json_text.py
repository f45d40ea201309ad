"""Changing a JSON text in place: all that is not changed stays as it was written."""

import json
import re
from typing import Any

from agentmonitor.connect.jsonc import Child, Node, parse

_INDENT = re.compile(r"[ \t]*")
_SHORT = 80
_SAME_LINE = re.compile(r"(?:[ \t]+|/\*[^\r\n]*?\*/)*(?://[^\r\n]*)?")


class JsonText:
    """A JSON text under change. Every method raises InvalidInput when it is no JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = parse(text)
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._unit = self._indent_unit()
        self._short = _SHORT

    def add(self, container: Node, key: str | None, value: Any, *, grows: bool = False) -> None:
        """A new last child of ``container``; ``key`` is None in an array. ``grows``: more will
        be added to ``value``, so it gets lines of its own."""
        self._short = 0 if grows else _SHORT
        if container.children:
            self._add_after(container, container.children[-1], key, value)
        else:
            self._add_first(container, key, value)

    def replace(self, node: Node, value: Any) -> None:
        """Another value in the place of ``node``."""
        self._short = _SHORT
        inline = not node.children or "\n" not in self.text[node.start : node.end]
        indent = None if inline and self._is_one_line() else self._line_indent(node.start)
        self._splice([(node.start, node.end, self._dump(value, indent))])

    def replace_raw(self, node: Node, raw: str) -> None:
        """The text ``raw``, which is JSON, in the place of ``node``."""
        self._splice([(node.start, node.end, raw)])

    def remove(self, container: Node, index: int) -> None:
        """Take out a child with its comma and its line. Comments stay."""
        text, children = self.text, container.children
        child = children[index]
        begin = self._before(child, index)
        end = child.node.end
        cuts = []
        if child.comma is not None:
            if text[end : child.comma].strip():
                cuts.append((child.comma, child.comma + 1, ""))
            else:
                end = child.comma + 1
        elif index:
            comma = children[index - 1].comma or 0  # there is one before every child but the first
            cuts.append((comma, comma + 1, ""))
        rest = _INDENT.match(text, end)
        after = rest.end() if rest else end
        if text[begin : begin + 1] in "\r\n" and text[after : after + 1] not in ("\r", "\n", ""):
            # What follows on the line must not end up in a comment at the end of the line before.
            begin = child.start
        if len(children) == 1:
            inner = text[container.start + 1 : begin] + text[end : container.end - 1]
            if not inner.strip() and not cuts:
                begin, end = container.start + 1, container.end - 1
        self._splice([*cuts, (begin, end, "")])

    def _before(self, child: Child, index: int) -> int:
        """Where the blank space begins that goes with a child: its line's end before, or spaces."""
        at = child.start
        while self.text[at - 1] in " \t":
            at -= 1
        if self.text[at - 1] == "\n":
            return at - 2 if self.text[at - 2 : at - 1] == "\r" else at - 1
        return at if index else child.start

    def _add_after(self, container: Node, last: Child, key: str | None, value: Any) -> None:
        text = self.text
        end = last.node.end if last.comma is None else last.comma + 1
        trailing = "" if last.comma is None else ","
        if "\n" not in text[container.start : container.end]:
            piece = f" {self._piece(key, value, None)}{trailing}"
            self._splice([(end, end, piece if trailing else f",{piece}")])
            return
        indent = next(
            (self._line_indent(c.start) for c in container.children if self._opens_line(c.start)),
            self._line_indent(container.start) + self._unit,
        )
        note = _SAME_LINE.match(text, end)
        at = note.end() if note else end
        if text[at : at + 1] not in ("\r", "\n"):  # the bracket stands on the last child's line
            at = end
        shown = self._piece(key, value, None if key is None else indent)
        piece = f"{self._newline}{indent}{shown}{trailing}"
        if trailing or at == end:
            self._splice([(at, at, piece if trailing else f",{piece}")])
        else:
            self._splice([(end, end, ","), (at, at, piece)])

    def _add_first(self, container: Node, key: str | None, value: Any) -> None:
        begin, end = container.start + 1, container.end - 1
        inner = self.text[begin:end]
        if self._is_one_line() and container is not self.root:
            kept = f"{inner.rstrip()} " if inner.strip() else ""
            self._splice([(begin, end, kept + self._piece(key, value, None))])
            return
        outer = self._line_indent(container.start)
        indent = outer + self._unit
        shown = self._piece(key, value, None if key is None else indent)
        piece = f"{self._newline}{indent}{shown}{self._newline}{outer}"
        self._splice([(begin, end, (inner.rstrip() if inner.strip() else "") + piece)])

    def _piece(self, key: str | None, value: Any, indent: str | None) -> str:
        name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        return name + self._dump(value, indent)

    def _dump(self, value: Any, indent: str | None) -> str:
        """``value`` as text: on one line, but for objects that would be long at ``indent``."""
        line = json.dumps(value, ensure_ascii=False)
        if indent is None or not isinstance(value, dict) or len(line) <= self._short:
            return line
        inner = indent + self._unit
        members = (f"{inner}{self._piece(key, each, inner)}" for key, each in value.items())
        body = f",{self._newline}".join(members)
        return f"{{{self._newline}{body}{self._newline}{indent}}}"

    def _splice(self, changes: list[tuple[int, int, str]]) -> None:
        for start, end, piece in sorted(changes, reverse=True):
            self.text = self.text[:start] + piece + self.text[end:]
        self.root = parse(self.text)

    def _is_one_line(self) -> bool:
        return "\n" not in self.text[self.root.start : self.root.end] and bool(self.root.children)

    def _opens_line(self, at: int) -> bool:
        return not self.text[self.text.rfind("\n", 0, at) + 1 : at].strip()

    def _line_indent(self, at: int) -> str:
        found = _INDENT.match(self.text, self.text.rfind("\n", 0, at) + 1)
        return found[0] if found else ""

    def _indent_unit(self) -> str:
        for child in self.root.children:
            if self._opens_line(child.start) and self._line_indent(child.start):
                return self._line_indent(child.start)
        return "  "
