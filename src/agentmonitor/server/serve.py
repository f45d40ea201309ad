"""Running the application on uvicorn: sockets, signals, a clean stop."""

import asyncio
import errno
import gc
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from agentmonitor.config import Settings
from agentmonitor.errors import ConfigError
from agentmonitor.runtime import Runtime
from agentmonitor.server.app import App
from agentmonitor.server.protocol import Protocol
from agentmonitor.server.security import is_loopback

log = logging.getLogger(__name__)

_STOPPING = (signal.SIGINT, signal.SIGTERM)
GRACE_S = 10
"""How long requests in flight may take after the signal to stop."""


class _Server(uvicorn.Server):
    """Starts the runtime with the server, and ends the streams before it waits for clients."""

    def __init__(self, config: uvicorn.Config, runtime: Runtime, address: str) -> None:
        super().__init__(config)
        self._runtime = runtime
        self._address = address

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would raise the signal anew after the stop; a clean stop exits with 0."""
        before = {number: signal.signal(number, self.handle_exit) for number in _STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._runtime.start()
        await super().startup(sockets)
        self._runtime.engine.lock.announce(self._address)
        print(f"AgentMonitor serves at {self._address} (Ctrl-C stops it)", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._runtime.bus.close()
        await super().shutdown(sockets)
        await self._runtime.stop()


def serve(settings: Settings) -> None:
    """Serve until a signal says stop. Raises ConfigError and StorageError."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    for problem in settings.problems:
        log.warning("%s", problem)
    if not is_loopback(settings.host):
        raise ConfigError(
            f"AgentMonitor has no access control yet, so it does not listen on {settings.host}. "
            "Use 127.0.0.1 (the default); to reach it from elsewhere, forward the port over SSH."
        )
    runtime = Runtime(settings)
    runtime.open()
    try:
        listener = _listen(settings.host, settings.port)
    except BaseException:
        runtime.close()
        raise
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    config = uvicorn.Config(
        App(runtime),
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
    )
    server = _Server(config, runtime, address)
    # What the start made lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    with asyncio.Runner() as runner:
        runner.run(server.serve(sockets=[listener]))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on the connections.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            reason = "is in use by another program; stop that, or choose another port with --port"
        elif error.errno == errno.EACCES:
            reason = "may not be used by you; choose one above 1023 with --port"
        else:
            reason = f"cannot be used ({error.strerror})"
        raise ConfigError(f"Port {port} on {host} {reason}.") from None
    return listener
