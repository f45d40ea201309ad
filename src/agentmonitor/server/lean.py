"""Loading uvicorn without what a server on the loopback never uses.

TLS, the supervision of processes, the command line and the configuration of logs are a fifth of an
idle server's memory (OpenSSL alone 4 MB of 32), and uvicorn imports them whatever it is to do.
While it is loaded, stand-ins take their place; afterwards they are gone, so that whoever needs TLS
later (a client's request) has it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_UNUSED = ("ssl", "click", "logging.config", "uvicorn.main", "uvicorn.middleware.wsgi")


class _StandIn(ModuleType):
    """Has every name that is asked for, as a class that nothing is an instance of."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    missing = [name for name in names if name not in sys.modules]
    for name in missing:
        sys.modules[name] = _StandIn(name)
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


def load_uvicorn() -> None:
    """Import asyncio and uvicorn's server. To be called before anything else imports them;
    what is loaded already stays as it is."""
    with _without(_UNUSED):
        import uvicorn.protocols.http.httptools_impl
        import uvicorn.server  # noqa: F401 - loading it is the purpose
