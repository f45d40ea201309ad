"""Running the application on uvicorn: sockets, signals, a clean stop."""

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.server import Server

from agentmonitor.config import Settings
from agentmonitor.errors import ConfigError
from agentmonitor.memory import calm_collector
from agentmonitor.runtime import Runtime
from agentmonitor.server.app import App
from agentmonitor.server.protocol import Protocol
from agentmonitor.server.security import is_loopback

if TYPE_CHECKING:
    from agentmonitor.server.otlp_grpc import GrpcListener

log = logging.getLogger(__name__)

_STOPPING = (signal.SIGINT, signal.SIGTERM)
GRACE_S = 10
"""How long requests in flight may take after the signal to stop."""

LAST_TURNS, LAST_TURN_S = 10, 0.005
"""For so long requests are still taken in after the signal to stop."""

TICKS_A_SECOND = 10
"""Of uvicorn's count, which decides when something is due."""


class _Server(Server):
    """Starts the runtime with the server, and ends the streams before it waits for clients."""

    def __init__(
        self, config: Config, runtime: Runtime, address: str, grpc: "GrpcListener | None"
    ) -> None:
        super().__init__(config)
        self._runtime = runtime
        self._address = address
        self._grpc = grpc
        self._asked_to_stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Uvicorn wakes up ten times a second to see whether it shall stop; here once, for the date
        in the answers, and a signal wakes it."""
        self._loop = asyncio.get_running_loop()
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += TICKS_A_SECOND
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked_to_stop.wait(), 1)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal says stop."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._asked_to_stop.set)

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
        if self._grpc is not None:
            try:
                self._grpc.bind()
            except ConfigError:
                self._runtime.close()
                raise
        await self._runtime.start()
        await super().startup(sockets)
        if self._grpc is not None:
            await self._grpc.start()
        self._runtime.engine.lock.announce(self._address)
        print(f"AgentMonitor serves at {self._address} (Ctrl-C stops it)", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._runtime.bus.close()
        await self._last_requests()
        stopping = [super().shutdown(sockets)]
        if self._grpc is not None:
            stopping.append(self._grpc.stop(GRACE_S))
        await asyncio.gather(*stopping)
        await self._runtime.stop()

    async def _last_requests(self) -> None:
        """Take in what has arrived and was not read yet: it is in flight as well, and uvicorn would
        close its connection as an idle one. Answers say from now on that they are the last."""
        await asyncio.sleep(LAST_TURN_S)  # who waits for a connection gets it
        for server in self.servers:
            server.close()
        for _ in range(LAST_TURNS):
            for connection in self.server_state.connections:
                cycle = getattr(connection, "cycle", None)
                if cycle is not None and not cycle.response_complete:
                    cycle.keep_alive = False
            await asyncio.sleep(LAST_TURN_S)


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
    listen_to_grpc = _grpc_listener() if settings.otlp_grpc_port else None
    runtime = Runtime(settings)
    runtime.open()
    try:
        listeners = _listen_all(settings)
    except BaseException:
        runtime.close()
        raise
    grpc = listen_to_grpc(runtime, listeners.pop()) if listen_to_grpc else None
    address = f"http://{_place(listeners[0])}/"
    config = Config(
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
    server = _Server(config, runtime, address, grpc)
    calm_collector()
    with asyncio.Runner() as runner:
        runner.run(server.serve(sockets=listeners))


def _grpc_listener() -> "type[GrpcListener]":
    try:
        from agentmonitor.server.otlp_grpc import GrpcListener
    except ImportError as error:
        raise ConfigError(
            f"AGENTMONITOR_OTLP_GRPC_PORT is set, but gRPC cannot be loaded ({error}). "
            'Run pip install "agentmonitor[grpc]", or set it to 0 to do without.'
        ) from None
    return GrpcListener


def _listen_all(settings: Settings) -> list[socket.socket]:
    """Our port, then those of OTLP over HTTP and over gRPC, if they are set."""
    wanted = {
        "--port": settings.port,
        "AGENTMONITOR_OTLP_HTTP_PORT": settings.otlp_http_port,
        "AGENTMONITOR_OTLP_GRPC_PORT": settings.otlp_grpc_port,
    }
    listeners: list[socket.socket] = []
    try:
        for setting, port in wanted.items():
            if port or setting == "--port":
                same = [s for s, other in wanted.items() if port and other == port]
                if len(same) > 1:
                    raise ConfigError(
                        f"{' and '.join(same)} are all {port}; give each a port of its own."
                    )
                listeners.append(_listen(settings.host, port, setting))
    except ConfigError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _place(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listen(host: str, port: int, setting: str) -> socket.socket:
    """Listen, or raise a ConfigError that names the ``setting`` to change."""
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
            reason = f"is in use by another program; stop that, or choose another with {setting}"
        elif error.errno == errno.EACCES:
            reason = f"may not be used by you; choose one above 1023 with {setting}"
        else:
            reason = f"cannot be used ({error.strerror})"
        raise ConfigError(f"Port {port} on {host} {reason}.") from None
    return listener
