"""``agentmonitor status``: whether the server runs, and what it holds."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agentmonitor.config import load_settings
from agentmonitor.errors import AgentMonitorError, ConfigError

if TYPE_CHECKING:
    from agentmonitor.model.database import Holder

NOT_RUNNING = 3


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--url", metavar="URL", help="Ask the server at this address.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def command(as_json: bool, url: str | None, db: Path | None) -> None:
    """Show whether the server runs: address, process, version, uptime, what it holds.

    Exit code 3 when it does not run or does not answer.

    Example: agentmonitor status
    """
    from agentmonitor.storage.sqlite.lock import holder_of

    if url is not None and db is not None:
        raise ConfigError("Give --url for a server or --db for a database, not both.")
    database = load_settings(db_path=db).db_path
    holder = holder_of(database) if url is None else None
    address = url or (holder.address if holder is not None else None)
    told: dict[str, object] = {"running": False, "address": address, "pid": None}
    reason = _reason(database, holder)
    if address is not None:
        from agentmonitor.cli.server_facts import ask_server_facts

        try:
            facts = ask_server_facts(address)
        except AgentMonitorError as error:
            reason = str(error)
        else:
            told |= msgspec.structs.asdict(facts) | {"running": True}
    if holder is not None:
        told |= {"pid": holder.pid, "since": holder.since}
    if url is None:
        told["database"] = str(database)
    if as_json:
        from agentmonitor.cli.output import show_json

        show_json(told if told["running"] else told | {"reason": reason})
    elif told["running"]:
        _show(told)
    else:
        click.echo(reason)
    if not told["running"]:
        sys.exit(NOT_RUNNING)


def _reason(database: Path, holder: "Holder | None") -> str:
    """Why there is nothing to show."""
    if holder is None:
        return f"No server runs for {database}. Start it with 'agentmonitor serve'."
    return (
        f"Process {holder.pid} uses {database} (since {holder.since}) and serves no address: "
        "a server that is starting, or another command at work."
    )


def _show(told: dict[str, object]) -> None:
    from agentmonitor.cli.output import count, duration, say

    def megabytes(name: str) -> str:
        size = told[name]
        return f"{size / 1e6:,.1f} MB" if isinstance(size, int) else "-"

    process = f"{told['pid']}, " if told["pid"] is not None else ""
    where = f" in {told['database']}" if "database" in told else ""
    uptime_s = float(str(told["uptime_s"]))  # whole seconds
    lines = {
        "address": str(told["address"]),
        "process": f"{process}version {told['version'] or '-'}, {megabytes('memory_bytes')} memory",
        "uptime": duration(1000 * uptime_s) if uptime_s else "less than a second",
        "sessions": f"{told['sessions_live']} live",
        "events": count(int(str(told["events"]))),
        "database": f"{megabytes('database_bytes')}{where}",
    }
    for name, text in lines.items():
        say(f"{name:9} {text}")
