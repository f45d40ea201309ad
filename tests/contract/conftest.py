"""Fixtures of the contract suite: a server of its own, or with `--url` any running one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from .client import Api, unique
from .server import Server


class Launch(Protocol):
    """Starts a server with settings, in a new folder or in the one given."""

    def __call__(
        self, settings: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> AbstractContextManager[Api]: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--url",
        dest="contract_url",
        default=None,
        metavar="URL",
        help="run the contract suite against this server instead of one of its own",
    )


@contextmanager
def running(folder: Path, settings: Mapping[str, str]) -> Iterator[Api]:
    """A server that must end when it is asked to, having printed no stack trace."""
    server = Server(folder, settings)
    try:
        api = Api(server.address(), server)
        try:
            yield api
        finally:
            api.close()
        server.stop()
    except BaseException:
        server.kill()
        raise
    assert "Traceback" not in server.output(), server.output()


@pytest.fixture(scope="session")
def remote(pytestconfig: pytest.Config) -> str | None:
    """The address given with `--url`."""
    url: str | None = pytestconfig.getoption("contract_url", default=None)
    return url


@pytest.fixture(scope="session")
def api(remote: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The server under test, shared by all tests."""
    if remote is not None:
        client = Api(remote)
        yield client
        client.close()
        return
    with running(tmp_path_factory.mktemp("shared"), {"AGENTMONITOR_STATS_INTERVAL": "500"}) as own:
        yield own
    assert own.server is not None
    code = own.server.wait()
    assert code == 0, f"SIGTERM gave exit code {code}:\n{own.server.output()}"


@pytest.fixture(scope="session")
def new_folder(remote: str | None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes the folder of a server that a test starts itself."""
    if remote is not None:
        pytest.skip("needs a server with settings of its own, and --url names a running one")
    return lambda: tmp_path_factory.mktemp("own")


@pytest.fixture(scope="session")
def launch(new_folder: Callable[[], Path]) -> Launch:
    """Starts servers with settings of the test's own."""

    def start(
        settings: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> AbstractContextManager[Api]:
        return running(folder or new_folder(), settings or {})

    return start


@pytest.fixture
def agent() -> str:
    """An agent type that only this test uses, so that filters isolate it."""
    return unique("ct-agent")


@pytest.fixture
def session_id() -> str:
    """A session that only this test uses."""
    return unique("ct-s")
