"""Options of the whole test suite."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

HOMES = (
    "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME",
    "CLAUDE_CONFIG_DIR", "CODEX_HOME",
)  # fmt: skip


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background jobs so, and programs under test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-browser",
        action="store_true",
        default=os.environ.get("CI") == "true",
        help="fail, and do not skip, when there is no Chromium",
    )
    parser.addoption(
        "--pictures",
        action="store_true",
        help="write the pictures of docs/tutorial anew (tests/e2e/test_tutorial.py)",
    )


@pytest.fixture(autouse=True, scope="session")
def _no_real_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the home of the person who runs it."""
    home: Path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in HOMES:
            patch.setenv(name, str(home / name.lower()))
        for name in list(os.environ):
            if name.startswith("AGENTMONITOR_"):
                patch.delenv(name)
        yield
