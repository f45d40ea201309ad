"""A transcript as lines for the terminal. All texts in it are made harmless."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

import msgspec

from agentmonitor.cli.output import columns, count, duration, money, style
from agentmonitor.cli.session_look import STYLES, cost_of, moment, title_of, tokens_of
from agentmonitor.cli.text import clean, clean_lines, cut, wrap

MOST_COLUMNS = 110
MARKS = {"user": "▌ you", "assistant": "▌ agent", "system": "· "}
SHOWN_FIRST = (
    "command", "file_path", "path", "pattern", "query", "url", "description", "prompt", "skill",
)  # fmt: skip
"""Of a tool's input, the first of these that it has says most."""


def transcript(
    detail: dict[str, Any], entries: Iterable[dict[str, Any]], zone: tzinfo, *, full: bool
) -> Iterator[str]:
    """The session's head, then its entries, oldest first. ``full``: with inputs and outputs."""
    yield from _head(detail["session"], zone)
    day = None
    for entry in entries:
        when = moment(entry["time"]).astimezone(zone)
        if when.date() != day:
            day = when.date()
            yield ""
            yield style(f"── {day.isoformat()} ──", "dim")
        yield from _entry(entry, when.strftime("%H:%M:%S"), full=full)
    pruned = detail.get("pruned_events") or 0
    if pruned:
        yield ""
        yield style(f"{count(pruned)} older events are pruned: only their sums are left.", "dim")


def _head(session: dict[str, Any], zone: tzinfo) -> Iterator[str]:
    yield style(clean(title_of(session)), "bold")
    state = style(clean(session["state"]), *STYLES.get(session["state"], "").split())
    facts = [session["agent_type"], session["project"], session["branch"], session["model"]]
    yield "  ".join([state, *(clean(fact) for fact in facts if fact)])
    start = moment(session["started_at"]).astimezone(zone)
    last = moment(session["last_event_at"]).astimezone(zone)
    end = f"{last:%H:%M}" if start.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    span = f"{start:%Y-%m-%d %H:%M} to {end}"
    sums = f"{count(session['event_count'])} events, {count(tokens_of(session))} tokens"
    yield style(f"{clean(session['id'])}  {span}  {sums}, {cost_of(session)}", "dim")


def _entry(entry: dict[str, Any], when: str, *, full: bool) -> Iterator[str]:
    failed = entry["status"] != "success" or entry["type"] == "error"
    role = entry["role"]
    if role == "tool":
        yield from _tool(entry, when, failed=failed, full=full)
    elif role == "system" or not entry["text"]:
        yield from _quiet(entry, when, failed=failed)
    else:
        yield ""
        who = f"{MARKS[role]}{_by(entry)}"
        kind = ["bold", "cyan"] if role == "user" else ["bold"]
        yield f"{style(who, *kind)}  {style(f'{when}{_cost(entry)}', 'dim')}"
        yield from _body(entry["text"], "  ", ["red"] if failed else [])
    if entry["error"] and not (failed and role == "tool" and not full):
        yield from _body(entry["error"], "    ", ["red"])


def _tool(entry: dict[str, Any], when: str, *, failed: bool, full: bool) -> Iterator[str]:
    inputs = entry["input"] or {}
    name = clean(entry["tool_name"] or entry["type"])
    mark = style("✗", "bold", "red") if failed else style("●", "green")
    took = f"  {duration(entry['duration_ms'])}" if entry["duration_ms"] is not None else ""
    lines = f"  +{entry['lines_added']} -{entry['lines_removed']}" * bool(
        entry["lines_added"] or entry["lines_removed"]
    )
    tail = f"{took}{lines}{_by(entry)}"
    shown = clean(_told(inputs) or entry["file_path"] or "")
    room = _columns() - len(name) - len(tail) - 16
    line = f"{mark} {style(name, 'bold')} {cut(shown, max(room, 20))}"
    yield f"  {line}{style(f'{tail}  {when}', 'dim')}"
    if full:
        for key, value in inputs.items():
            if value not in (None, "", clean(shown)):
                yield style(f"      {clean(key)}:", "dim")
                yield from _body(_text(value), "        ")
        if entry["output"]:
            yield style("      output:", "dim")
            yield from _body(entry["output"], "        ", ["dim"])
    elif failed:
        why = clean(entry["error"] or entry["output"] or entry["status"])
        yield f"    {style(cut(why, _columns() - 4), 'red')}"


def _quiet(entry: dict[str, Any], when: str, *, failed: bool) -> Iterator[str]:
    """What is no text and no tool: one line."""
    what = entry["type"].replace("_", " ")
    asked = " ".join(filter(None, (entry["tool_name"], _told(entry["input"] or {}))))
    text = clean(entry["text"] or asked)
    facts = f"{clean(what)}{_by(entry)}{_cost(entry)}"
    line = cut(f"{MARKS['system']}{facts}  {text}".rstrip(), _columns() - 12)
    yield f"  {style(line, 'red' if failed else 'dim')}  {style(when, 'dim')}"


def _body(text: str, indent: str, styles: list[str] | None = None) -> Iterator[str]:
    for line in clean_lines(text.strip("\n")):
        for part in wrap(line, _columns() - len(indent)):
            yield f"{indent}{style(part, *(styles or []))}".rstrip()


def _by(entry: dict[str, Any]) -> str:
    who = entry["subagent_type"] or ("sub-agent" if entry["subagent_id"] else "")
    return f"  [{clean(who)}]" if who else ""


def _cost(entry: dict[str, Any]) -> str:
    tokens = tokens_of(entry)
    if not tokens:
        return ""
    model = f"  {clean(entry['model'])}" if entry["model"] else ""
    return f"{model}  {count(tokens)} tokens  {money(entry['cost_usd'])}"


def _told(inputs: dict[str, Any]) -> str:
    """What says most of a tool's input."""
    return next((_text(inputs[key]) for key in SHOWN_FIRST if inputs.get(key)), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _columns() -> int:
    """A terminal may be wider than what is good to read; a file has lines of any length."""
    wide = columns()
    return wide if wide > 10_000 else max(40, min(wide, MOST_COLUMNS))
