"""Hooks on their way to the pipeline: the project and branch are found, the agent never waits."""

import asyncio
import logging

from agentmonitor.agents.base import HookReport
from agentmonitor.model.clock import now_ms
from agentmonitor.model.signal import SessionSignal, Signal
from agentmonitor.pipeline import Pipeline
from agentmonitor.witnesses import Witness, Witnesses
from agentmonitor.workspace import Workspace, Workspaces

log = logging.getLogger(__name__)


class HookIntake:
    """Stores what hooks report. Belongs to the event loop's thread."""

    def __init__(self, pipeline: Pipeline, workspaces: Workspaces, witnesses: Witnesses) -> None:
        self._pipeline = pipeline
        self._workspaces = workspaces
        self._late: set[asyncio.Task[None]] = set()
        self._witnesses = witnesses

    async def take(self, report: HookReport) -> None:
        """Store ``report``, with its workspace if that is known or quickly found.

        A workspace that takes longer is added to the session when it comes.
        Raises what ``Pipeline.ingest`` raises.
        """
        signals = report.signals
        sessions = {event.session_id for event in report.events}
        sessions.update(signal.session_id for signal in signals)
        self._witnesses.note(sessions, Witness.HOOK)
        if report.cwd:
            workspace, running = await self._workspaces.look_up(report.cwd)
            signals = [_placed(signal, workspace) for signal in signals]
            for event in report.events:
                event.project = event.project or workspace.project
                event.branch = event.branch or workspace.branch
            if running is not None:
                task = asyncio.create_task(self._place_later(report, running))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
        await self._pipeline.ingest(report.events, signals)

    async def _place_later(self, report: HookReport, running: "asyncio.Future[Workspace]") -> None:
        workspace = await running
        sources = report.events or report.signals
        signal = SessionSignal(
            session_id=sources[0].session_id,
            agent_type=sources[0].agent_type,
            at=now_ms(),
            signal=Signal(kind="none"),
            project=workspace.project,
            branch=workspace.branch,
        )
        try:
            await self._pipeline.ingest((), [signal])
        except Exception:
            log.exception("The project of session %s could not be stored", signal.session_id)


def _placed(report: SessionSignal, workspace: Workspace) -> SessionSignal:
    return SessionSignal(
        session_id=report.session_id,
        agent_type=report.agent_type,
        at=report.at,
        signal=report.signal,
        project=workspace.project,
        branch=workspace.branch,
        model=report.model,
    )
