"""The ASGI application: gate, route, answer."""

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import Protocol

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
from agentmonitor.server.router import Handler, MethodNotAllowed, NotFound, Router
from agentmonitor.server.routes import events, health, hooks, otlp, sessions, stats, stream
from agentmonitor.server.security import Gate
from agentmonitor.server.static import StaticFiles

OTLP_ONLY = frozenset({"/v1/logs", "/v1/metrics", "/v1/traces", "/api/health"})
"""What is served on the port that is for OTLP."""


class Routes(Protocol):
    """A module of routes."""

    def register(self, router: Router) -> None:
        """Add its routes."""


ALWAYS: tuple[Routes, ...] = (health, events, sessions, stats, stream, hooks, otlp)
"""What agents call, and what version 1 answers."""
ON_DEMAND = {
    "/api/v2/": (
        "agents_v2", "analytics", "costs", "database", "imports", "live", "search", "sessions_v2",
        "windows",
    ),
    "/api/agents": ("agents",),
    "/api/statusline/": ("statusline",),
    "/api/openapi.json": ("openapi",),
    "/metrics": ("metrics",),
}  # fmt: skip
"""By the beginning of the path: modules of routes that are loaded when the first such request
comes, so that a server that only takes in stays small."""


class App:
    """One runtime, served over HTTP."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._gate = Gate(runtime.settings.allowed_hosts)
        self._static = StaticFiles()
        self._router = Router()
        for module in ALWAYS:
            module.register(self._router)
        self._waiting = dict(ON_DEMAND)
        self._otlp_port = runtime.settings.otlp_http_port
        self.takes = events.takes(runtime)
        """By their path: POST requests that need no more than to pass ``admits``."""

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

    def admits(self, request: Request) -> bool:
        """Whether the request comes from whom is served, to the port where all is served."""
        return request.scope["server"][1] != self._otlp_port and self._gate.refusal(request) is None

    async def _reply(self, request: Request) -> Reply:
        refusal = self._gate.refusal(request)
        if refusal is not None:
            return error_response(403, refusal)
        is_bare = request.path == "/" and request.method == "POST"
        if request.scope["server"][1] == self._otlp_port and not (
            is_bare or request.path in OTLP_ONLY
        ):
            return error_response(404, "This port takes OTLP: POST /v1/logs, metrics or traces.")
        if request.method in ("GET", "HEAD") and not request.path.startswith("/api/"):
            page = self._static.respond(request)
            if page is not None:
                return page
        handler = otlp.receive_bare if is_bare else await self._handler(request)
        return await handler(request, self._runtime)

    async def _handler(self, request: Request) -> Handler:
        """Raises NotFound and MethodNotAllowed."""
        try:
            return self._router.find(request)
        except NotFound:
            begin = next((each for each in self._waiting if request.path.startswith(each)), None)
            if begin is None:
                if self._static.has(request):
                    raise MethodNotAllowed(request.method, ["GET", "HEAD"]) from None
                raise
        # Loading takes as long as some hundred events: not on this thread.
        loaded = await asyncio.to_thread(lambda: list(_load(ON_DEMAND[begin])))
        if self._waiting.pop(begin, None) is not None:  # else another request was faster
            for module in loaded:
                module.register(self._router)
        return self._router.find(request)


def all_routes(router: Router | None = None) -> Router:
    """``router``, or a new one, with the routes of every resource."""
    router = router or Router()
    names = [name for some in ON_DEMAND.values() for name in some]
    for module in (*ALWAYS, *_load(names)):
        module.register(router)
    return router


def _load(names: Iterable[str]) -> Iterable[Routes]:
    for name in names:
        module: Routes = import_module(f"agentmonitor.server.routes.{name}")
        yield module
