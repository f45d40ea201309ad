"""``agentmonitor soak``: a long run under steady load, and a verdict."""

import sys
from pathlib import Path

import click


@click.command("soak")
@click.option("--minutes", type=click.FloatRange(0.1, 100_000), default=30, show_default=True)
@click.option("--rate", type=click.FloatRange(1, 20_000), default=200, show_default=True,
              help="Events a second by HTTP.")  # fmt: skip
@click.option("--streams", type=click.IntRange(1, 500), default=5, show_default=True,
              help="Clients that follow the live stream.")  # fmt: skip
@click.option("--files", type=click.IntRange(1, 500), default=4, show_default=True,
              help="Session files that grow at a time.")  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the result as JSON into this file too.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    minutes: float, rate: float, streams: int, files: int, out: Path | None, as_json: bool
) -> None:
    """Load a server for a long time, and say whether it lost, failed or grew.

    A server of its own, with a home and a database that are deleted afterwards, takes events by
    HTTP, follows growing session files, imports and answers reads, while clients follow its
    stream. The exit code is 1 when something was lost, a request failed, or memory grew.

    Example: agentmonitor soak --minutes 5 --rate 500
    """
    import msgspec

    from agentmonitor.bench.soak import Plan, soak
    from agentmonitor.cli.output import claim, note, say, show_json

    def tell(passed: float, stored: int, memory: float) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{passed / 60:6.1f} min  {stored:>12,} events  {memory:6.1f} MiB ",
                       nl=False, err=True)  # fmt: skip

    claim(out)
    plan = Plan(minutes=minutes, rate=rate, streams=streams, files=files)
    note(f"Loading a server of its own for {minutes:g} minutes (Ctrl-C stops it).")
    verdict = soak(plan, tell)
    if sys.stderr.isatty():
        note("")
    document = {"plan": plan, "verdict": verdict}
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    if as_json:
        show_json(document)
    else:
        for check in verdict.checks:
            say(f"{'ok  ' if check.passed else 'FAIL'}  {check.name}: {check.seen}",
                "green" if check.passed else "red")  # fmt: skip
        say(
            f"{verdict.events_stored:,} events in {verdict.minutes:g} minutes, "
            f"{verdict.events_from_files:,} of them from files; {verdict.imports} imports, "
            f"{verdict.reads} reads. p99: batch {verdict.batch_ms['p99']:.1f} ms, "
            f"read {verdict.read_ms['p99']:.1f} ms, stream {verdict.stream_ms['p99']:.1f} ms."
        )
    if not verdict.passed:
        sys.exit(1)
