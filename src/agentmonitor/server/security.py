"""Who may talk to the server: this machine's own programs and its own pages.

Any web page can send requests to localhost. A page of another origin is known by its Origin or
Sec-Fetch-Site header; one that was rebound to our address by DNS is known by its Host.
"""

import ipaddress

from agentmonitor.server.http import Request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host in ("localhost", "localhost."):
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


class Gate:
    """Decides by the headers. The last verdicts by Host are kept: they rarely differ."""

    def __init__(self, allowed_hosts: frozenset[str]) -> None:
        self._allowed = allowed_hosts
        self._good: set[str] = set()

    def refusal(self, request: Request) -> str | None:
        """Why ``request`` is refused; None when it is not."""
        host = request.header(b"host") or ""
        if host not in self._good:
            if not self._is_allowed(host):
                return (
                    f"The host {host[:100]!r} is not served. Use localhost or 127.0.0.1, or add "
                    "the name to AGENTMONITOR_ALLOWED_HOSTS."
                )
            if len(self._good) < 100:
                self._good.add(host)
        origin = request.header(b"origin")
        if origin is not None and origin.lower().split("://", 1)[-1] != host.lower():
            return "Requests from pages of another origin are not served."
        site = request.header(b"sec-fetch-site")
        if site is not None and site not in ("same-origin", "none") and not _is_visit(request):
            return "Requests from pages of another site are not served."
        return None

    def _is_allowed(self, host: str) -> bool:
        name = host.lower()
        if name.startswith("["):
            name, _, port = name.partition("]")
            name, port = name + "]", port.removeprefix(":")
        else:
            name, _, port = name.partition(":")
        if port and not port.isdecimal():
            return False
        # The dot of an absolute name makes it no other one.
        return is_loopback(name) or name.removesuffix(".") in self._allowed


def _is_visit(request: Request) -> bool:
    """Somebody followed a link from another site to a page of ours: nothing leaks by that."""
    return (
        request.method == "GET"
        and not request.path.startswith("/api/")
        and request.header(b"sec-fetch-mode") == "navigate"
        and request.header(b"sec-fetch-dest") == "document"
    )
