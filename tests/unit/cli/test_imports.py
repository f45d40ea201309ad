"""What a command loads decides how long it takes: it loads what it needs."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from agentmonitor.cli.in_process import ROUTES
from agentmonitor.server.router import Router
from agentmonitor.storage.sqlite.engine import SqliteEngine

SERVING = {
    "agentmonitor.runtime",
    "agentmonitor.pipeline",
    "agentmonitor.importer",
    "agentmonitor.agents.registry",
    "agentmonitor.storage.sqlite.writer",
    "asyncio",
    "http.client",
    "opentelemetry",
    "rich",
    "uvicorn",
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "here.db"
    engine = SqliteEngine(file)
    engine.open()
    engine.close()
    return file


def loaded(script: str, given: str = "") -> set[str]:
    """The modules that a new Python has loaded after ``script``."""
    tell = "\nimport sys; sys.stderr.write('\\n'.join(sys.modules))"
    command = [sys.executable, "-c", script + tell]
    done = subprocess.run(command, input=given, check=True, capture_output=True, text=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["usage"], ["usage", "session"], ["tools"]], ids=" ".join)
def test_a_report_loads_no_server(database: Path, words: list[str]) -> None:
    arguments = [*words, "--json", "--db", str(database)]
    script = (
        "from agentmonitor.cli.group import group\n"
        f"group.main({arguments!r}, standalone_mode=False)"
    )
    found = loaded(script)
    assert "agentmonitor.server.routes.analytics" in found
    assert found & SERVING == set()


def test_the_status_line_loads_next_to_nothing() -> None:
    script = "from agentmonitor.cli.status_text import quickly\nassert quickly(['--no-send'])"
    found = loaded(script, json.dumps({"model": {"display_name": "Big"}}))
    assert "agentmonitor.cli.status_text" in found
    assert found & (SERVING | {"click", "msgspec", "pathlib", "agentmonitor.config"}) == set()


@pytest.mark.parametrize("below", ROUTES)
def test_each_report_is_served_by_the_module_that_is_named(below: str) -> None:
    router = Router()
    import_module(f"agentmonitor.server.routes.{ROUTES[below]}").register(router)
    assert ("GET", f"/api/{below}") in router.routes()
