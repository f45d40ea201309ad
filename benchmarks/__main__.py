"""``python -m benchmarks``: run workloads, print a table, store the result."""

import argparse
import json
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    cli,
    history,
    importing,
    ingest,
    machine,
    otlp_server,
    page,
    raw,
    read,
    search,
    sse,
    start,
)
from benchmarks.figures import Figure, Outcome, table
from benchmarks.server import BenchmarkError

RESULTS = Path(__file__).resolve().parent / "results"
WORKLOADS = (
    "raw", "start", "ingest", "single", "otlp", "import", "history", "sse", "read", "search", "cli",
    "memory",
)  # fmt: skip
EXTRA = ("client", "page")
"""Not part of a normal run."""
PAGE_TIMES = 6
"""The page is looked at for so much longer than other loads last: by default for a minute."""


_NUMBERS = {
    "seconds": (10.0, 2.0), "events": (1_000_000, 50_000), "calls": (100, 20),
    "raw_rows": (200_000, 50_000), "starts": (7, 3), "megabytes": (200, 10), "files": (5000, 500),
}  # fmt: skip
"""What a run is told, and what it takes otherwise: usually, and when it is quick."""


class Run:
    """One run: the choices, and the outcomes that later workloads need."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self.outcomes: dict[str, Outcome] = {}

    def outcome(self, name: str) -> Outcome:
        """The outcome of a workload, which is run if it has not been."""
        if name not in self.outcomes:
            makers: dict[str, Callable[[], Outcome]] = {
                "raw": lambda: raw.run(self._chosen.raw_rows),
                "start": lambda: start.run(self._chosen.starts),
                "ingest": self._ingest,
                "single": lambda: ingest.single(self._chosen.seconds),
                "otlp": lambda: otlp_server.workload(self._chosen.seconds, self._chosen.calls),
                "import": lambda: importing.run(self._chosen.megabytes, self._chosen.files),
                "history": lambda: history.run(self._chosen.megabytes),
                "sse": lambda: sse.run(self._chosen.seconds),
                "read": lambda: read.run(
                    self._chosen.events, self._chosen.days, self._chosen.calls
                ),
                "search": lambda: search.run(
                    self._chosen.events, self._chosen.days, self._chosen.calls
                ),
                "cli": lambda: cli.run(self._chosen.events, self._chosen.starts),
                "memory": lambda: ingest.memory(self.outcome("ingest")),
                "client": lambda: ingest.client(self._chosen.seconds),
                "page": lambda: page.run(
                    self._chosen.seconds * PAGE_TIMES, self._chosen.events, self._chosen.days
                ),
            }
            print(f"… {name}", file=sys.stderr, flush=True)
            made = makers[name]()
            # A workload that needs another one has stored that by now: keep the order of running.
            self.outcomes[name] = made
        return self.outcomes[name]

    def _ingest(self) -> Outcome:
        ordered, shuffled = (figure.value for figure in self.outcome("raw").figures)
        return ingest.ingest(self._chosen.seconds, ordered, shuffled)


def main() -> int:
    """The command line; the exit code says whether the run was complete, not whether goals were
    met."""
    chosen = _arguments()
    wanted = chosen.only
    run = Run(chosen)
    facts = machine.facts()
    source = machine.source()
    failed: dict[str, str] = {}
    for name in wanted:
        try:
            run.outcome(name)
        except BenchmarkError as error:
            failed[name] = str(error)
            print(f"{name} failed: {error}", file=sys.stderr)
        except Exception as error:  # what the other workloads have measured is not lost by it
            failed[name] = type(error).__name__
            traceback.print_exc()
    figures = [figure for outcome in run.outcomes.values() for figure in outcome.figures]
    print(table(figures))
    changed = machine.source() != source
    if changed:
        print("\nThe source changed during the run: these figures are of no one version.")
    if chosen.store:
        commit = chosen.commit or machine.commit()
        file = _store(chosen, run, figures, facts, commit, failed, (source, changed))
        print(f"\nstored as {file.relative_to(RESULTS.parent.parent)}")
    return 1 if failed else 0


def _store(
    chosen: argparse.Namespace,
    run: Run,
    figures: list[Figure],
    facts: dict[str, object],
    commit: str,
    failed: dict[str, str],
    source: tuple[str, bool],
) -> Path:
    moment = datetime.now(UTC)
    names = "all" if tuple(chosen.only) == WORKLOADS else "+".join(chosen.only)
    quick = "-quick" if chosen.quick else ""
    file = RESULTS / f"{moment:%Y-%m-%dT%H%M%SZ}-{commit}-{names}{quick}.json"
    document = {
        "format": 1,
        "date": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "commit": commit,
        "machine": facts,
        "settings": {
            name: getattr(chosen, name)
            for name in (*_NUMBERS, "days", "quick")
        },
        "source": source[0],
        "source_changed_during_run": source[1],
        "failed": sorted(failed),
        "figures": [
            {
                "workload": f.workload, "name": f.name, "value": round(f.value, 4),
                "unit": f.unit, "goal": f.goal, "at_least": f.at_least, "met": f.met,
            }
            for f in figures
        ],
        "details": {name: outcome.details for name, outcome in run.outcomes.items()},
    }  # fmt: skip
    RESULTS.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return file


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure AgentMonitor against its goals."
    )
    parser.add_argument("--only", type=_names, default=list(WORKLOADS), metavar="NAMES",
                        help=f"of {','.join(WORKLOADS + EXTRA)}, with commas")  # fmt: skip
    parser.add_argument("--seconds", type=float, help="of each load (10)")
    parser.add_argument("--events", type=int, help="in the database that is read (1000000)")
    parser.add_argument("--days", type=int, default=30, help="that they are spread over (30)")
    parser.add_argument("--calls", type=int, help="of each reading call and decoding (100)")
    parser.add_argument("--megabytes", type=int, help="of session files to import (200)")
    parser.add_argument("--files", type=int, help="that are imported twice (5000)")
    parser.add_argument("--raw-rows", type=int, help="of the insert loop (200000)")
    parser.add_argument("--starts", type=int, help="of the server (7)")
    parser.add_argument("--quick", action="store_true", help="short: to see that it works")
    parser.add_argument("--commit", help="what to call the code; default: what git says")
    parser.add_argument("--no-store", dest="store", action="store_false")
    chosen = parser.parse_args()
    for name, (usual, quick) in _NUMBERS.items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, quick if chosen.quick else usual)
    return chosen


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in WORKLOADS + EXTRA]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown) or 'nothing'}")
    return names


if __name__ == "__main__":
    sys.exit(main())
