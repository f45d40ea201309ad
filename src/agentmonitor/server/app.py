"""The ASGI application: gate, route, answer."""

import asyncio

from agentmonitor.runtime import Runtime
from agentmonitor.server import errors, v2
from agentmonitor.server.http import (
    Disconnected,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    error_response,
)
from agentmonitor.server.router import Router
from agentmonitor.server.routes import (
    agents,
    analytics,
    costs,
    database,
    events,
    health,
    hooks,
    imports,
    live,
    metrics,
    otlp,
    search,
    sessions,
    sessions_v2,
    stats,
    stream,
    usage,
)
from agentmonitor.server.security import Gate
from agentmonitor.server.static import StaticFiles

OTLP_ONLY = frozenset({"/v1/logs", "/v1/metrics", "/v1/traces", "/api/health"})
"""What is served on the port that is for OTLP."""


class App:
    """One runtime, served over HTTP."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._gate = Gate(runtime.settings.allowed_hosts)
        self._static = StaticFiles()
        self._router = all_routes()
        self._otlp_port = runtime.settings.otlp_http_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        started = False

        async def sending(message: dict[str, object]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            reply = v2.in_shape(request, await self._reply(request))
            await reply(request, sending)  # type: ignore[arg-type]  # a dict is a Message
        except Disconnected:
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if started:
                raise
            await v2.in_shape(request, errors.answer(error))(request, send)

    async def _reply(self, request: Request) -> Reply:
        refusal = self._gate.refusal(request)
        if refusal is not None:
            return error_response(403, refusal)
        if request.path not in OTLP_ONLY and request.scope["server"][1] == self._otlp_port:
            return error_response(404, "This port takes OTLP: POST /v1/logs, metrics or traces.")
        if request.method in ("GET", "HEAD") and not request.path.startswith("/api/"):
            page = self._static.respond(request)
            if page is not None:
                return page
        handler = self._router.find(request)
        return await handler(request, self._runtime)


def all_routes() -> Router:
    """A router with the routes of every resource."""
    router = Router()
    reading = (health, events, sessions, stats, stream, agents, usage, search)
    for module in (
        *reading,
        live,
        sessions_v2,
        analytics,
        metrics,
        hooks,
        costs,
        database,
        imports,
        otlp,
    ):
        module.register(router)
    return router
