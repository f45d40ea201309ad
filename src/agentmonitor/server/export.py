"""A session as a file: Markdown, JSON or HTML, written while it is read.

What agents and humans said is untrusted. In HTML every character of it is text. In Markdown it
stands in fenced blocks, because a viewer would show its HTML and load its images otherwise.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from agentmonitor.model.clock import IsoTime, now_ms, to_iso
from agentmonitor.model.selection import StoryChoice
from agentmonitor.model.session import SessionRow
from agentmonitor.model.story import StoryEntry, story_entry
from agentmonitor.server.http import Receive, Reply, Request, Send

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime

Format = Literal["md", "json", "html"]

PAGE = 100
"""Entries that are in memory at once, at most; fewer when they are long."""
_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; sandbox"
)
_encode = msgspec.json.Encoder().encode
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
# Control characters have no place in a text, and some programs stop at them.
_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\ufffd")
_DIRECTION = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
"""Characters that turn the direction of what follows, also beyond the end of their text."""
_HTML = _CONTROL | {
    ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;", ord("'"): "&#39;",
}  # fmt: skip
_PRE_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext"
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    f"pre{{background:#f4f4f5;padding:.75rem;border-radius:6px;{_PRE_STYLE}}}"
    "article{border-top:1px solid #ddd;padding:.5rem 0}h2{font-size:1rem;margin:.5rem 0}"
    ".error h2{color:#b42318}.sub{margin-left:2rem}small{color:#666;font-weight:400}"
    "@media(prefers-color-scheme:dark){body{background:#18181b;color:#e4e4e7}"
    "pre{background:#27272a}article{border-color:#3f3f46}small{color:#a1a1aa}}"
)


class Writer(Protocol):
    """One format. Each part is a text that is sent as it comes."""

    def begin(self, session: SessionRow) -> str:
        """What stands before the entries."""

    def entry(self, entry: StoryEntry, *, first: bool) -> str:
        """One entry."""

    def end(self) -> str:
        """What stands behind them."""


class Export(msgspec.Struct, frozen=True):
    """A format that can be asked for."""

    suffix: Format
    content_type: str
    writer: Callable[[], Writer]


class JsonExport(msgspec.Struct):
    """A whole session. ``JsonWriter`` writes it part by part."""

    exported_at: IsoTime
    session: SessionRow
    entries: list[StoryEntry]


def file_name(session: SessionRow, suffix: str) -> str:
    """A name that is safe on every system and in a header, whatever the session's id is."""
    parts = ("session", session.agent_type[:40], session.started_at[:10], session.id[:60])
    words = [_UNSAFE.sub("-", part).strip("-") for part in parts]
    return f"{'-'.join(word for word in words if word)}.{suffix}"


def export_reply(runtime: "Runtime", session: SessionRow, export: Export) -> Reply:
    """Sends the session's entries page by page; one page is in memory at a time."""
    name = file_name(session, export.suffix)
    headers = [
        (b"content-type", export.content_type.encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode("ascii")),
        (b"content-security-policy", _CSP.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]

    async def reply(request: Request, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if request.method == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        gone = asyncio.create_task(_until_gone(request.receive))
        try:
            await _send_all(runtime, session, export.writer(), send, gone)
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)

    return reply


async def _send_all(
    runtime: "Runtime",
    session: SessionRow,
    writer: Writer,
    send: Send,
    gone: "asyncio.Task[None]",
) -> None:
    await _send(send, writer.begin(session))
    read = runtime.engine.session_reads.session_story
    first, place = True, None
    while not gone.done():
        page = await runtime.read(read, session.id, StoryChoice(), PAGE, place)
        for row in page.rows if page else ():
            await _send(send, writer.entry(story_entry(row), first=first))
            first = False
        if page is None or page.next is None:
            break
        place = (int(page.next[0]), int(page.next[1]))
    end = writer.end().encode("utf-8", "replace")
    await send({"type": "http.response.body", "body": end})


async def _send(send: Send, text: str) -> None:
    if text:
        body = text.encode("utf-8", "replace")
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            continue


class JsonWriter:
    """``{"session": …, "entries": […]}``."""

    def begin(self, session: SessionRow) -> str:
        """The session, and the beginning of the list."""
        told = _encode(session).decode()
        return f'{{"exported_at":"{to_iso(now_ms())}","session":{told},"entries":['

    def entry(self, entry: StoryEntry, *, first: bool) -> str:
        """One element."""
        return ("\n" if first else ",\n") + _encode(entry).decode()

    def end(self) -> str:
        """The end of the list."""
        return "\n]}\n"


class MarkdownWriter:
    """Headings that we write, and everything that was said in fenced blocks."""

    def begin(self, session: SessionRow) -> str:
        """The title and the facts."""
        facts = "\n".join(f"{name}: {value}" for name, value in _facts(session))
        return f"# Session\n\n{_fenced(session.title or session.id)}\n{_fenced(facts)}"

    def entry(self, entry: StoryEntry, *, first: bool) -> str:
        """A heading and blocks."""
        parts = [f"\n## {_plain(_heading(entry))}\n\n{_plain(_notes(entry))}\n"]
        for label, text in _blocks(entry):
            parts.append(f"\n{label}\n\n{_fenced(text)}" if label else f"\n{_fenced(text)}")
        return "".join(parts)

    def end(self) -> str:
        """Nothing."""
        return ""


class HtmlWriter:
    """One page without scripts, links or anything that is loaded."""

    def begin(self, session: SessionRow) -> str:
        """The head, and the facts."""
        title = escape(session.title or session.id)
        facts = "\n".join(f"{name}: {value}" for name, value in _facts(session))
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
            f" style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{_STYLE}</style>\n"
            f"</head>\n<body>\n<h1>{title}</h1>\n<pre>{escape(facts)}</pre>\n"
        )

    def entry(self, entry: StoryEntry, *, first: bool) -> str:
        """An article."""
        kinds = ["error"] * (entry.status != "success") + ["sub"] * bool(entry.subagent_id)
        head = f"{escape(_heading(entry))} <small>{escape(_notes(entry))}</small>"
        blocks = [
            f"{f'<p>{label}</p>' if label else ''}<pre>\n{escape(text)}</pre>\n"
            for label, text in _blocks(entry)
        ]
        return (
            f'<article class="{" ".join(kinds)}">\n<h2>{head}</h2>\n{"".join(blocks)}</article>\n'
        )

    def end(self) -> str:
        """The end of the page."""
        return "</body>\n</html>\n"


