"""Builds the parts, wires them, starts and stops them."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, ParamSpec, TypeVar

import msgspec

from agentmonitor.agents.registry import load_registry
from agentmonitor.bus import Bus
from agentmonitor.config import Settings
from agentmonitor.errors import AgentMonitorError, Closed
from agentmonitor.importer.batches import ALONE, AMONG_OTHERS, Span, Ways
from agentmonitor.importer.history import ImportOutcome
from agentmonitor.importer.importer import Importer
from agentmonitor.importer.live import Live
from agentmonitor.importer.remote import RemoteImporter
from agentmonitor.importer.request import ImportSources
from agentmonitor.importer.service import FileService
from agentmonitor.intake import HookIntake
from agentmonitor.memory import give_back
from agentmonitor.metadata import Rules
from agentmonitor.model.clock import now_ms
from agentmonitor.model.database import Retention
from agentmonitor.model.event import Event
from agentmonitor.model.stats import AgentUsage
from agentmonitor.model.totals import Totals
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.files import make_pricer
from agentmonitor.storage.sqlite.engine import SqliteEngine
from agentmonitor.telemetry import TelemetryIntake
from agentmonitor.usage.monitor import usage_monitor
from agentmonitor.witnesses import Witnesses
from agentmonitor.workspace import Workspaces, project_of

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

SESSION_INTERVAL_S = 0.15
"""How often session rows go out to who listens to them."""
MAX_SWEEP_S = 15.0
PRUNE_INTERVAL_S = 3600.0
READERS = 2


class Runtime:
    """The running system. ``open`` before the event loop serves, then ``start`` … ``stop``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = load_registry()
        self.retention = Retention(settings.retention_days, settings.retention_gb)
        """What is kept of events."""
        limited = bool(self.retention.days or self.retention.gigabytes)
        self.engine = SqliteEngine(settings.db_path, self.registry.lingering, shrinks=limited)
        self.bus = Bus()
        self.pricer = make_pricer(settings)
        self.pipeline = Pipeline(
            self.engine,
            self.bus,
            self.pricer,
            Rules(
                max_bytes=settings.max_payload_bytes,
                edit_tools=self.registry.edit_tools,
                max_item_bytes=settings.max_item_bytes,
                capture=settings.capture,
                by_agent=settings.capture_by_agent,
            ),
        )
        self.streams: set[object] = set()
        """The stream clients that are being served."""
        self.workspaces = Workspaces()
        self._witnesses = Witnesses()
        self.hooks = HookIntake(self.pipeline, self.workspaces, self._witnesses)
        self.telemetry = TelemetryIntake(self.engine, self.registry, self.pipeline, self._witnesses)
        self.files: FileService | None = None
        """Imports and follows session files; None when that is switched off."""
        self.totals_at_start = Totals()
        """What was stored already when the database was opened."""
        self._started = time.monotonic()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = threading.Event()

    @property
    def uptime_s(self) -> int:
        """Whole seconds since the runtime was made."""
        return int(time.monotonic() - self._started)

    def open(self) -> None:
        """Open the database. Raises StorageError."""
        self.engine.open()
        self.bus.last_event_id = self.engine.last_event_id()
        self.totals_at_start = self.engine.totals()

    async def start(self) -> None:
        """Start the periodic work on the running loop."""
        self.pipeline.attach(asyncio.get_running_loop())
        self.engine.keep_index()
        timeout = self.settings.session_timeout_s
        every = [
            (min(MAX_SWEEP_S, timeout / 4), self._sweep),
            (self.settings.stats_interval_ms / 1000, self._publish_stats),
            (SESSION_INTERVAL_S, self._publish_sessions),
        ]
        if self.settings.auto_import_minutes:
            self.files = self._file_service()
            self.files.start(asyncio.get_running_loop())
            every.append((60 * self.settings.auto_import_minutes, self._import_again))
        if self.retention.days or self.retention.gigabytes:
            every.append((PRUNE_INTERVAL_S, self._prune))
        self._tasks = [asyncio.create_task(_repeat(seconds, work)) for seconds, work in every]

    async def stop(self) -> None:
        """End the periodic work and the streams, store what is queued, close the database."""
        self.bus.close()
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.workspaces.close()
        if self.files is not None:
            self.files.stop()
            await asyncio.to_thread(self.files.join)
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Store what is queued and close the database; for a runtime that never started."""
        self._readers.shutdown(wait=True)
        self.engine.close()

    def importer(self, span: Span | None = None) -> Importer:
        """What reads session files into the store."""
        return Importer(
            Ways(
                sink=self.pipeline.ingest_from_thread,
                locate=project_of,
                put_quotas=self.engine.put_quotas,
                span=span,
                batch=AMONG_OTHERS if self.pipeline.serves else ALONE,
            )
        )

    def remote_importer(self, span: Span | None = None) -> RemoteImporter:
        """What reads them in a process of its own, beside that which indexes them meanwhile; a
        server indexes at its leisure."""
        serves = self.pipeline.serves
        return RemoteImporter(
            partial(self.pipeline.ingest_from_thread, prepared=True),
            self.engine.put_quotas,
            span=span,
            batch=AMONG_OTHERS if serves else ALONE,
            settings=self.settings,
            busy=1 if serves else 2,
        )

    def import_sources(self) -> ImportSources:
        """What an import that a user asks for works with."""
        return ImportSources(
            self.engine, self.registry, self.settings.folders, self.importer, self.remote_importer,
            project_of,
        )  # fmt: skip

    def _file_service(self) -> FileService:
        loop = asyncio.get_running_loop()

        def imported(outcome: ImportOutcome) -> None:
            if outcome.new:
                frame = {"type": "auto_import", "imported": outcome.new}
                loop.call_soon_threadsafe(self.bus.publish, "session_update", frame)

        live = Live(int(self.settings.session_timeout_s * 1000), self._witnesses)
        folders = self.settings.folders
        return FileService(
            self.engine, self.registry, folders, self.importer(), self.remote_importer, live,
            imported,
        )  # fmt: skip

    async def _import_again(self) -> None:
        if self.files is not None:
            self.files.import_all()

    async def read(self, query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a read on a thread of its own, so that it holds nobody up."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: query(*args, **kwargs))

    async def locate(self, events: list[Event]) -> None:
        """Give events that name a project its branch, when a folder of projects is set."""
        root = self.settings.projects_dir
        if root is None:
            return
        for event in events:
            name = event.project
            if event.branch is None and name and name not in (".", "..") and "/" not in name:
                workspace, _ = await self.workspaces.look_up(str(root / name))
                event.branch = workspace.branch

    def usage_monitor(self) -> list[AgentUsage]:
        """The usage windows as of now. Reads the database."""
        return usage_monitor(self.engine, self.registry, self.settings, now_ms())

    async def _sweep(self) -> None:
        timeout_ms = int(self.settings.session_timeout_s * 1000)
        changed = await self.read(self.engine.sweep, now_ms(), timeout_ms)
        if changed and len(self.bus):
            self.bus.publish("session_update", {"type": "idle_check", "idled": len(changed)})
            self.pipeline.changed_sessions.add(changed)
        give_back()

    async def _prune(self) -> None:
        with suppress(Closed):
            from agentmonitor.retention import keep_to  # most installations keep everything

            await asyncio.to_thread(keep_to, self.engine, self.retention, self._stopping)

    async def _publish_stats(self) -> None:
        if not len(self.bus):
            return
        stats = await self.read(self.engine.stats, None, None)
        usage = await self.read(self.usage_monitor)
        payload: dict[str, Any] = msgspec.structs.asdict(stats)
        self.bus.publish("stats", payload | {"usage_monitor": usage})

    async def _publish_sessions(self) -> None:
        ids = await self.pipeline.changed_sessions.take()
        if self.bus.wants_sessions:
            rows = await self.read(self.engine.sessions_by_id, ids)
            for row in self.pricer.with_windows(rows):
                self.bus.publish("session", row, sessions=True)


async def _repeat(
    seconds: float, work: Callable[[], Awaitable[None] | Coroutine[Any, Any, None]]
) -> None:
    """Run ``work`` now and every ``seconds``; a failure is logged and does not end it."""
    while True:
        try:
            await work()
        except AgentMonitorError as error:
            log.error("%s", error)
        except Exception:
            log.exception("Periodic work failed")
        await asyncio.sleep(seconds)
