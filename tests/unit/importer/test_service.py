"""The server's own import: history first, then files as they grow."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agentmonitor.agents.registry import Registry
from agentmonitor.bus import Bus
from agentmonitor.config import load_settings
from agentmonitor.importer import service
from agentmonitor.importer.batches import Ways
from agentmonitor.importer.history import ImportOutcome
from agentmonitor.importer.importer import Importer
from agentmonitor.importer.live import Live
from agentmonitor.importer.remote import RemoteImporter
from agentmonitor.importer.service import FileService
from agentmonitor.metadata import Rules
from agentmonitor.model.clock import now_ms
from agentmonitor.model.filters import SessionFilter
from agentmonitor.paths import Folders
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from agentmonitor.witnesses import Witnesses
from tests.unit.importer.notes import NOTES, line
from tests.unit.storage.store import ENGINES, Store, opened

PATIENCE_S = 20


@asynccontextmanager
async def serving(store: Store, home: Path) -> AsyncIterator[list[ImportOutcome]]:
    pipeline = Pipeline(
        store.engine, Bus(), Pricer(), Rules(max_bytes=10_000, edit_tools=frozenset())
    )
    pipeline.attach(asyncio.get_running_loop())
    outcomes: list[ImportOutcome] = []
    importer = Importer(
        Ways(
            sink=pipeline.ingest_from_thread,
            locate=lambda cwd: None,
            put_quotas=lambda quotas: None,
        )
    )
    remote = RemoteImporter(
        pipeline.ingest_from_thread, lambda quotas: None, span=None, batch=1,
        settings=load_settings({}),
    )  # fmt: skip
    files = FileService(
        store.engine, Registry([NOTES]), Folders(home), importer, lambda: remote,
        Live(60_000, Witnesses()), outcomes.append,
    )  # fmt: skip
    files.start(asyncio.get_running_loop())
    await until(lambda: bool(outcomes))
    try:
        yield outcomes
    finally:
        files.stop()
        await asyncio.to_thread(files.join)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.01)


def states(store: Store) -> dict[str, str]:
    return {row.id: row.status for row in store.engine.sessions(SessionFilter(), 0)[0]}


@pytest.mark.parametrize("told_by", ["the kernel", "looking"])
def test_history_is_imported_and_files_are_followed(
    told_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told_by == "looking":
        monkeypatch.setattr(service, "sys", type("other", (), {"platform": "other"}))
        monkeypatch.setattr(service, "POLL_S", 0.02)
    folder = tmp_path / "notes"
    folder.mkdir()
    old = folder / "old.jsonl"
    old.write_bytes(line(1, session="old"))

    async def story(store: Store) -> None:
        async with serving(store, tmp_path) as outcomes:
            assert outcomes[0].new == 1
            assert states(store) == {"old": "ended"}
            with old.open("ab") as file:
                file.write(line(2, session="old", at=now_ms()))
            await until(lambda: states(store)["old"] == "active")
            (folder / "sub").mkdir()
            (folder / "sub/new.jsonl").write_bytes(line(3, session="new", at=now_ms()))
            await until(lambda: states(store).get("new") == "active")
        async with serving(store, tmp_path) as outcomes:
            assert (outcomes[0].new, outcomes[0].agents[0].known) == (0, 2)

    with opened(ENGINES["sqlite"], tmp_path / "a.db") as store:
        asyncio.run(story(store))
        assert store.engine.stats(None, None).total_events == 3


def test_an_agent_whose_folder_comes_later_is_live_too(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        async with serving(store, tmp_path):
            (tmp_path / "notes").mkdir()
            (tmp_path / "notes/a.jsonl").write_bytes(line(1, session="s", at=now_ms()))
            await until(lambda: states(store).get("s") == "active")

    with opened(ENGINES["sqlite"], tmp_path / "a.db") as store:
        asyncio.run(story(store))
