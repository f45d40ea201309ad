"""From a path and a method to a handler."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from agentmonitor.server.http import Reply, Request
from agentmonitor.server.operation import Operation

if TYPE_CHECKING:
    from agentmonitor.runtime import Runtime

Handler = Callable[[Request, "Runtime"], Awaitable[Reply]]


class NotFound(Exception):
    """There is nothing at the path."""


class MethodNotAllowed(Exception):
    """The path has other methods: (method, those that are allowed)."""

    def __init__(self, method: str, allowed: list[str]) -> None:
        super().__init__(method)
        self.method = method
        self.allowed = allowed


class Router:
    """Exact paths by look-up; paths with ``{names}`` by their parts."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, Handler]] = {}
        self._patterns: list[tuple[list[str], dict[str, Handler]]] = []

    def add(
        self, method: str, path: str, handler: Handler, operation: Operation | None = None
    ) -> None:
        """Serve ``method path`` with ``handler``; GET serves HEAD too.

        ``operation`` describes it; to serve it needs none, and a test wants one of each route.
        """
        if "{" in path:
            parts = path.split("/")
            methods = next((m for known, m in self._patterns if known == parts), None)
            if methods is None:
                methods = {}
                self._patterns.append((parts, methods))
        else:
            methods = self._exact.setdefault(path, {})
        methods[method] = handler
        if method == "GET":
            methods["HEAD"] = handler

    def routes(self) -> list[tuple[str, str]]:
        """Every (method, path) that is served."""
        known = list(self._exact.items())
        known += [("/".join(parts), methods) for parts, methods in self._patterns]
        return [(method, path) for path, methods in known for method in methods]

    def find(self, request: Request) -> Handler:
        """The handler of ``request``. Raises NotFound and MethodNotAllowed."""
        methods = self._exact.get(request.path) or self._match(request)
        if methods is None:
            raise NotFound(request.path)
        handler = methods.get(request.method)
        if handler is None:
            raise MethodNotAllowed(request.method, sorted(methods))
        return handler

    def _match(self, request: Request) -> dict[str, Handler] | None:
        # Split before decoding: an id may hold a slash.
        raw: bytes = request.scope.get("raw_path") or request.path.encode()
        parts = [unquote(part, errors="replace") for part in raw.decode("latin-1").split("/")]
        for pattern, methods in self._patterns:
            if len(pattern) != len(parts):
                continue
            found = {}
            for expected, part in zip(pattern, parts, strict=True):
                if expected.startswith("{") and part:
                    found[expected[1:-1]] = part
                elif expected != part:
                    break
            else:
                request.parameters = found
                return methods
        return None
