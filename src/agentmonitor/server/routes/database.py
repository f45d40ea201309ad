"""``/api/v2/database``: what it holds; backups and prunes while the server runs."""

import re
from pathlib import Path

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import now_ms, to_iso
from agentmonitor.model.database import DatabaseInfo, PruneOutcome, Retention
from agentmonitor.paths import make_private_folder
from agentmonitor.retention import SHARE, limits_of, prune
from agentmonitor.runtime import Runtime
from agentmonitor.server import v2
from agentmonitor.server.http import Reply, Request, decode_body, json_response
from agentmonitor.server.operation import JSON, LINES, Operation, answers
from agentmonitor.server.progress import Came, Failed, Progressed, Tell, progress_reply
from agentmonitor.server.query import Flag, is_set
from agentmonitor.server.router import Router

FOLDER = "backups"
"""Beside the database. A caller names a file in it and no path: whoever reaches the server may
make backups, and overwrite or reach nothing by that."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


class PruneRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the call; without any limit, those of the settings."""

    days: float = 0
    gigabytes: float = 0
    apply: bool = False
    """Prune; otherwise only tell what would go."""


class BackupRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the call."""

    name: str | None = None
    """The new file; None: named for the time."""


class Backup(msgspec.Struct):
    """The outcome of a backup."""

    path: str
    bytes: int


class InfoQuery(msgspec.Struct, kw_only=True, frozen=True):
    """What to tell."""

    tables: Flag = "0"
    """The sizes of the tables as well, which takes longer."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    add = router.add
    add("GET", "/api/v2/database", info, Operation(answers(DatabaseInfo), InfoQuery))
    lines = {LINES: Progressed[tuple[int, int]] | Came[PruneOutcome] | Failed}
    told = Operation({200: lines}, body={JSON: PruneRequest}, required=False)
    add("POST", "/api/v2/database/prune", start_prune, told)
    lines = {LINES: Progressed[tuple[int, int]] | Came[Backup] | Failed}
    told = Operation({200: lines}, body={JSON: BackupRequest}, required=False)
    add("POST", "/api/v2/database/backup", start_backup, told)


async def info(request: Request, runtime: Runtime) -> Reply:
    """What the database holds; with ``tables=1`` each table's size as well."""
    tables = is_set(v2.decode(request, InfoQuery).tables)
    found = await runtime.read(runtime.engine.database_info, runtime.retention, tables=tables)
    return json_response(found)


async def start_prune(request: Request, runtime: Runtime) -> Reply:
    """Prune old events. Lines tell how many are done, the last one the outcome."""
    wanted = decode_body(await request.body(), PruneRequest)
    kept = Retention(wanted.days, wanted.gigabytes)
    if not kept.days and not kept.gigabytes:
        kept = runtime.retention
    limits_of(kept, now_ms())  # limits that are none are refused before the answer begins

    def work(tell: Tell) -> object:
        def progress(done: int, total: int) -> None:
            tell([done, total])

        return prune(runtime.engine, kept, apply=wanted.apply, tell=progress, share=SHARE)

    return progress_reply(work)


async def start_backup(request: Request, runtime: Runtime) -> Reply:
    """Make a backup. Lines tell how much of 100 is done, the last one where it is."""
    wanted = decode_body(await request.body(), BackupRequest)
    target = _target(runtime.settings.db_path, wanted.name)

    def work(tell: Tell) -> Backup:
        make_private_folder(target.parent)
        last = -1

        def progress(done: int, total: int) -> None:
            nonlocal last
            percent = 100 * done // max(total, 1)
            if percent != last:
                tell([percent, 100])
            last = percent

        return Backup(str(target), runtime.engine.back_up(target, progress))

    return progress_reply(work)


def _target(database: Path, name: str | None) -> Path:
    """The file for a backup. Raises InvalidInput when it may not be made."""
    if name is None:
        stamp = to_iso(now_ms()).replace("-", "").replace(":", "").replace(".", "")
        name = f"agentmonitor-{stamp}.db"
    if not _NAME.fullmatch(name):
        message = "must be a file name of letters, digits, '.', '_' and '-', and no path"
        raise InvalidInput(f"Invalid name: it {message}.", [("name", message)])
    target = database.resolve().parent / FOLDER / name
    if target.exists():
        raise InvalidInput(
            f"{target} exists and is left as it is; name another file.",
            [("name", "must be that of a new file")],
        )
    return target
