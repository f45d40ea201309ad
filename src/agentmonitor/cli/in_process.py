"""Reports from the database itself: the route's own handler, called here."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast
from urllib.parse import unquote

from agentmonitor.cli.source import Query, Refused, refusal, target
from agentmonitor.config import Settings
from agentmonitor.errors import InvalidInput
from agentmonitor.server.http import Message, Reply, Request, Response
from agentmonitor.server.router import NotFound, Router

if TYPE_CHECKING:
    from agentmonitor.agents.registry import Registry
    from agentmonitor.pricing.engine import Pricer
    from agentmonitor.runtime import Runtime
    from agentmonitor.storage.sqlite.read_only import ReadOnlyEngine

P = ParamSpec("P")
T = TypeVar("T")

ROUTES = {
    "agents": "agents",
    "v2/activity": "analytics",
    "v2/blocks": "windows",
    "v2/facets": "analytics",
    "v2/live": "live",
    "v2/search": "search",
    "v2/sessions": "sessions_v2",
    "v2/tools": "analytics",
    "v2/usage": "analytics",
    "v2/windows": "windows",
}
"""Which module serves what lies below ``/api/``: only that one is imported."""


class ReadingRuntime:
    """What the handlers of reads use of the runtime, made when it is first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def engine(self) -> "ReadOnlyEngine":
        """The database, read only. Raises ConfigError and StorageError."""
        from agentmonitor.storage.sqlite.read_only import ReadOnlyEngine

        engine = ReadOnlyEngine(self.settings.db_path)
        engine.open()
        return engine

    @cached_property
    def pricer(self) -> "Pricer":
        """The prices."""
        from agentmonitor.pricing.files import make_pricer

        return make_pricer(self.settings)

    @cached_property
    def registry(self) -> "Registry":
        """The agents."""
        from agentmonitor.agents.registry import load_registry

        return load_registry()

    async def read(self, query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a read: nobody else waits here."""
        return query(*args, **kwargs)


class DatabaseSource:
    """The database of ``settings``."""

    def __init__(self, settings: Settings) -> None:
        self._runtime = ReadingRuntime(settings)
        self._runtime.engine  # noqa: B018 - what is wrong with it is said at once

    @property
    def address(self) -> str | None:
        """No server."""
        return None

    def fetch(self, path: str, query: Query) -> bytes:
        """The body of ``GET path``. Raises Refused and AgentMonitorError."""
        _, reply = self._reply(path, query)
        if not isinstance(reply, Response):
            raise TypeError(f"{path} has no whole answer")
        return reply.body

    def copy(self, path: str, query: Query, write: Callable[[bytes], object]) -> None:
        """The body of ``GET path`` in parts. Raises Refused and AgentMonitorError."""
        import asyncio  # only what is sent in parts needs a loop

        request, reply = self._reply(path, query)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body" and message.get("body"):
                write(message["body"])

        async def serve() -> None:
            request.receive = asyncio.Event().wait  # type: ignore[assignment]  # nobody leaves
            await reply(request, send)

        asyncio.run(serve())

    def close(self) -> None:
        """Close the database."""
        self._runtime.engine.close()

    def _reply(self, path: str, query: Query) -> tuple[Request, Reply]:
        raw, _, text = target(path, query).partition("?")
        scope: dict[str, Any] = {
            "method": "GET",
            "path": unquote(raw),
            "raw_path": raw.encode(),
            "query_string": text.encode(),
            "headers": [],
        }
        request = Request(scope, _nothing)
        try:
            handler = _router(raw).find(request)
            reply = _run(handler(request, cast("Runtime", self._runtime)))
        except InvalidInput as error:
            raise refusal(400, str(error), error.details) from error
        if isinstance(reply, Response) and reply.status != 200:
            import msgspec

            raise Refused(reply.status, msgspec.json.decode(reply.body)["error"])
        return request, reply


def _router(path: str) -> Router:
    parts = path.split("/")[2:]
    module = ROUTES.get("/".join(parts[:2])) or ROUTES.get(parts[0] if parts else "")
    if module is None:
        raise NotFound(path)
    router = Router()
    import_module(f"agentmonitor.server.routes.{module}").register(router)
    return router


def _run(work: Awaitable[Reply]) -> Reply:
    """The outcome of a coroutine that waits for nothing: no loop is needed."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as done:
        return cast(Reply, done.value)
    raise RuntimeError("A read must not wait.")


async def _nothing() -> Message:
    return {"type": "http.request", "body": b""}
