"""The command ``agentmonitor``: one module a command, each imported when it is called."""

import os
import sys

COMMANDS = {
    "serve": "agentmonitor.cli.serve",
    "open": "agentmonitor.cli.open",
    "status": "agentmonitor.cli.status",
    "doctor": "agentmonitor.cli.doctor",
    "usage": "agentmonitor.cli.usage",
    "sessions": "agentmonitor.cli.sessions",
    "show": "agentmonitor.cli.show",
    "search": "agentmonitor.cli.search",
    "tools": "agentmonitor.cli.tools",
    "tail": "agentmonitor.cli.tail",
    "top": "agentmonitor.cli.top",
    "export": "agentmonitor.cli.export",
    "statusline": "agentmonitor.cli.statusline",
    "completion": "agentmonitor.cli.completion",
    "import": "agentmonitor.cli.imports",
    "costs": "agentmonitor.cli.costs",
    "db": "agentmonitor.cli.db",
    "pricing": "agentmonitor.cli.pricing",
    "config": "agentmonitor.cli.config",
    "service": "agentmonitor.cli.service",
    "connect": "agentmonitor.cli.connect",
    "disconnect": "agentmonitor.cli.disconnect",
    "demo": "agentmonitor.cli.demo",
    "bench": "agentmonitor.cli.bench",
    "soak": "agentmonitor.cli.soak",
}
"""The module of each command, in the order of the help."""
SHORT = frozenset({"usage", "sessions", "show", "search", "tools"})
"""Over in a moment: they do without what only pays for a program that runs on: looking for garbage
in cycles (a tenth of the time), and being taken apart at the end."""


def main() -> None:
    """Run the command line; an expected error is one line and exit code 1."""
    # An agent runs it all the time and waits for it: nothing is loaded that it can do without.
    if sys.argv[1:2] == ["statusline"]:
        from agentmonitor.cli.status_text import quickly

        if quickly(sys.argv[2:]):
            _leave(0)
    # It runs all day: what only reads a command line is not to stay in its memory.
    if sys.argv[1:2] == ["serve"]:
        from agentmonitor.cli.plain_serve import serve_plainly

        serve_plainly(sys.argv[2:])
    short = sys.argv[1:2] and sys.argv[1] in SHORT
    if short:
        import gc

        gc.disable()
    from agentmonitor.cli.group import run

    try:
        run(sys.argv[1:])
    except SystemExit as end:
        if not short or not isinstance(end.code, int | None):
            raise
        _leave(end.code or 0)


def _leave(code: int) -> None:
    """End at once: taking a short program apart, object by object, takes as long as a query."""
    try:
        if not sys.stdout.closed:
            sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # nobody reads any more
        code = code or 1
    except OSError as error:
        os.write(2, f"agentmonitor: The output cannot be written ({error.strerror}).\n".encode())
        code = code or 1
    os._exit(code)