EXPORTS: dict[Format, Export] = {
    "md": Export("md", "text/markdown; charset=utf-8", MarkdownWriter),
    "json": Export("json", "application/json", JsonWriter),
    "html": Export("html", "text/html; charset=utf-8", HtmlWriter),
}


def escape(text: str) -> str:
    """``text`` as HTML shows it as it is, between tags and in quoted attributes."""
    return text.translate(_HTML)


def _plain(text: str) -> str:
    """A short text that Markdown shows as it is, on one line."""
    flat = " ".join(text.translate(_CONTROL | _DIRECTION).split())
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&@:])", r"\\\1", flat)


def _fenced(text: str) -> str:
    """A block whose fence is longer than any that ``text`` holds."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.translate(_CONTROL)}\n{fence}\n"


def _heading(entry: StoryEntry) -> str:
    return (
        entry.tool_name or entry.type.replace("_", " ")
        if entry.role == "tool"
        else (
            "user"
            if entry.type == "user_prompt"
            else f"{entry.role}: {entry.type.replace('_', ' ')}"
        )
    )


def _notes(entry: StoryEntry) -> str:
    notes = [entry.time]
    if entry.status != "success":
        notes.append(entry.status)
    if entry.duration_ms is not None:
        notes.append(f"{entry.duration_ms / 1000:.1f} s")
    tokens = entry.tokens_in + entry.tokens_out + entry.cache_read_tokens + entry.cache_write_tokens
    if tokens:
        notes.append(f"{tokens:,} tokens")
    if entry.cost_usd is not None:
        notes.append(f"${entry.cost_usd:.4f}")
    if entry.subagent_id is not None:
        notes.append(f"sub-agent {entry.subagent_type or ''} {entry.subagent_id}")
    return ", ".join(notes)


def _blocks(entry: StoryEntry) -> list[tuple[str, str]]:
    """(label, text) of what an entry has to say."""
    found = [("", entry.text or "")]
    if entry.input:
        said = [f"{k}: {v if isinstance(v, str) else _encode(v).decode()}"
                for k, v in entry.input.items()]  # fmt: skip
        found.append(("Input", "\n".join(said)))
    found += [("Output", entry.output or ""), ("Error", entry.error or "")]
    return [(label, text) for label, text in found if text]


def _facts(session: SessionRow) -> list[tuple[str, Any]]:
    """The session's facts; what is not known is left out."""
    cost = f"${session.total_cost_usd:.4f}"
    if session.unpriced_events:
        cost += f" and {session.unpriced_events} requests without a known price"
    tokens = session.tokens_in + session.tokens_out
    cached = session.cache_read_tokens + session.cache_write_tokens
    facts = {
        "session": session.id,
        "agent": session.agent_type,
        "project": session.project,
        "branch": session.branch,
        "model": session.model,
        "started": session.started_at,
        "last event": session.last_event_at,
        "events": session.event_count,
        "tokens": f"{tokens:,} and {cached:,} cached",
        "cost": cost,
    }
    return [(name, value) for name, value in facts.items() if value is not None]
