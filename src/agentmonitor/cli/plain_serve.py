"""``agentmonitor serve`` without the library that reads command lines: 1 MB of an idle server."""

import sys
from pathlib import Path

from agentmonitor.errors import AgentMonitorError


def serve_plainly(arguments: list[str]) -> None:
    """Serve, and end the program with its exit code. Returns at once when ``arguments`` are
    anything but sound options, each followed by its value: then click has to say more."""
    if len(arguments) % 2:
        return
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    host, port, db = (options.pop(name, None) for name in ("--host", "--port", "--db"))
    if options or any(value.startswith("-") for value in (host, port, db) if value):
        return
    if port is not None and not (port.isdecimal() and port.isascii() and int(port) <= 65535):
        return
    if db is not None and Path(db).is_dir():
        return
    try:
        run(host, None if port is None else int(port), None if db is None else Path(db))
    except AgentMonitorError as error:
        from agentmonitor.cli.text import clean_lines

        print("\n".join(clean_lines(f"agentmonitor: {error}")), file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def run(host: str | None, port: int | None, db: Path | None) -> None:
    """Serve until a signal says stop; None: as the settings say. Raises AgentMonitorError."""
    # Only this command needs the server.
    from agentmonitor.config import load_settings
    from agentmonitor.server.lean import load_uvicorn

    load_uvicorn()
    from agentmonitor.server.serve import serve

    serve(load_settings(host=host, port=port, db_path=db))
