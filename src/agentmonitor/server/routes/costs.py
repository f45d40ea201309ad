"""``POST /api/v2/costs/recalc``: pricing the past anew."""

import msgspec

from agentmonitor.recalc import Outcome, recalculate
from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request, decode_body
from agentmonitor.server.operation import JSON, LINES, Operation
from agentmonitor.server.progress import Came, Failed, Progressed, progress_reply
from agentmonitor.server.router import Router


class RecalcRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the call."""

    apply: bool = False
    """Store the new costs; otherwise only tell what would change."""
    everything: bool = False
    """Price anew what has a price of ours as well."""


def register(router: Router) -> None:
    """Add the routes of this module."""
    lines = {LINES: Progressed[int] | Came[Outcome] | Failed}
    told = Operation({200: lines}, body={JSON: RecalcRequest}, required=False)
    router.add("POST", "/api/v2/costs/recalc", recalc, told)


async def recalc(request: Request, runtime: Runtime) -> Reply:
    """Price the past anew. Lines tell how many requests are done, the last one the outcome."""
    wanted = decode_body(await request.body(), RecalcRequest)
    runtime.pricer.reload()  # prices may have been refreshed since the start
    return progress_reply(
        lambda tell: recalculate(
            runtime.engine,
            runtime.pricer,
            everything=wanted.everything,
            apply=wanted.apply,
            progress=tell,
        )
    )
