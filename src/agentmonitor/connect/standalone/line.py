"""The status line of whoever has none: model, folder, context, cost and quotas."""

import json
import os
import sys


def main() -> None:
    """Print the line for what the agent hands over on standard input."""
    text = line(json.loads(sys.stdin.buffer.read().decode("utf-8", "replace")))
    sys.stdout.buffer.write((text + "\n").encode("utf-8", "replace"))


def line(payload: object) -> str:
    """One line. What is missing or of another kind is left out."""
    folder = _at(payload, "workspace", "current_dir") or _at(payload, "cwd")
    parts = [
        _text(_at(payload, "model", "display_name")),
        os.path.basename(_text(folder).rstrip("/")),
    ]
    context = _at(payload, "context_window", "used_percentage")
    if _is_number(context):
        parts.append(f"context {context:.0f}%")
    cost = _at(payload, "cost", "total_cost_usd")
    if _is_number(cost):
        parts.append(f"${cost:.2f}")
    for name, label in (("five_hour", "5h"), ("seven_day", "7d")):
        used = _at(payload, "rate_limits", name, "used_percentage")
        if _is_number(used):
            parts.append(f"{label} {used:.0f}%")
    return " | ".join(part[:60] for part in parts if part)


def _at(payload: object, *path: str) -> "object":
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload


def _text(value: object) -> str:
    """Only what can be shown: an escape sequence would change the terminal."""
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable())


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
