"""``agentmonitor bench``: workloads against any servers, side by side."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentmonitor.errors import ConfigError

if TYPE_CHECKING:
    from agentmonitor.bench.workloads import Measured, Subject


@click.command("bench")
@click.option("--url", "urls", multiple=True, metavar="[NAME=]URL",
              help="A running server. Repeat it to compare.")  # fmt: skip
@click.option("--run", "commands", multiple=True, metavar="NAME=COMMAND",
              help="Start a server with this command; {port} in it is the port.")  # fmt: skip
@click.option("--only", default="start,batch,single,read,stream", show_default=True,
              metavar="NAMES", help="Workloads, with commas.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0.5, 600), default=5, show_default=True,
              help="Of each load.")  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the result as JSON into this file too.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask before a running server is loaded.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    urls: tuple[str, ...],
    commands: tuple[str, ...],
    only: str,
    seconds: float,
    out: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Measure throughput, latency, start, memory and failures, of one server or several.

    Without --url and --run it measures a server of its own, with a home and a database that are
    deleted afterwards. The load stores made-up events in a server that runs already.

    Example: agentmonitor bench --run 'old=node server.js --port {port}' --url new=http://127.0.0.1:3141
    """
    import msgspec

    from agentmonitor.bench.workloads import WORKLOADS, Subject, measure
    from agentmonitor.cli.output import claim, note, show_json

    wanted = tuple(name.strip() for name in only.split(",") if name.strip())
    if unknown := sorted(set(wanted) - set(WORKLOADS)):
        raise ConfigError(f"--only knows {', '.join(WORKLOADS)}, not {', '.join(unknown)}.")
    if not wanted:
        raise ConfigError(f"--only names workloads: {', '.join(WORKLOADS)}.")
    subjects = [_subject(text, Subject, is_url=True) for text in urls]
    subjects += [_subject(text, Subject, is_url=False) for text in commands]
    subjects = subjects or [Subject("agentmonitor")]
    if urls and not yes:
        if not sys.stdin.isatty():
            raise ConfigError("Made-up events would be stored in the server; add --yes.")
        click.confirm("Made-up events will be stored in the running server. Go on?", abort=True)
    claim(out)
    results = []
    for subject in subjects:

        def tell(workload: str, of: str = subject.name) -> None:
            note(f"{of}: {workload}")

        results.append((subject.name, measure(subject, wanted, seconds, tell)))
    document = [{"name": name, "figures": found} for name, found in results]
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    if as_json:
        show_json(document)
    else:
        _show(results)


def _subject(text: str, kind: "type[Subject]", *, is_url: bool) -> "Subject":
    name, equals, rest = text.partition("=")
    if not equals or (is_url and "/" in name):
        if not is_url:
            raise ConfigError(f"--run wants NAME=COMMAND, not {text!r}.")
        name = rest = text
    return kind(name, url=rest) if is_url else kind(name, command=rest)


def _show(results: "list[tuple[str, list[Measured]]]") -> None:
    from agentmonitor.cli.output import Column, Table

    rows: dict[tuple[str, str], dict[str, Measured]] = {}
    for name, found in results:
        for figure in found:
            rows.setdefault((figure.workload, figure.name), {})[name] = figure
    names = [name for name, _ in results]
    table = Table(
        Column("workload"), Column("figure"), *(Column(name, right=True) for name in names),
        *([Column("ratio", right=True)] if len(names) == 2 else []), Column("unit"),
    )  # fmt: skip
    for (workload, title), values in rows.items():
        figures = [values.get(name) for name in names]
        cells = [None if each is None else f"{each.value:,.{_places(each)}f}" for each in figures]
        if len(figures) == 2:
            first, second = figures
            both = first is not None and second is not None and first.value
            cells.append(f"{second.value / first.value:.2f}" if both and second and first else None)
        table.add(workload, title, *cells, next(iter(values.values())).unit)
    table.show()


def _places(figure: "Measured") -> int:
    return 0 if figure.value >= 100 or figure.value == int(figure.value) else 2
