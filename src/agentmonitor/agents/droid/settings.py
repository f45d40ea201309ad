"""The file beside a transcript that says what the session used, as one sum that grows.

``<session>.settings.json``: ``model``, ``tokenUsage`` with ``inputTokens`` (those from the cache
are not among them), ``outputTokens``, ``cacheReadTokens``, ``cacheCreationTokens`` and
``thinkingTokens``. The sum becomes one event for the session, and the largest one counts; its time
is that of the last line of the transcript. ``inclusiveTokenUsage`` adds what sub-agents used,
which have files of their own: it is left alone.

Where the provider's API counts reasoning as output, ``outputTokens`` holds it already; Google's
does not.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentmonitor.agents.base import Reading
from agentmonitor.agents.documents import (
    count,
    decoded_object,
    mapping,
    moment,
    name,
    text,
    total,
)
from agentmonitor.agents.droid.names import AGENT_TYPE, session_key
from agentmonitor.agents.droid.place import beginning, caller, owner
from agentmonitor.agents.scene import SUM, Scene

ENDING = ".settings.json"
_TAIL = 64 * 1024
"""Bytes at the end of a transcript in which its last time is looked for."""
_STAMP = re.compile(rb'"timestamp"\s*:\s*"([0-9T:.Z+-]{10,40})"')
_BRACKETS = re.compile(r"\[[^\]]*\]")


class SettingsReader:
    """Reads a session's settings."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self) -> bytes:
        """Nothing: each reading begins anew."""
        return b""

    def read(self, line: bytes) -> Reading:
        """What the document says. Raises UnreadableLine."""
        settings = decoded_object(line)
        usage = mapping(settings.get("tokenUsage"))
        fresh, out = count(usage.get("inputTokens")), count(usage.get("outputTokens"))
        read, written = count(usage.get("cacheReadTokens")), count(usage.get("cacheCreationTokens"))
        thought = count(usage.get("thinkingTokens"))
        model = _model(settings.get("model"))
        if not any((fresh, out, read, written)):
            return Reading()
        own, session_id, thread = self._place()
        metadata: dict[str, Any] = {"scope": "session"}
        if thought:
            metadata["reasoning_tokens"] = thought
        effort = name(settings.get("reasoningEffort"))
        if effort:
            metadata["effort"] = effort
        scene = Scene(agent_type=AGENT_TYPE, session_id=session_id, thread=thread)
        event = scene.event(
            "llm_response",
            self._time(settings),
            metadata,
            scene.signal("none"),
            (session_key(own),),
            report=SUM,
            model=model or None,
            tokens_in=fresh,
            tokens_out=total(out, thought) if _is_google(settings, model) else out,
            cache_read_tokens=read,
            cache_write_tokens=written,
        )
        return Reading(events=[event])

    @property
    def _transcript(self) -> Path:
        return self._path.with_name(self._path.name.removesuffix(ENDING) + ".jsonl")

    def _place(self) -> tuple[str, str, str]:
        """The file's own session, the one that it belongs to, and the thread in that."""
        own = name(self._path.name.removesuffix(ENDING)) or "session"
        start = beginning(self._transcript)
        if not caller(start):
            return own, own, ""
        return own, *owner(self._transcript, start)

    def _time(self, settings: Mapping[str, Any]) -> int:
        """When the session used something for the last time."""
        locked = moment(settings.get("providerLockTimestamp"))
        return _last(self._transcript) or locked or _written(self._path)


def _model(value: Any) -> str:
    """The model's name. A model that the user set up is ``custom:Its-Name-[Provider]-0``."""
    known = name(value)
    if not known.startswith("custom:"):
        return known
    return _BRACKETS.sub("", known.removeprefix("custom:")).strip("- ").lower()


def _is_google(settings: Mapping[str, Any], model: str) -> bool:
    provider = text(settings.get("apiProviderLock")) or text(settings.get("providerLock"))
    return provider.startswith(("google", "vertex", "gemini")) or model.startswith("gemini")


def _last(transcript: Path) -> int | None:
    """The time of the last line of a transcript that has one."""
    try:
        with transcript.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            stamps = _STAMP.findall(file.read(_TAIL))
    except OSError:
        return None
    return next((at for s in reversed(stamps) if (at := moment(s.decode())) is not None), None)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except OSError:
        return 0
