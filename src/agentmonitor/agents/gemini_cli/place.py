"""What the place of a session file says of it.

``~/.gemini/tmp/<project>/chats/session-<time>-<8 of the id>.json`` or ``.jsonl``; sub-agents lie in
``chats/<the parent's session id>/<own id>.jsonl``. ``<project>`` is a hash of the project's folder
or, in newer versions, a short name beside which ``.project_root`` holds the folder.
"""

import re
from pathlib import Path

from agentmonitor.agents import documents

CHATS = "chats"
_ROOT = ".project_root"
_STARTED = re.compile(r"session-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)")


def session_of(path: Path) -> tuple[str, str]:
    """The session, and the sub-agent's thread in it ("" for the main one). Of the main one the
    file's header knows the id better."""
    stem = documents.name(path.stem) or "session"
    if path.parent.name != CHATS and path.parent.parent.name == CHATS:
        return documents.name(path.parent.name) or stem, stem
    return stem, ""


def started(path: Path) -> int | None:
    """When the session began, to the minute, by the file's name."""
    found = _STARTED.match(path.name)
    return documents.moment(f"{found[1]}T{found[2]}:{found[3]}") if found else None


def project_root(path: Path) -> str:
    """The project's folder; "" when it is not known."""
    chats = path.parent if path.parent.name == CHATS else path.parent.parent
    if chats.name != CHATS:
        return ""
    try:
        with open(chats.parent / _ROOT, "rb") as file:
            root = file.read(4096).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
    return documents.name(root.split("\n", 1)[0])
