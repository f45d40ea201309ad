"""Running the programs that manage services."""

import subprocess
from collections.abc import Sequence

from agentmonitor.errors import AgentMonitorError

TIMEOUT_S = 60


class Failed(AgentMonitorError):
    """A program could not do it; ``reason`` is what it said, as a sentence."""

    def __init__(self, command: Sequence[str], reason: str) -> None:
        self.reason = reason if reason.endswith((".", "!")) else f"{reason}."
        super().__init__(f"'{' '.join(command)}' failed: {self.reason}")


def run(command: Sequence[str]) -> str:
    """What ``command`` prints. Raises Failed with its own words when it exits with another code
    than 0, is not there, or takes longer than a minute."""
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
            list(command),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(command, f"it did not end within {TIMEOUT_S} s") from None
    except OSError as error:
        raise Failed(command, f"it cannot be run ({error.strerror})") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
        raise Failed(command, said or f"exit code {done.returncode}")
    return done.stdout.decode("utf-8", "replace")
