"""The dashboard's files, as they were built into the package."""

from importlib import resources
from importlib.resources.abc import Traversable

from agentmonitor.digest import blake2b
from agentmonitor.server.http import Request, Response, error_response
from agentmonitor.server.security import CONTENT_SECURITY_POLICY

_TYPES = {
    "css": b"text/css; charset=utf-8",
    "html": b"text/html; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "json": b"application/json",
    "png": b"image/png",
    "svg": b"image/svg+xml",
    "txt": b"text/plain; charset=utf-8",
    "webmanifest": b"application/manifest+json",
    "woff2": b"font/woff2",
}
_SECURITY = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
_CHECK = (b"cache-control", b"no-cache")
"""A file whose name does not change with its content: ask each time, by its tag."""
_PAGES = {b"/", b"/sessions", b"/cost", b"/tools", b"/activity", b"/connect"}
_SESSION = b"/sessions/"
"""One more part, percent-encoded, is the page of a session."""


class StaticFiles:
    """Serves the built dashboard; only files that were there at the first look."""

    def __init__(self) -> None:
        self._files: dict[str, Traversable] | None = None
        self._tags: dict[str, bytes] = {}

    def has(self, request: Request) -> bool:
        """Whether there is a page or file at the request's path."""
        return _is_page(request) or request.path in self._found()

    def respond(self, request: Request) -> Response | None:
        """The file at the request's path; None when there is no such page or file."""
        path = "/index.html" if _is_page(request) else request.path
        file = self._found().get(path)
        if file is None:
            if path == "/index.html":
                return error_response(
                    503,
                    "The dashboard is not built into this copy. Run make build, then start again.",
                )
            return None
        content = file.read_bytes()
        hashed = path.startswith("/assets/")
        tag = self._tag(path, content)
        headers = [*_SECURITY, _FOREVER if hashed else _CHECK, (b"etag", tag)]
        if request.header(b"if-none-match") == tag.decode():
            return Response(304, b"", headers)
        kind = _TYPES.get(path.rsplit(".", 1)[-1], b"application/octet-stream")
        return Response(200, content, [*headers, (b"content-type", kind)])

    def _found(self) -> dict[str, Traversable]:
        if self._files is None:
            root = resources.files("agentmonitor.server").joinpath("ui")
            self._files = dict(_walk(root, "/")) if root.is_dir() else {}
        return self._files

    def _tag(self, path: str, content: bytes) -> bytes:
        tag = self._tags.get(path)
        if tag is None:
            tag = self._tags[path] = b'"%s"' % blake2b(content, digest_size=10).hexdigest().encode()
        return tag


def _is_page(request: Request) -> bool:
    """Whether the dashboard has a page at this path; it chooses the page itself."""
    raw: bytes = request.scope.get("raw_path") or request.path.encode()
    part = raw.removeprefix(_SESSION)
    return raw in _PAGES or (part != raw and part != b"" and b"/" not in part)


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _walk(item, f"{prefix}{item.name}/")
        else:
            found.append((prefix + item.name, item))
    return found
