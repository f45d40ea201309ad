"""``POST /api/v2/import``: session files into the store."""

from agentmonitor.importer.request import ImportRequest, run_import
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, decode_body
from agentmonitor.server.progress import progress_reply
from agentmonitor.server.router import Router


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("POST", "/api/v2/import", run)


async def run(request: Request, runtime: Runtime) -> Reply:
    """Tells how many files and bytes are done; the outcome comes last."""
    wanted = decode_body(await request.body(), ImportRequest)
    wanted.span()  # a day that is none is refused before the answer begins
    return progress_reply(lambda tell: run_import(wanted, runtime.import_sources(), tell))
