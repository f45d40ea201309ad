"""From a working folder to a project and a branch, without git and without waiting."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agentmonitor.workspace import FRESH_S, NOWHERE, Workspace, Workspaces, inspect


def repository(root: Path, head: str = "ref: refs/heads/main\n") -> Path:
    """What ``git init`` leaves, as far as it matters."""
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text(head)
    return root


def worktree(main: Path, root: Path, head: str) -> Path:
    """What ``git worktree add`` leaves."""
    private = main / ".git" / "worktrees" / root.name
    private.mkdir(parents=True)
    (private / "HEAD").write_text(head)
    (private / "commondir").write_text("../..\n")
    root.mkdir(parents=True)
    (root / ".git").write_text(f"gitdir: {private}\n")
    return root


def test_a_repository_and_its_folders(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", "ref: refs/heads/feature/cart-totals\n")
    deep = root / "src" / "cart"
    deep.mkdir(parents=True)
    for folder in (root, deep, root / "not" / "there" / "yet"):
        assert inspect(folder) == Workspace("shop", "feature/cart-totals")


def test_a_worktree_belongs_to_the_project_of_its_main_repository(tmp_path: Path) -> None:
    main = repository(tmp_path / "shop")
    tree = worktree(main, tmp_path / "elsewhere" / "bold-oak", "ref: refs/heads/fix/a\n")
    (tree / "src").mkdir()
    assert inspect(tree / "src") == Workspace("shop", "fix/a")
    assert inspect(main) == Workspace("shop", "main")


@pytest.mark.parametrize("bare", ["shop.git", "shop/.bare"])
def test_a_worktree_of_a_bare_repository(tmp_path: Path, bare: str) -> None:
    private = tmp_path / bare / "worktrees" / "w"
    private.mkdir(parents=True)
    (private / "HEAD").write_text("ref: refs/heads/main")
    (private / "commondir").write_text("../..")
    tree = tmp_path / "w"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {private}")
    assert inspect(tree) == Workspace("shop", "main")


def test_a_submodule_is_a_project_of_its_own(tmp_path: Path) -> None:
    outer = repository(tmp_path / "shop")
    private = outer / ".git" / "modules" / "libs" / "money"
    private.mkdir(parents=True)
    (private / "HEAD").write_text("ref: refs/heads/stable")
    inner = outer / "libs" / "money"
    inner.mkdir(parents=True)
    (inner / ".git").write_text("gitdir: ../../.git/modules/libs/money")
    assert inspect(inner) == Workspace("money", "stable")


def test_a_detached_head_has_no_branch(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", "4f2b8c1e7d444a0b9c550e6f1a2b3c4d5e6f7a8b\n")
    assert inspect(root) == Workspace("shop", None)


def test_without_a_repository_the_folder_names_the_project(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    assert inspect(folder) == Workspace("notes", None)
    assert inspect(Path("/")) == NOWHERE


@pytest.mark.parametrize(
    "pointer",
    [b"", b"nonsense", b"gitdir: ../nowhere", b"gitdir: a\0b", b"gitdir: loop", b"gitdir:",
     b"\xff\xfe\x00", b"gitdir: " + b"x" * 9000],
)  # fmt: skip
def test_a_broken_pointer_breaks_nothing(tmp_path: Path, pointer: bytes) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "loop").symlink_to("loop")
    (root / ".git").write_bytes(pointer)
    assert inspect(root).branch is None


def test_a_head_that_cannot_be_read_breaks_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    (root / ".git" / "HEAD").unlink()
    assert inspect(root).branch is None
    (root / ".git" / "HEAD").mkdir()
    assert inspect(root).branch is None
    assert inspect(Path("/" + "x" * 300) / "a").branch is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_has_no_repository(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    (root / ".git").chmod(0o000)
    try:
        assert inspect(root).branch is None
    finally:
        (root / ".git").chmod(0o700)


def test_a_look_up_that_hangs_is_not_waited_for_and_arrives_later() -> None:
    release = threading.Event()

    def find(folder: Path) -> Workspace:
        release.wait(60)
        return Workspace(folder.name, "main")

    async def story() -> None:
        workspaces = Workspaces(find)
        found, running = await workspaces.look_up("/w/shop")
        assert found == NOWHERE
        assert running is not None
        again, same = await workspaces.look_up("/w/shop")
        assert (again, same) == (NOWHERE, running)
        release.set()
        assert await running == Workspace("shop", "main")
        assert await workspaces.look_up("/w/shop") == (Workspace("shop", "main"), None)
        workspaces.close()

    asyncio.run(story())


def test_what_is_known_is_given_while_a_new_look_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    release, branches = threading.Event(), iter(["old", "new"])

    def find(_: Path) -> Workspace:
        branch = next(branches)
        if branch == "new":
            release.wait(60)
        return Workspace("shop", branch)

    async def story() -> None:
        workspaces = Workspaces(find)
        _, running = await workspaces.look_up("/w/shop")
        assert (await running if running else True) is not None
        monkeypatch.setattr("agentmonitor.workspace.FRESH_S", -1.0)
        found, running = await workspaces.look_up("/w/shop")
        assert found == Workspace("shop", "old")
        assert running is not None
        release.set()
        assert await running == Workspace("shop", "new")
        workspaces.close()

    asyncio.run(story())
    assert FRESH_S > 0


def test_a_look_up_that_fails_finds_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def find(_: Path) -> Workspace:
        raise RuntimeError("a strange file system")

    async def story() -> None:
        workspaces = Workspaces(find)
        found, running = await workspaces.look_up("/w/shop")
        assert found == NOWHERE
        assert running is None or await running == NOWHERE
        workspaces.close()

    asyncio.run(story())
    assert "strange" in caplog.text


@pytest.mark.parametrize(
    "cwd", ["", "relative/path", "C:\\shop", "~/shop", "/a\0b", "/" + "x" * 5000]
)
def test_what_is_no_path_here_is_not_looked_up(cwd: str) -> None:
    def find(_: Path) -> Workspace:
        raise AssertionError

    async def story() -> None:
        workspaces = Workspaces(find)
        assert await workspaces.look_up(cwd) == (NOWHERE, None)
        workspaces.close()

    asyncio.run(story())


def test_a_look_up_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    script = """
import asyncio, threading
from agentmonitor.workspace import Workspaces
async def story():
    workspaces = Workspaces(lambda folder: threading.Event().wait())
    _, running = await workspaces.look_up("/w/shop")
    assert running is not None
    workspaces.close()
asyncio.run(story())
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
