"""What of Claude Code's status line input is shown in the line itself.

Source: the JSON that the command of ``statusLine`` gets. All of it may be absent or null.
The agent waits for the line, so this module is loaded alone, by its path: it imports nothing.
"""

SLUG = "claude-code"
"""The last part of ``/api/statusline/<slug>``."""
WINDOWS = (("five_hour", "5h"), ("seven_day", "7d"))


def facts(payload: dict[str, object]) -> dict[str, object]:
    """``model``, ``folder``, ``context_percent``, ``cost_usd`` (None where unknown), ``windows``
    as (name, percent used, reset in s since the epoch or None), and whether the server wants the
    input (``send``): it keeps the windows."""
    place = _object(payload.get("workspace"))
    limits = _object(payload.get("rate_limits"))
    windows = []
    for key, name in WINDOWS:
        limit = _object(limits.get(key))
        percent = _number(limit.get("used_percentage"))
        if percent is not None:
            windows.append((name, percent, _number(limit.get("resets_at"))))
    model = _object(payload.get("model"))
    return {
        "model": _text(model.get("display_name")) or _text(model.get("id")),
        "folder": _text(place.get("current_dir")) or _text(payload.get("cwd")),
        "context_percent": _context(_object(payload.get("context_window"))),
        "cost_usd": _number(_object(payload.get("cost")).get("total_cost_usd")),
        "windows": windows,
        "send": bool(windows),
    }


def _context(window: dict[str, object]) -> float | None:
    told = _number(window.get("used_percentage"))
    if told is not None:
        return told
    size = _number(window.get("context_window_size"))
    usage = _object(window.get("current_usage"))
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    used = sum(_number(usage.get(name)) or 0 for name in names)
    return 100 * used / size if size and used else None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < 1e15 else None
