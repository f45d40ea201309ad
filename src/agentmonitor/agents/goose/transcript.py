"""Older sessions: a file of lines whose first one sums the session up.

Format: block/goose, ``crates/goose/src/session/legacy.rs``. The first line has ``working_dir``,
``description`` and token sums; the others are messages. The model is not named.
"""

from pathlib import Path

from agentmonitor.agents.base import Reading
from agentmonitor.agents.documents import decoded_object, mapping, moment, name, objects, text
from agentmonitor.agents.goose.messages import AGENT_TYPE, Call, Told, tell
from agentmonitor.agents.goose.usage import sums, used
from agentmonitor.agents.scene import Scene
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.signal import first_line


class TranscriptReader:
    """Reads a whole session."""

    def __init__(self, path: Path, state: bytes | None) -> None:
        self._session_id = name(path.name.removesuffix(".jsonl")) or "session"

    def save(self) -> bytes:
        """Nothing: each reading begins anew."""
        return b""

    def read(self, line: bytes) -> Reading:
        """What the file says. Raises UnreadableLine; a last line that is torn is left out."""
        lines = [part for part in line.split(b"\n") if part.strip()]
        if not lines:
            return Reading()
        head = decoded_object(lines[0])
        scene = Scene(agent_type=AGENT_TYPE, session_id=self._session_id)
        messages = lines
        if "role" not in head:
            messages = lines[1:]
            scene.cwd = name(head.get("working_dir")) or None
            scene.title = first_line(text(head.get("description")))
        out, calls = Told(), dict[str, Call]()
        at = None
        for number, encoded in enumerate(messages):
            try:
                message = decoded_object(encoded)
            except UnreadableLine:
                if number == len(messages) - 1:
                    break
                raise
            at = moment(message.get("created")) or at
            if at is None:
                raise UnreadableLine("a message without its time, and none before it")
            seen = mapping(message.get("metadata")).get("userVisible") is not False
            content = objects(message.get("content"))
            tell(scene, message.get("role"), content, at, calls, out, is_shown=seen)
        if "role" not in head and at is not None and (tokens := sums(head)).any:
            out.events.append(used(scene, tokens, at, None, None))
        return Reading(events=out.events, signals=out.signals)
