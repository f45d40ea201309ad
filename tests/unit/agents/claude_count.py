"""A naive count of Claude Code's session files, written without a look at the reader."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Sums = dict[str, tuple[int, ...]]
"""By model: input, output, cache read, cache write, cache write for an hour, web searches."""


class Count:
    """What all lines of all files say together."""

    def __init__(self, files: list[Path]) -> None:
        self._answers: dict[str, list[tuple[tuple[Any, ...], str, tuple[int, ...]]]] = defaultdict(
            list
        )
        self._names: dict[str, str] = {}
        self._results: dict[str, tuple[bool, int, int]] = {}
        self.prompts: set[str] = set()
        for file in files:
            for document in _documents(file):
                self._take(document, file)

    @property
    def sums(self) -> Sums:
        """Tokens by model, each answer once."""
        found: Sums = {}
        for reports in self._answers.values():
            _, model, used = max(reports)
            before = found.get(model, (0,) * len(used))
            found[model] = tuple(a + b for a, b in zip(before, used, strict=True))
        return found

    @property
    def calls(self) -> Counter[str | None]:
        """Tool calls by name."""
        return Counter(self._names.get(call) for call in self._results)

    @property
    def failures(self) -> Counter[str | None]:
        """Failed ones by name."""
        return Counter(self._names.get(c) for c, (bad, _, _) in self._results.items() if bad)

    @property
    def changed(self) -> tuple[int, int]:
        """Lines added and removed."""
        told = self._results.values()
        return sum(added for _, added, _ in told), sum(removed for _, _, removed in told)

    def _take(self, line: dict[str, Any], file: Path) -> None:
        if line.get("type") == "progress":
            nested = line["data"].get("message", {})
            if line["data"]["type"] == "agent_progress" and nested.get("type") == "assistant":
                self._answer(nested["message"], early=True, copy=False)
            return
        message = line.get("message")
        if not isinstance(message, dict):
            return
        blocks = message["content"] if isinstance(message["content"], list) else []
        if line["type"] == "assistant":
            for block in blocks:
                if block["type"] == "tool_use":
                    self._names[block["id"]] = block["name"][:1024]
            if message["model"] != "<synthetic>":
                owns_side = file.name.startswith("agent-")
                copy = bool(line.get("forkedFrom")) or (line["isSidechain"] and not owns_side)
                self._answer(message, early=False, copy=copy)
        for block in blocks:
            if block["type"] == "tool_result":
                self._result(block, line.get("toolUseResult"))
        if line["type"] == "user" and line.get("promptId") and not line["isSidechain"]:
            self.prompts.add(line["promptId"])

    def _answer(self, message: dict[str, Any], *, early: bool, copy: bool) -> None:
        used = _tokens(message["usage"])
        report = ((not early, not copy, used[1]), message["model"], used)
        self._answers[message["id"]].append(report)
        for number, part in enumerate(message["usage"].get("iterations", [])):
            if part["type"] != "message":
                model = part.get("model", message["model"])
                self._answers[f"{message['id']} {number}"].append(((), model, _tokens(part)))

    def _result(self, block: dict[str, Any], told: Any) -> None:
        added = removed = 0
        if isinstance(told, dict):
            for hunk in told.get("structuredPatch", []):
                added += sum(line[0] == "+" for line in hunk["lines"])
                removed += sum(line[0] == "-" for line in hunk["lines"])
            if told.get("type") == "create":
                added += told["content"].count("\n")
        self._results[block["tool_use_id"]] = (bool(block.get("is_error")), added, removed)


def _tokens(usage: dict[str, Any]) -> tuple[int, ...]:
    parts = usage.get("cache_creation", {})
    short, hour = (parts.get(f"ephemeral_{kind}_input_tokens", 0) for kind in ("5m", "1h"))
    written = usage.get("cache_creation_input_tokens", 0)
    searches = usage.get("server_tool_use", {}).get("web_search_requests", 0)
    return (
        usage["input_tokens"], usage["output_tokens"], usage.get("cache_read_input_tokens", 0),
        written if written > short + hour else short + hour, hour, searches,
    )  # fmt: skip


def _documents(file: Path) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    for text in file.read_text("utf-8", "replace").split("\n"):
        at = 0
        while at < len(text):
            try:
                document, at = decoder.raw_decode(text, at)
            except ValueError:
                break
            yield document
