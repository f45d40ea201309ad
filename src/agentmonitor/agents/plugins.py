"""Agents of other packages: found by the entry points of the group ``agentmonitor.agents``.

``importlib.metadata`` takes 30 ms and 6 MB. Most installations have no such agent, so the files
that it would read are searched for the group's name first.
"""

import logging
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from agentmonitor.agents.base import (
    Agent,
    Colors,
    Connect,
    Palette,
    SessionDatabase,
    SessionFiles,
    Telemetry,
    UsageWindows,
)

log = logging.getLogger(__name__)

GROUP = "agentmonitor.agents"

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_COLOR = re.compile(r"#[0-9a-f]{6}")
_PARTS: dict[str, type] = {
    "telemetry": Telemetry, "files": SessionFiles, "database": SessionDatabase,
}  # fmt: skip


def plugin_agents(known: Sequence[Agent], places: Iterable[str] | None = None) -> list[Agent]:
    """The sound agents of other packages, by the entry points' names. Each other one is logged.

    ``known`` are the agents whose names are taken, ``places`` where packages are looked for
    (default: ``sys.path``).
    """
    places = sys.path if places is None else list(places)
    if not any(_names_group(place) for place in places):
        return []
    from importlib.metadata import distributions

    from agentmonitor.agents.guard import guarded

    points = {
        (point.name, point.value): (point, distribution.name)
        for distribution in distributions(path=places)
        for point in distribution.entry_points.select(group=GROUP)
    }
    agents: list[Agent] = []
    for _, (point, package) in sorted(points.items(), key=lambda each: each[0]):
        try:
            found = point.load()
            fault = _fault(found, [*known, *agents])
        except (Exception, SystemExit) as error:  # a module can raise anything
            fault = f"{type(error).__name__}: {error}"
        if fault is None:
            agents.append(guarded(found))
        else:
            log.error(
                "The agent %r (%s) is left out: %s. Update or uninstall the package %r.",
                *(point.name, point.value, fault, package),
            )
    return agents


def _names_group(place: str) -> bool:
    """Whether a package in the folder ``place`` may have an entry point of ours."""
    try:
        with os.scandir(place or os.curdir) as entries:
            return any(
                entry.name.endswith((".dist-info", ".egg-info")) and _is_named_in(entry.path)
                for entry in entries
            )
    except OSError:
        return False


def _is_named_in(folder: str) -> bool:
    try:
        with open(os.path.join(folder, "entry_points.txt"), "rb") as file:
            return GROUP.encode() in file.read()
    except OSError:
        return False


def _fault(agent: Any, known: Sequence[Agent]) -> str | None:
    """What keeps ``agent`` from joining ``known``; None when nothing does."""
    if not isinstance(agent, Agent):
        return f"it is no agentmonitor.agents.base.Agent but {type(agent).__name__}"
    return _misshapen(agent) or _taken(agent, known)


def _misshapen(agent: Agent) -> str | None:
    # A struct's fields can hold anything.
    given: dict[str, Any] = {name: getattr(agent, name) for name in agent.__struct_fields__}
    if not _matches(_TYPE, given["agent_type"]):
        return f"its agent_type {agent.agent_type!r} is not of the form my_agent"
    for name, most in (("label", 40), ("short", 2)):
        text = given[name]
        if not isinstance(text, str) or not 0 < len(text.strip()) <= most:
            return f"its {name} is no text of 1 to {most} characters"
    if not _are_colors(given["colors"]):
        return "its colors are not two Palettes of colours like #1a2b3c"
    parses = agent.parse_hook is not None or agent.parse_statusline is not None
    if (agent.hook_slug is not None) != parses:
        return "it has a hook_slug without a parser, or a parser without a hook_slug"
    if agent.hook_slug is not None and not _matches(_SLUG, agent.hook_slug):
        return f"its hook_slug {agent.hook_slug!r} is not of the form my-agent"
    for name, kind in _PARTS.items():
        if given[name] is not None and not isinstance(given[name], kind):
            return f"its {name} is no {kind.__name__}"
    telemetry = agent.telemetry
    data: list[tuple[str, Any, Any]] = [
        ("edit_tools", agent.edit_tools, frozenset[str]),
        ("telemetry.services", telemetry.services if telemetry else (), frozenset[str]),
        ("telemetry.event_prefix", telemetry and telemetry.event_prefix, str | None),
        ("connect", agent.connect, Connect | None),
        ("usage", agent.usage, UsageWindows | None),
    ]
    for name, value, form in data:
        try:
            msgspec.convert(msgspec.to_builtins(value), form)
        except (msgspec.ValidationError, TypeError) as error:
            return f"its {name} is not sound ({error})"
    return None


def _taken(agent: Agent, known: Sequence[Agent]) -> str | None:
    """Which of its names another agent has."""
    own = _names(agent)
    for other in known:
        for kind, values in _names(other).items():
            if both := sorted(own[kind] & values):
                return f"its {kind} {both[0]!r} is that of {other.label}"
    return None


def _names(agent: Agent) -> dict[str, set[str]]:
    telemetry = agent.telemetry
    prefix = telemetry.event_prefix if telemetry is not None else None
    return {
        "agent_type": {agent.agent_type},
        "hook_slug": {agent.hook_slug} if agent.hook_slug else set(),
        "service": set(telemetry.services) if telemetry is not None else set(),
        "event_prefix": {prefix.rstrip(".")} if prefix else set(),
    }


def _matches(form: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _are_colors(colors: Any) -> bool:
    palettes: tuple[Any, ...] = (colors.light, colors.dark) if isinstance(colors, Colors) else ()
    return bool(palettes) and all(
        isinstance(palette, Palette)
        and all(_matches(_COLOR, color) for color in (palette.mark, palette.text, palette.soft))
        for palette in palettes
    )
