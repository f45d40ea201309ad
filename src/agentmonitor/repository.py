"""The project and the branch of a folder, by reading files: git is never run.

Imports next to nothing: the status line, for which an agent waits, needs it too.
"""

import os

_MAX_HEAD = 4096


def project_and_branch(folder: str) -> tuple[str | None, str | None]:
    """The project (the git root's or the folder's name) and the branch of ``folder``.

    A linked worktree belongs to the project of its main repository. Without a branch (a detached
    head, no repository) that is None.
    """
    candidate = folder
    while True:
        git = os.path.join(candidate, ".git")
        try:
            if os.path.isdir(git):
                return os.path.basename(candidate) or None, _branch(git)
            if os.path.isfile(git):
                return _linked(candidate, git)
        except (OSError, ValueError):
            # What may not be read, or names no path, is no repository for us.
            pass
        above = os.path.dirname(candidate)
        if above == candidate:
            return os.path.basename(folder) or None, None
        candidate = above


def _linked(root: str, pointer: str) -> tuple[str | None, str | None]:
    """A worktree or submodule: ``.git`` is a file that says where the repository is."""
    name = os.path.basename(root)
    text = _head_of(pointer)
    if not text.startswith("gitdir:"):
        return name or None, None
    git = os.path.realpath(os.path.join(root, text.removeprefix("gitdir:").strip()))
    common = os.path.join(git, "commondir")
    if os.path.isfile(common):
        main = os.path.realpath(os.path.join(git, _head_of(common)))
        parent, last = os.path.split(main)
        # What lies in ".git", or bare in ".bare", is its folder's; "shop.git" names itself.
        name = os.path.basename(parent) if last.startswith(".") else last.removesuffix(".git")
    return name or None, _branch(git)


def _branch(git: str) -> str | None:
    head = _head_of(os.path.join(git, "HEAD"))
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None


def _head_of(file: str) -> str:
    with open(file, "rb") as stream:
        return stream.read(_MAX_HEAD).decode("utf-8", "replace").strip()
