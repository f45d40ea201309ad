"""``agentmonitor search``."""

from pathlib import Path
from typing import Any

import click

from agentmonitor.cli.options import (
    filter_options,
    instants,
    range_options,
    source_options,
    time_range,
)
from agentmonitor.cli.source import open_reports


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@click.option("--session", metavar="ID", help="Only in this session.")
@click.option("--type", "event_type", help="Only events of this type, e.g. user_prompt.")
@click.option("--tool", help="Only calls of this tool.")
@click.option("--by-session", is_flag=True, help="The best hit of each session.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@range_options
@filter_options
@source_options
def command(
    query: tuple[str, ...],
    session: str | None,
    event_type: str | None,
    tool: str | None,
    by_session: bool,
    limit: int,
    since: str | None,
    until: str | None,
    tz: str | None,
    agent: str | None,
    project: str | None,
    branch: str | None,
    model: str | None,
    as_json: bool,
    url: str | None,
    db: Path | None,
) -> None:
    """Find what was said and done: words, "phrases", begin*, OR, and -without (after --).

    Example: agentmonitor search '"failing test" npm OR pnpm' --since 7d
    """
    span = time_range(since, until, tz)
    asked = {
        "q": " ".join(query),
        "session": session,
        "type": event_type,
        "tool": tool,
        "group": "session" if by_session else None,
        "limit": limit,
        "agent": agent,
        "project": project,
        "branch": branch,
        "model": model,
        **instants(span),
    }
    with open_reports(url, db) as reports:
        if as_json:
            from agentmonitor.cli.output import show_json

            show_json(reports.source.fetch("/api/v2/search", asked))
            return
        _show(_enough(reports.pages("/api/v2/search", asked), limit), str(span["tz"]))


def _enough(pages: Any, limit: int) -> dict[str, Any]:
    """One answer with ``limit`` results: a page may hold fewer than were asked for."""
    results: list[Any] = []
    page: dict[str, Any] = {}
    for page in pages:
        results += page["results"]
        if len(results) >= limit:
            break
    return {**page, "results": results[:limit]}


def _show(found: dict[str, Any], tz: str) -> None:
    from agentmonitor.cli.options import zone_of
    from agentmonitor.cli.output import note, say, style
    from agentmonitor.cli.session_look import moment, short_id
    from agentmonitor.cli.text import clean

    zone = zone_of(tz)
    for hit in found["results"]:
        what = hit["tool_name"] or hit["type"]
        when = moment(hit["time"]).astimezone(zone).strftime("%Y-%m-%d %H:%M")
        head = [style(short_id(clean(hit["session_id"])), "cyan"), when, clean(hit["agent_type"])]
        head += [clean(text) for text in (hit["project"], what) if text]
        if hit["count"]:
            head.append(f"{hit['count']} hits")
        say("  ".join(head))
        say(f"    {_snippet(hit['snippet'], hit['highlights'])}")
    if not found["results"]:
        note("Nothing was found.")
    if found["problem"]:
        note(f"The search index does not follow: {clean(found['problem'])}")
    elif found["behind"]:
        note(
            f"{found['behind']:,} events are not indexed yet; a running server "
            "('agentmonitor serve') indexes them."
        )


def _snippet(text: str, highlights: list[tuple[int, int]]) -> str:
    from agentmonitor.cli.output import style
    from agentmonitor.cli.text import clean_part

    parts, at = [], 0
    for start, end in highlights:
        parts += [clean_part(text[at:start]), style(clean_part(text[start:end]), "bold", "yellow")]
        at = end
    return "".join([*parts, clean_part(text[at:])])
