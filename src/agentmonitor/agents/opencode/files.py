"""The JSON documents of versions before 1.2, one for each message and each part.

``storage/message/<session>/<message>.json``, ``storage/part/<message>/<part>.json``,
``storage/session/<project>/<session>.json``; the oldest ones have ``session`` before ``message``
and ``part``, and the session before the message in the part's path.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentmonitor.agents.base import Reading
from agentmonitor.agents.documents import decoded_object, name
from agentmonitor.agents.opencode import messages, parts
from agentmonitor.agents.opencode.sessions import Family
from agentmonitor.errors import UnreadableLine

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MAX_STEP = 8192
"""Bytes of a document about one step; larger ones hold something else."""
_MAX_INFO = 16 << 20


class DocumentReader:
    """Reads one document."""

    def __init__(self, path: Path, state: bytes | None) -> None:
        above = path.parts[:-1]
        kinds = [n for n, part in enumerate(above) if part in ("message", "part")]
        self._path = path
        self._place = Path(*above[: kinds[-1]]) if kinds else path.parent
        """The folder that has those of messages and of parts."""
        self._family = Family(self._session)

    def save(self) -> bytes:
        """Nothing: each reading begins anew."""
        return b""

    def read(self, line: bytes) -> Reading:
        """What the document says. Raises UnreadableLine."""
        document = decoded_object(line)
        own = name(document.get("id")) or name(self._path.stem)
        session_id = name(document.get("sessionID"))
        if not session_id:
            raise UnreadableLine("no sessionID")
        if isinstance(document.get("role"), str):
            return self._message(document, own, session_id)
        message_id = name(document.get("messageID"))
        if not isinstance(document.get("type"), str) or not message_id:
            raise UnreadableLine("neither a message nor a part of one")
        message = self._read("message", session_id, message_id)
        scene = self._family.scene(session_id, name(message.get("agent")))
        told = parts.tell(scene, own, document, message_id, message)
        return Reading(events=told.events, signals=told.signals)

    def _message(self, info: Mapping[str, Any], own: str, session_id: str) -> Reading:
        if info.get("role") != "assistant" or not messages.is_over(info):
            return Reading()
        scene = self._family.scene(session_id, name(info.get("agent")) or name(info.get("mode")))
        return Reading(events=messages.tell(scene, own, info, self._steps(session_id, own)))

    def _steps(self, session_id: str, message_id: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The requests of a message, in their order."""
        found = []
        folders = [("part", message_id), ("part", session_id, message_id)]
        for folder in folders:
            if not all(_ID.fullmatch(part) for part in folder):
                continue
            try:
                files = sorted(self._place.joinpath(*folder).glob("*.json"))
                small = [file for file in files if file.stat().st_size <= _MAX_STEP]
            except OSError:
                continue
            for file in small:
                part = _document(file)
                if part.get("type") == "step-finish":
                    found.append((name(part.get("id")) or file.stem, part))
        return found

    def _session(self, session_id: str) -> Mapping[str, Any]:
        if not _ID.fullmatch(session_id):
            return {}
        home = self._place.parent if self._place.name == "session" else self._place
        try:
            found = next((home / "session").glob(f"*/{session_id}.json"), None)
        except OSError:
            return {}
        return _document(found) if found is not None else {}

    def _read(self, *path: str) -> Mapping[str, Any]:
        if not all(_ID.fullmatch(part) for part in path):
            return {}
        return _document(self._place.joinpath(*path[:-1], f"{path[-1]}.json"))


def _document(path: Path) -> Mapping[str, Any]:
    """A document beside the one that is read; nothing when it cannot be read."""
    try:
        with path.open("rb") as file:
            return decoded_object(file.read(_MAX_INFO))
    except (OSError, UnreadableLine):
        return {}
