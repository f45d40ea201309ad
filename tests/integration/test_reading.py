"""Session files that another process reads are stored as if this one had read them."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.config import load_settings
from agentmonitor.importer import remote
from agentmonitor.importer.history import AgentOutcome, History, Progress, find_files
from agentmonitor.importer.live import Live
from agentmonitor.importer.remote import RemoteImporter
from agentmonitor.importer.request import ImportRequest, run_import
from agentmonitor.model.clock import now_ms, to_iso
from agentmonitor.model.filters import SessionFilter
from agentmonitor.runtime import Runtime
from agentmonitor.witnesses import Witnesses
from tests.integration.claude_sessions import encoded, lines_of
from tests.integration.test_import import made_up, written
from tests.unit.storage.sqlite.audit import assert_sound, rows

FIXTURES = Path(__file__).parents[1] / "fixtures"
EVENTS = "SELECT * FROM events ORDER BY id"
SESSIONS = "SELECT id, events, tokens_out, cost_nano, title FROM sessions ORDER BY key"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with files of three agents, sound and broken, of which one cannot be read at all."""
    folder = tmp_path / "home"
    written(folder, made_up(30))
    (folder / "claude").rename(folder / ".claude")
    rollouts = folder / ".codex/sessions/2026/03/01"
    shutil.copytree(FIXTURES / "codex/rollouts", rollouts)
    broken = folder / ".claude/projects/-home-dev-p0/broken.jsonl"
    long = lines_of(made_up(1)[0])
    long[0]["message"]["content"] = "token=aB3aB3aB3aB3 " * 3000
    broken.write_bytes(b'{"type":"user"\n' + encoded(long).replace(b'"s0"', b'"long"'))
    (
        rollouts / "rollout-2026-03-01T10-00-00-019ca500-0000-7000-8000-00000000dead.jsonl.zst"
    ).write_bytes(b"no such thing")
    return folder


@contextmanager
def runtime(home: Path, name: str) -> Iterator[Runtime]:
    environ = {"HOME": str(home), "AGENTMONITOR_DB_PATH": str(home.parent / name)}
    made = Runtime(load_settings(environ))
    made.open()
    try:
        yield made
    finally:
        made.workspaces.close()
        made.close()


def imported(
    home: Path, name: str, tell: Callable[[Progress], None] = lambda told: None
) -> list[AgentOutcome]:
    with runtime(home, name) as made:
        outcome = run_import(ImportRequest(), made.import_sources(), tell)
    assert outcome.finished
    return outcome.agents


def content(home: Path, name: str) -> dict[str, Any]:
    """What of a database does not depend on when it was made."""
    path = home.parent / name
    return {
        "events": [row | {"lag": None} for row in rows(path, EVENTS)],
        "sessions": rows(path, SESSIONS),
        "names": rows(path, "SELECT * FROM names"),
        "contents": rows(path, "SELECT * FROM contents"),
        "keys": rows(path, "SELECT * FROM activity_keys_all ORDER BY key"),
        "marks": rows(path, "SELECT * FROM file_marks ORDER BY path"),
        "quotas": rows(path, "SELECT * FROM quotas"),
    }


@pytest.fixture
def helped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemoteImporter, "is_worth", lambda self, size: size > 0)


@pytest.mark.usefixtures("helped")
def test_it_comes_to_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes: list[int] = []

    def note(told: Progress) -> None:
        processes.append(len(children()))

    helped = imported(home, "helped.db", note)
    assert max(processes) == 1
    assert children() == []
    again = imported(home, "helped.db", note)
    monkeypatch.setattr(RemoteImporter, "is_worth", lambda self, size: False)
    alone = imported(home, "alone.db")
    assert helped == alone
    assert sum(agent.unreadable for agent in alone) > 0
    assert sum(agent.failed for agent in alone) == 1
    assert sum(agent.new for agent in again) == 0
    assert content(home, "helped.db") == content(home, "alone.db")
    assert_sound(home.parent / "helped.db")


@pytest.mark.usefixtures("helped")
def test_what_happens_now_is_read_where_it_is_known_who_else_tells_of_it(home: Path) -> None:
    now, folder = now_ms(), home / ".claude/projects/-home-dev-p0"
    lines = [line | {"timestamp": to_iso(now)} for line in lines_of(made_up(1)[0])]
    fresh, resumed = folder / "fresh.jsonl", folder / "resumed.jsonl"
    fresh.write_bytes(encoded(lines).replace(b'"s0"', b'"fresh"'))
    before = lines_of(made_up(31)[30])
    resumed.write_bytes(encoded(before))
    for path in home.rglob("*.jsonl*"):
        if path != fresh:
            age = 86_400 if path == resumed else 90_000
            os.utime(path, (now / 1000 - age, now / 1000 - age))
    with runtime(home, "live.db") as made:
        agents = [agent for agent in made.registry.agents if agent.has_sessions]
        live, helpers = Live(60_000, Witnesses()), set[int]()

        def tell(told: Progress) -> None:
            helpers.update(children())
            if told.files == 1:  # somebody goes on with a session that was found a while ago
                later = before[0] | {"uuid": "later", "promptId": "later", "timestamp": to_iso(now)}
                resumed.write_bytes(encoded([*before, later]))

        history = History(made.importer(), {}, remote=made.remote_importer(), live=live)
        history.run(find_files(agents, made.settings.folders), agents, tell)
        states = {row.id: row.status for row in made.engine.sessions(SessionFilter(), 0)[0]}
    assert len(helpers) == 1
    assert {name for name, status in states.items() if status == "active"} == {"fresh", "s30"}


def children() -> list[int]:
    """The processes that this one has started."""
    told = Path(f"/proc/self/task/{os.getpid()}/children")
    if not told.exists():
        pytest.skip("this system does not tell who started whom")
    return [int(number) for number in told.read_text().split()]


@pytest.mark.usefixtures("helped")
@pytest.mark.parametrize("fate", ["cannot start", "dies at once", "dies later"])
def test_without_the_other_process_nothing_is_lost(
    home: Path, fate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(told: Progress) -> None:
        for process in children():
            os.kill(process, signal.SIGKILL)

    if fate == "cannot start":
        monkeypatch.setattr(sys, "executable", str(home / "no such program"))
    elif fate == "dies at once":
        monkeypatch.setattr(remote, "MODULE", "agentmonitor.no_such_module")
    helped = imported(home, "helped.db", kill if fate == "dies later" else lambda told: None)
    monkeypatch.undo()
    alone = imported(home, "alone.db")
    assert helped == alone
    assert content(home, "helped.db") == content(home, "alone.db")
