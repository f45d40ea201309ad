"""Where the reports come from: a server over HTTP, or the same routes on the database itself.

A report is one call of the API (docs/reference/api.md), so both ways give equal JSON. Nothing is
imported for the way that is not taken.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from agentmonitor.config import Settings, load_settings
from agentmonitor.errors import AgentMonitorError, ConfigError

Query = Mapping[str, object]
"""Parameters by name; None, False and empty ones are left out, True is 1."""

OPTIONS = {"from": "--since", "to": "--until", "bucket": "the period", "q": "the query"}
"""What a parameter of the API is called here, where that is not its own name."""


class Refused(AgentMonitorError):
    """The request was not served; ``status`` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(ConfigError):
    """No server answers at the address."""


class Source(Protocol):
    """Answers calls of the API. To be closed."""

    @property
    def address(self) -> str | None:
        """The server's address with a slash at its end; None: the database is read directly."""

    def fetch(self, path: str, query: Query) -> bytes:
        """The body of ``GET path``. Raises Refused and AgentMonitorError."""

    def copy(self, path: str, query: Query, write: Callable[[bytes], object]) -> None:
        """The same, handed to ``write`` in parts as they come; for long answers."""

    def close(self) -> None:
        """Let go of the connection or the database."""


class Reports:
    """What the commands use: decoded answers, and pages one after another."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @property
    def address(self) -> str | None:
        """The server's address with a slash at its end; None: the database is read directly."""
        return self.source.address

    def get(self, path: str, query: Query | None = None) -> Any:
        """The decoded JSON of ``GET path``. Raises AgentMonitorError."""
        return msgspec.json.decode(self.source.fetch(path, query or {}))

    def pages(self, path: str, query: Query | None = None) -> Iterator[Any]:
        """The answers of a call that has pages, each when it is asked for."""
        wanted = dict(query or {})
        while True:
            page = self.get(path, wanted)
            yield page
            if page.get("next") is None:
                return
            wanted["cursor"] = page["next"]

    def copy(self, path: str, query: Query, write: Callable[[bytes], object]) -> None:
        """A long answer, handed to ``write`` in parts."""
        self.source.copy(path, query, write)

    def __enter__(self) -> "Reports":
        return self

    def __exit__(self, *error: object) -> None:
        self.source.close()


def open_reports(url: str | None = None, db: Path | None = None) -> Reports:
    """The server at ``url``, else the one that holds the database, else the database itself.

    Raises ConfigError when there is neither.
    """
    if url is not None:
        if db is not None:
            raise ConfigError("Give --url for a server or --db for a database, not both.")
        from agentmonitor.cli.over_http import HttpSource

        return Reports(HttpSource(url))
    settings = load_settings(db_path=db)
    address = serving_at(settings.db_path)
    if address is not None:
        from agentmonitor.cli.over_http import HttpSource

        source = HttpSource(address)
        # Its process may be gone and another one have its number: then the file can be read.
        if source.answers():
            return Reports(source)
    return Reports(_database(settings))


def find_server(url: str | None = None, db: Path | None = None) -> str:
    """The address of the server, for what only a server can do. Raises ConfigError."""
    if url is not None:
        return url if url.endswith("/") else f"{url}/"
    database = load_settings(db_path=db).db_path
    address = serving_at(database)
    if address is None:
        raise ConfigError(
            f"No server runs for {database}. Start one with 'agentmonitor serve', "
            "or name one with --url."
        )
    return address


def serving_at(database: Path) -> str | None:
    """The address of the server that holds ``database``; None when none does."""
    # There is no holder without a lock file, and most of what reads it is not needed then.
    if not database.with_name(f"{database.name}.lock").exists() and not database.is_symlink():
        return None
    from agentmonitor.storage.sqlite.lock import serving

    return serving(database)


def target(path: str, query: Query) -> str:
    """``path`` with the query behind it."""
    kept = {
        name: "1" if value is True else value
        for name, value in query.items()
        if value is not None and value is not False and value != ""
    }
    return f"{path}?{urlencode(kept)}" if kept else path


def refusal(status: int, message: str, details: Sequence[tuple[str, str]]) -> Refused:
    """The error for what a route refused; parameters under the names of the options."""
    told = [
        f"{OPTIONS.get(field, f'--{field}')} {message.replace(' later from', ' later --since')}"
        for field, message in details
    ]
    return Refused(status, f"{'; '.join(told)}." if told else message)


def _database(settings: Settings) -> Source:
    from agentmonitor.cli.in_process import DatabaseSource

    return DatabaseSource(settings)
