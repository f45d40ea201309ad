"""The command that runs a module of ours in a process of its own."""

import sys


def module_command(module: str, *words: str) -> list[str]:
    """For ``subprocess``, which raises OSError where Python does not know its own path.

    Without -P, Python would first look for the module in the folder that the user is in.
    """
    return [sys.executable or "", "-P", "-m", module, *words]
