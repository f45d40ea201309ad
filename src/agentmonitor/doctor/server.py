"""Checks of the server and its port."""

import errno
import socket

from agentmonitor import __version__
from agentmonitor.config import Settings
from agentmonitor.doctor.facts import ServerFacts
from agentmonitor.doctor.finding import Finding, fail, ok, warn
from agentmonitor.model.database import Holder

_START = "Start it with 'agentmonitor serve', or for good with 'agentmonitor service install'."


def check_server(facts: ServerFacts | str | None, holder: Holder | None) -> Finding:
    """Whether the server runs, answers, and is of this version.

    ``facts``: what it says, or why it does not answer; None: there is none. ``holder``: who has
    the database.
    """
    if isinstance(facts, str):
        process = "" if holder is None else f" (process {holder.pid})"
        return fail("server", f"it does not answer{process}: {facts}", f"Stop it. {_START}")
    if facts is None:
        if holder is not None:
            seen = f"process {holder.pid} has the database and serves no address"
            return warn("server", seen, "An import or another command is at work: wait for it.")
        return warn("server", "it does not run: nothing is collected", _START)
    if facts.version is not None and facts.version != __version__:
        seen = f"{facts.address} is {facts.version}, this program is {__version__}"
        return warn("server", seen, "Restart the server, so that both are the same.")
    return ok("server", f"{facts.address}, up for {_duration(facts.uptime_s)}")


def check_port(settings: Settings, *, running: bool) -> Finding:
    """Whether the port can be had."""
    where = f"{settings.port} on {settings.host}"
    if running:
        return ok("port", "the server has it")
    if not settings.port:
        return ok("port", "any free one")
    try:
        _listen(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            advice = (
                "Stop the program that has it, or set another port (--port, or port in the file)."
            )
            return fail("port", f"{where} is in use by another program", advice)
        if error.errno == errno.EACCES:
            return fail("port", f"{where} may not be used by you", "Set one above 1023.")
        advice = "Set host to 127.0.0.1, and port to a free one."
        return fail("port", f"{where} cannot be used ({error.strerror})", advice)
    return ok("port", f"{where} is free")


def _listen(host: str, port: int) -> None:
    """Take the port for a moment, as the server would. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1)


def _duration(seconds: float) -> str:
    minutes = int(seconds) // 60
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{days} days"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
