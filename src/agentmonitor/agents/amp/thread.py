"""Amp: each thread is one JSON document, written anew as it goes on.

``$XDG_DATA_HOME/amp/threads/T-<id>.json``. Format: documents that Amp's users published, and the
readers of ccusage and tokscale. A message's usage stands in the message. ``usageLedger`` lists
the requests with their times; it may lack some of them, and has others that no message shows. A
message and the ledger's entry for it are one request. ``credits`` are kept as they are: what one
costs is not said. Calls have no times of their own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from agentmonitor.agents.amp.tokens import Entry, Tokens, entries, match, usage
from agentmonitor.agents.base import Reading
from agentmonitor.agents.documents import (
    changed,
    decoded_object,
    described,
    detail,
    excerpt,
    lines,
    mapping,
    moment,
    name,
    objects,
    text,
    word,
)
from agentmonitor.agents.scene import MAX_ID, USAGE, Scene, tool_key
from agentmonitor.errors import UnreadableLine
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.signal import SessionSignal, first_line

AGENT_TYPE = "amp"

_DONE = frozenset({"", "complete", "cancelled", "error"})
"""States of a message that will not change any more."""
_RUN = frozenset({"done", "error", "cancelled", "rejected-by-user"})
"""States of a call that is over."""


class ThreadReader:
    """Reads a whole thread."""

    def __init__(self, path: Path, state: bytes | None) -> None:
        self._stem = path.stem

    def save(self) -> bytes:
        """Nothing: each reading begins anew."""
        return b""

    def read(self, line: bytes) -> Reading:
        """What the document says. Raises UnreadableLine."""
        thread = decoded_object(line)
        if not isinstance(thread.get("messages"), list):
            raise UnreadableLine("no messages")
        return _Thread(thread, name(thread.get("id")) or name(self._stem) or "thread").reading()


class _Thread:
    def __init__(self, thread: Mapping[str, Any], thread_id: str) -> None:
        self._id = thread_id[:MAX_ID]
        self._messages = objects(thread.get("messages"))
        told = mapping(thread.get("usageLedger")).get("events")
        self._ledger = list(entries(told, f"{AGENT_TYPE}:ledger:{self._id}:"))
        trees = objects(mapping(mapping(thread.get("env")).get("initial")).get("trees"))
        tree = trees[0] if trees else {}
        title = first_line(text(thread.get("title")))
        self._scene = Scene(
            agent_type=AGENT_TYPE,
            session_id=thread_id,
            cwd=_folder(tree.get("uri")),
            branch=_branch(mapping(tree.get("repository")).get("ref")),
            title=title,
        )
        self._at = moment(thread.get("created"))
        self._calls: dict[str, Mapping[str, Any]] = {}
        self._events: list[Event] = []
        self._signals: list[SessionSignal] = []

    def reading(self) -> Reading:
        """All of it."""
        for number, message in enumerate(self._messages):
            used, meta = mapping(message.get("usage")), mapping(message.get("meta"))
            own = moment(used.get("timestamp")) or moment(meta.get("sentAt"))
            at = self._at = own or self._at
            if at is None:
                raise UnreadableLine("no time in the thread or its first message")
            message_id = word(message.get("messageId")) or f"#{number}"
            # Whoever edits a prompt goes on with message ids that were used before.
            key = f"{AGENT_TYPE}:message:{self._id}:{message_id}:{own or ''}"
            content = objects(message.get("content"))
            if message.get("role") == "user":
                self._user(content, key, at)
            elif message.get("role") == "assistant":
                self._assistant(message, content, key, message_id, own, at)
        for entry in self._ledger:
            if not entry.used:
                self._rest(entry)
        return Reading(events=self._events, signals=self._signals)

    def _user(self, content: list[Mapping[str, Any]], key: str, at: int) -> None:
        scene = self._scene
        for block in content:
            if block.get("type") == "tool_result":
                self._result(block, at)
        said = "\n".join(
            text(block.get("text")) for block in content if block.get("type") == "text"
        ).strip()
        if said:
            signal = scene.signal("turn_started", title=scene.title or first_line(said))
            event = scene.event("user_prompt", at, {"prompt": said}, signal, (key,))
            self._events.append(event)

    def _assistant(
        self,
        message: Mapping[str, Any],
        content: list[Mapping[str, Any]],
        key: str,
        message_id: str,
        own: int | None,
        at: int,
    ) -> None:
        scene = self._scene
        for block in content:
            call_id = name(block.get("id"))
            if block.get("type") == "tool_use" and call_id:
                self._calls[call_id] = block
        state = mapping(message.get("state"))
        kind = text(state.get("type"))
        if kind not in _DONE:
            return
        said = "\n".join(
            text(block.get("text")) for block in content if block.get("type") == "text"
        ).strip()
        metadata: dict[str, Any] = {"text": said} if said else {}
        if any(block.get("type") == "thinking" for block in content):
            metadata["thinking"] = True
        if kind == "cancelled":
            signal = scene.signal("turn_ended", reason="interrupted")
        elif kind == "error":
            error = excerpt(state.get("error")) or "error"
            signal = scene.signal("turn_failed", reason="error", detail=error)
            failed = {"error": "error", "message": error}
            event = scene.event("error", at, failed, signal, (f"{key}:error",), status="error")
            self._events.append(event)
        elif state.get("stopReason") == "end_turn":
            signal = scene.signal("turn_ended", detail=said[:MAX_DETAIL] or None)
        else:
            signal = scene.signal("busy")
        tokens = usage(mapping(message.get("usage")))
        if tokens.any:
            entry = match(self._ledger, tokens, message_id)
            charge = mapping(message.get("usage")).get("credits")
            keys: tuple[str, ...] = (key,)
            if entry is not None:
                keys += (entry.key,)
                at = at if own is not None else entry.at or at
                charge = entry.charge if charge is None else charge
            self._used(tokens, keys, at, metadata, charge, signal)
        elif said:
            self._events.append(scene.event("response", at, metadata, signal, (key,)))

    def _rest(self, entry: Entry) -> None:
        """A request that no message shows."""
        at = entry.at or self._at
        if at is not None:
            signal = self._scene.signal("none")
            self._used(entry.tokens, (entry.key,), at, {}, entry.charge, signal)

    def _used(
        self, tokens: Tokens, keys: tuple[str, ...], at: int, metadata: dict[str, Any],
        charge: Any, signal: Any,
    ) -> None:  # fmt: skip
        if isinstance(charge, int | float) and 0 <= charge < MAX_INT:
            metadata["credits"] = charge
        event = self._scene.event(
            "llm_response", at, metadata, signal, keys, report=USAGE, model=tokens.model or None,
            tokens_in=tokens.tokens_in, tokens_out=tokens.tokens_out,
            cache_read_tokens=tokens.cache_read, cache_write_tokens=tokens.cache_write,
        )  # fmt: skip
        self._events.append(event)

    def _result(self, block: Mapping[str, Any], at: int) -> None:
        scene = self._scene
        call_id = name(block.get("toolUseID")) or name(block.get("tool_use_id"))
        if not call_id:
            return
        call = self._calls.get(call_id, {})
        tool, given = name(call.get("name")), mapping(call.get("input"))
        about = described(given)
        run = mapping(block.get("run"))
        status = text(run.get("status"))
        if status not in _RUN and (status or "result" not in run):
            if status:
                started = scene.report(
                    "tool_started", at, call_id=call_id, tool=tool or None, detail=detail(about)
                )
                self._signals.append(started)
            return
        result = mapping(run.get("result"))
        exit_code = result.get("exitCode")
        failed = (
            status in _RUN - {"done"}
            or result.get("success") is False
            or (isinstance(exit_code, int) and exit_code != 0)
        )
        changes = changed(result.get("diff"))
        if changes is None and isinstance(given.get("content"), str) and "path" in about:
            changes = lines(given["content"]), 0
        files = run.get("trackFiles")
        if not {"path", "file_path"} & about.keys() and isinstance(files, list) and files:
            about |= {"file_path": path} if (path := _folder(files[0])) else {}
        answer = excerpt(run.get("error") if failed else None) or excerpt(run.get("result"))
        keys = (tool_key(AGENT_TYPE, self._id, call_id),)
        event = scene.tool(
            at, call_id, tool, about, keys, failed=failed,
            said=answer or (status if failed else ""), changes=changes,
        )  # fmt: skip
        self._events.append(event)


def _folder(uri: Any) -> str | None:
    """The path of a ``file:`` address, or a path as it is."""
    if not isinstance(uri, str):
        return None
    if uri.startswith("file:"):
        try:
            uri = unquote(urlsplit(uri).path)
        except ValueError:
            return None
    return name(uri) or None


def _branch(ref: Any) -> str | None:
    return name(ref).removeprefix("refs/heads/") or None
