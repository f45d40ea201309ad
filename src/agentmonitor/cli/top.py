"""``agentmonitor top``: a live view over the whole terminal."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from agentmonitor.cli.options import filter_options, source_options
from agentmonitor.cli.source import Query, Reports, Unreachable, open_reports

LIVE = "/api/v2/live"
WINDOWS_S = 15.0
"""How often the limits are asked for."""
MOST_CONTEXTS = 40
"""Of so many sessions the size of the context is asked for."""


@click.command("top")
@click.option("--interval", type=click.FloatRange(0.2, 60), default=1.0, show_default=True,
              help="Seconds between two looks.")  # fmt: skip
@click.option("--sort", type=click.Choice(["active", "since", "tokens", "cost", "project"]),
              default="active", show_default=True)  # fmt: skip
@filter_options
@source_options
def command(
    interval: float,
    sort: str,
    agent: str | None,
    project: str | None,
    branch: str | None,
    model: str | None,
    as_json: bool,
    url: str | None,
    db: Path | None,
) -> None:
    """Watch the sessions that work or wait, those that need you first.

    Keys: q quits, s sorts, r reverses, space pauses, arrows scroll. Where there is no terminal, it
    shows them once.

    Example: agentmonitor top --sort cost
    """
    from agentmonitor.cli.output import columns, is_terminal, show_json

    query = {"agent": agent, "project": project, "branch": branch, "model": model}
    with open_reports(url, db) as reports:
        if as_json:
            show_json(reports.source.fetch(LIVE, query))
            return
        watch = _Watch(reports, query, sort)
        if is_terminal() and sys.stdin.isatty():
            watch.run(interval)
            return
        watch.look()
        for line in watch.lines(columns(), 10_000)[:-1]:
            if line:
                click.echo(line)


class _Watch:
    """What is known of the sessions, and how it is to be shown."""

    def __init__(self, reports: Reports, query: Query, sort: str) -> None:
        self._reports = reports
        self._query = query
        self._sort = sort
        self._reverse = False
        self._scroll = 0
        self._live: dict[str, Any] = {}
        self._windows: list[dict[str, Any]] = []
        self._windows_at = -WINDOWS_S
        self._contexts: dict[str, tuple[int, int | None]] = {}
        self._status = ""

    def look(self) -> None:
        """Ask again. Raises Unreachable."""
        from agentmonitor.cli.session_look import session_path, tokens_of

        self._live = self._reports.get(LIVE, self._query)
        if time.monotonic() - self._windows_at >= WINDOWS_S:
            wanted = {"agent": self._query["agent"]}
            self._windows = self._reports.get("/api/v2/windows", wanted)["windows"]
            self._windows_at = time.monotonic()
        rows = self._live["sessions"][:MOST_CONTEXTS]
        known, self._contexts = self._contexts, {}
        for row in rows:
            tokens = tokens_of(row)
            entry = known.get(row["id"])
            if entry is None or entry[0] != tokens:
                path = session_path(row["id"], "transcript")
                last = {"type": "llm_response", "order": "desc", "limit": 5}
                entry = (tokens, _context(self._reports.get(path, last)["entries"]))
            self._contexts[row["id"]] = entry

    def lines(self, columns: int, lines: int) -> list[str]:
        """The screen's lines."""
        from agentmonitor.cli.top_view import view

        contexts = {id_: size for id_, (_, size) in self._contexts.items() if size is not None}
        return view(
            self._live,
            self._windows,
            contexts,
            sort=self._sort,
            reverse=self._reverse,
            scroll=self._scroll,
            columns=columns,
            lines=lines,
            status=self._status,
        )

    def run(self, interval: float) -> None:
        """Show it until the user has seen enough."""
        from agentmonitor.cli.screen import Screen
        from agentmonitor.cli.top_view import stamp

        self.look()
        self._status = stamp()
        paused = False
        due = time.monotonic() + interval
        with suppress(KeyboardInterrupt), Screen() as screen:
            while True:
                size = screen.size()
                screen.draw(self.lines(size.columns, size.lines))
                key = screen.key(interval if paused else due - time.monotonic())
                if key in ("q", "escape"):
                    return
                if key == " ":
                    paused = not paused
                    self._status = "paused" if paused else stamp()
                elif key:
                    self._press(key, size.lines)
                if not paused and time.monotonic() >= due:
                    due = time.monotonic() + interval
                    try:
                        self.look()
                        self._status = stamp()
                    except Unreachable:
                        self._status = "the server is gone; waiting for it"

    def _press(self, key: str, lines: int) -> None:
        from agentmonitor.cli.top_view import SORTS

        steps = {"up": -1, "down": 1, "page up": 5 - lines, "page down": lines - 5}
        if key == "s":
            names = list(SORTS)
            self._sort = names[(names.index(self._sort) + 1) % len(names)]
        elif key == "r":
            self._reverse = not self._reverse
        elif key in steps:
            most = max(len(self._live["sessions"]) - 1, 0)
            self._scroll = max(0, min(self._scroll + steps[key], most))


def _context(entries: list[dict[str, Any]]) -> int | None:
    """The tokens of the last prompt that was not a sub-agent's; None: none is known."""
    for entry in entries:
        size: int = entry["tokens_in"] + entry["cache_read_tokens"] + entry["cache_write_tokens"]
        if size and entry["subagent_id"] is None:
            return size
    return None
