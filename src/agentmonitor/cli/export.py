"""``agentmonitor export``: a session or usage into a file."""

import codecs
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from agentmonitor.cli.options import filter_options, range_options, source_options, time_range
from agentmonitor.cli.source import Reports, open_reports
from agentmonitor.errors import ConfigError

BUCKETS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
SESSION_FORMATS = ("md", "json", "html")
USAGE_FORMATS = ("csv", "json")


@click.command("export")
@click.argument("what", metavar="SESSION|usage")
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "json", "html", "csv"]),
    help="For a session md (default), json or html; for usage csv (default) or json.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; without it, standard output.",
)
@click.option(
    "--by",
    type=click.Choice(["model", "agent", "project", "branch", "session"]),
    default="model",
    show_default=True,
    help="Of usage: what the rows tell apart.",
)
@click.option(
    "--period",
    type=click.Choice(list(BUCKETS)),
    default="daily",
    show_default=True,
    help="Of usage: what a row is about.",
)
@range_options
@filter_options
@source_options
def command(
    what: str,
    form: str | None,
    output: Path | None,
    by: str,
    period: str,
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
    """Write a session (its id, how that begins, or 'last'), or usage, into a file.

    --json is short for --format json. A file takes its name only when it is complete.

    Example: agentmonitor export last --format html -o session.html
    """
    known = USAGE_FORMATS if what == "usage" else SESSION_FORMATS
    chosen = form or ("json" if as_json else known[0])
    if chosen not in known:
        raise ConfigError(f"{what} can be exported as {', '.join(known)}, not as {chosen}.")
    filters = {"agent": agent, "project": project, "branch": branch, "model": model}
    with open_reports(url, db) as reports, _target(output) as write:
        if what == "usage":
            # The API's own 30 days have more hours than an answer has room for.
            span = time_range(since or ("7d" if period == "hourly" else None), until, tz)
            asked = {"format": chosen, "by": by, "bucket": BUCKETS[period], **filters, **span}
            reports.copy("/api/v2/usage/export", asked, write)
        else:
            _session(reports, what, chosen, write)


def _session(reports: Reports, wanted: str, form: str, write: Callable[[bytes], object]) -> None:
    from agentmonitor.cli.session_look import find_session, session_path

    found = find_session(reports, wanted)["session"]
    reports.copy(session_path(found["id"], "export"), {"format": form}, write)


@contextmanager
def _target(output: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Where to write: a new file for its owner alone that takes its place at the end."""
    if output is None or str(output) == "-":
        yield _harmless() if sys.stdout.isatty() else sys.stdout.buffer.write
        sys.stdout.flush()
        return
    try:
        file, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(file, "wb") as part:
                yield _counting(part.write)
            Path(name).replace(output)
            if sys.stderr.isatty():
                click.echo(f"\r\x1b[K{output} is written.", err=True)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written ({error.strerror or error}). Name another file with -o."
        ) from error


def _harmless() -> Callable[[bytes], object]:
    """Writes to a terminal, with what would drive it replaced."""
    from agentmonitor.cli.text import clean_text

    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(part: bytes) -> None:
        click.echo(clean_text(decoder.decode(part).replace("\r\n", "\n")), nl=False)

    return write


def _counting(write: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """``write`` that says how far it is, where there is somebody to see it."""
    if not sys.stderr.isatty():
        return write
    done = 0

    def count(part: bytes) -> None:
        nonlocal done
        write(part)
        done += len(part)
        click.echo(f"\r\x1b[K{done / 1e6:,.1f} MB written", nl=False, err=True)

    return count
