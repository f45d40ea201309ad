"""``POST /api/v2/import``: session files into the store."""

from agentmonitor.importer.history import ImportOutcome, Progress
from agentmonitor.importer.request import ImportRequest, run_import
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, decode_body
from agentmonitor.server.operation import JSON, LINES, Operation
from agentmonitor.server.progress import Came, Failed, Progressed, progress_reply
from agentmonitor.server.router import Router


def register(router: Router) -> None:
    """Add the routes of this module."""
    lines = {LINES: Progressed[Progress] | Came[ImportOutcome] | Failed}
    told = Operation({200: lines}, body={JSON: ImportRequest}, required=False)
    router.add("POST", "/api/v2/import", run, told)


async def run(request: Request, runtime: Runtime) -> Reply:
    """Import session files. Lines tell how much is done, the last one the outcome."""
    wanted = decode_body(await request.body(), ImportRequest)
    wanted.span()  # a day that is none is refused before the answer begins
    return progress_reply(lambda tell: run_import(wanted, runtime.import_sources(), tell))
