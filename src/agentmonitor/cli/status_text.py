"""The line that an agent shows below its prompt, made in a few milliseconds.

Nothing is imported that printing does not need: no click, no msgspec, no settings. What the server
gets is sent by a process of its own, behind the agent's back.
"""

import json
import os
import sys
import time
from importlib.machinery import SourceFileLoader
from types import ModuleType

from agentmonitor.cli.text import clean
from agentmonitor.repository import project_and_branch

MOST_BYTES = 1 << 20
SEND_S = 2.0
GAP = " · "
_AGENTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "agents")
_MODULE = "terminal_line.py"
_SWITCHES = {"--no-send": ("send", False), "--color": ("color", True)}
_HIGH = ((80, "31"), (60, "33"))
"""From so many per cent on: red, yellow."""


def quickly(arguments: list[str]) -> bool:
    """Do it if the arguments are as usual; anything else (False) is click's to explain."""
    values: dict[str, str | bool] = {"send": True, "color": False}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in _SWITCHES:
            name, value = _SWITCHES[word]
            values[name] = value
        elif word in ("--url", "--db") and rest:
            values[word[2:]] = rest.pop(0)
        else:
            return False
    url, db = values.get("url"), values.get("db")
    run(
        url if isinstance(url, str) else None,
        db if isinstance(db, str) else None,
        send=bool(values["send"]),
        color=bool(values["color"]),
    )
    return True


def run(url: str | None, db: str | None, *, send: bool, color: bool) -> None:
    """Read the agent's JSON, print its line, send the JSON. What is no JSON: exit code 1."""
    body = b"" if sys.stdin.isatty() else sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict) or len(body) > MOST_BYTES:
        sys.stderr.write(
            "agentmonitor: statusline reads the JSON object that an agent gives its status line; "
            "see agentmonitor statusline --help.\n"
        )
        sys.exit(1)
    agent = _agent()
    facts = agent.facts(payload)
    line = _line(facts, time.time(), color=color)
    sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")
    sys.stdout.flush()
    if send and facts["send"]:
        _send_behind(url, db, agent.SLUG, body)


def _agent() -> ModuleType:
    """The module that knows the format, without the package around it, which takes ten times as
    long. One agent has a status line that runs a command."""
    for name in sorted(os.listdir(_AGENTS)):
        path = os.path.join(_AGENTS, name, _MODULE)
        if os.path.exists(path):
            module = ModuleType(f"agentmonitor_{name}_line")
            SourceFileLoader(module.__name__, path).exec_module(module)
            return module
    raise FileNotFoundError(_MODULE)


def _line(facts: dict[str, object], now: float, *, color: bool) -> str:
    parts = []
    model, folder = facts["model"], facts["folder"]
    if isinstance(model, str):
        parts.append(clean(model))
    if isinstance(folder, str):
        project, branch = project_and_branch(folder.rstrip("/") or "/")
        name = clean(project or folder)
        parts.append(f"{name} ({clean(branch)})" if branch else name)
    context, cost = facts["context_percent"], facts["cost_usd"]
    if isinstance(context, int | float):
        parts.append(_percent("context", context, color=color))
    if isinstance(cost, int | float):
        parts.append(f"${cost:,.2f}")
    windows = facts["windows"]
    for name, percent, resets_at in windows if isinstance(windows, list) else ():
        if resets_at is not None and resets_at <= now:
            continue  # a session that rests repeats what it last heard
        until = "" if resets_at is None else f" until {_clock(resets_at, now)}"
        parts.append(_percent(name, percent, color=color) + until)
    return GAP.join(parts)


def _percent(name: str, value: float, *, color: bool) -> str:
    text = f"{name} {value:.0f}%"
    code = next((code for least, code in _HIGH if value >= least), None)
    return f"\x1b[{code}m{text}\x1b[0m" if color and code else text


def _clock(moment: float, now: float) -> str:
    """The local time of day, with the day of the week if it is not today."""
    try:
        there, here = time.localtime(moment), time.localtime(now)
    except (OverflowError, ValueError, OSError):
        return "?"
    return time.strftime("%H:%M" if there[:3] == here[:3] else "%a %H:%M", there)


def _send_behind(url: str | None, db: str | None, slug: str, body: bytes) -> None:
    """Send ``body`` from a process that nobody waits for; a server that is not there is no
    failure."""
    # The agent reads until the pipe is closed: it shall not wait for the other process to start.
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    if os.fork():
        return
    try:
        os.setsid()  # an agent may end what it started with its group
        os.nice(10)
        from agentmonitor.cli.status_send import send

        send(url, db, slug, body, SEND_S)
    finally:
        os._exit(0)
