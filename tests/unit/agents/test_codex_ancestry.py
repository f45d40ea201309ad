"""Sub-agents within sub-agents belong to the session at the top of their tree."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.codex.files import SESSION_FILES
from agentmonitor.model.event import Event
from tests.fixtures.codex.build import BEGAN, Rollout, usage, uuid7
from tests.unit.agents.test_codex_rollouts import spent

DAY = 86_400_000
THREADS = [uuid7(BEGAN + number * DAY, number + 1) for number in range(4)]


def spawn(parent: str, depth: int | None) -> dict[str, Any]:
    told = {"parent_thread_id": parent} | ({} if depth is None else {"depth": depth})
    return {"source": {"subagent": {"thread_spawn": told}}, "parent_thread_id": parent}


def tree(home: Path, *, depths: bool = True, **meta: Any) -> list[Path]:
    """Four rollouts, each a day after the one that spawned it."""
    paths = []
    for number, thread in enumerate(THREADS):
        at = BEGAN + number * DAY
        rollout = Rollout(thread, at)
        above = spawn(THREADS[number - 1], number if depths else None) | meta if number else {}
        rollout.meta(**above)
        rollout.turn("Do it", "gpt-c", uuid7(at + 10, 50))
        rollout.tokens(usage(10**number, 0, 0))
        rollout.done()
        folder = home / "sessions" / "2026" / "03" / f"{1 + number:02}"
        folder.mkdir(parents=True)
        path = folder / rollout.name
        path.write_bytes(b"\n".join(rollout.lines) + b"\n")
        paths.append(path)
    return paths


def events(path: Path) -> list[Event]:
    reader = SESSION_FILES.open(path, None)
    return [event for line in path.read_bytes().splitlines() for event in reader.read(line).events]


@pytest.mark.parametrize("depths", [True, False])
def test_every_thread_of_a_tree_is_in_its_session(tmp_path: Path, depths: bool) -> None:
    found = [event for path in tree(tmp_path, depths=depths) for event in events(path)]
    assert {event.session_id for event in found} == {THREADS[0]}
    assert spent(found) == {"gpt-c": (1111, 0, 0, 0)}
    inside = {event.metadata.get("subagent_id") for event in found}
    assert inside == {None, *THREADS[1:]}


def test_the_order_in_which_rollouts_are_read_does_not_matter(tmp_path: Path) -> None:
    paths = tree(tmp_path)
    for order in permutations(paths):
        assert {event.session_id for path in order for event in events(path)} == {THREADS[0]}


def test_a_session_that_is_named_needs_no_look(tmp_path: Path) -> None:
    path = tree(tmp_path, session_id="named")[-1]
    assert {event.session_id for event in events(path)} == {"named"}


def test_an_archived_parent_is_found(tmp_path: Path) -> None:
    paths = tree(tmp_path)
    archive = tmp_path / "archived_sessions"
    archive.mkdir()
    for path in paths[:3]:
        path.rename(archive / path.name)
    assert {event.session_id for event in events(paths[3])} == {THREADS[0]}


def test_a_parent_whose_rollout_is_gone_stands_for_the_session(tmp_path: Path) -> None:
    paths = tree(tmp_path)
    paths[1].unlink()
    assert {event.session_id for event in events(paths[3])} == {THREADS[1]}


@pytest.mark.parametrize("parent", ["*", "../../x", "[", THREADS[3]])
def test_a_parent_that_is_none_does_no_harm(tmp_path: Path, parent: str) -> None:
    path = tree(tmp_path, **spawn(parent, None))[3]
    (session,) = {event.session_id for event in events(path)}
    assert session == (parent if parent != THREADS[3] else THREADS[3])


def test_threads_that_name_each_other_end(tmp_path: Path) -> None:
    paths = tree(tmp_path, depths=False)
    first = Rollout(THREADS[0], BEGAN).meta(**spawn(THREADS[3], None))
    paths[0].write_bytes(b"\n".join(first.lines) + b"\n")
    assert len({event.session_id for event in events(paths[3])}) == 1
