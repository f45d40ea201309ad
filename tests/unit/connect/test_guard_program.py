"""The guard, run as agents run it: by a shell, with any Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentmonitor.connect.programs import Programs


def pythons() -> list[str]:
    """Every interpreter that runs here, by its own path."""
    found = [sys.executable]
    for minor in range(6, 20):
        path = shutil.which(f"python3.{minor}")
        if path is not None:
            script = "import sys; print(sys.executable)"
            run = subprocess.run([path, "-c", script], capture_output=True, text=True, check=False)
            found += [run.stdout.strip()] if run.returncode == 0 else []
    return found


@pytest.mark.parametrize("python", pythons())
def test_it_runs_by_itself_with_any_python(python: str, tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    programs.install()
    script = programs.folder / "guard"
    script.write_text(script.read_text().replace(sys.executable, python))
    for command, refuses in (("rm -rf ~", True), ("rm -rf node_modules", False)):
        call = {"tool_name": "Bash", "cwd": str(tmp_path), "tool_input": {"command": command}}
        done = subprocess.run(
            ["sh", "-c", programs.guard("permission")],
            input=json.dumps(call),
            capture_output=True,
            text=True,
            check=True,
            env={"HOME": str(tmp_path / "home"), "PATH": os.defpath},
        )
        assert ("deny" in done.stdout) == refuses
        assert refuses or done.stdout == ""
        assert done.stderr == ""


def test_what_it_cannot_understand_goes_on(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    programs.install()
    for payload in (b"", b"nonsense", b"[]", b'{"tool_input": 3}', b"\xff"):
        done = subprocess.run(
            ["sh", "-c", programs.guard("decision")], input=payload, capture_output=True, check=True
        )
        assert (done.stdout, done.stderr) == (b"", b"")
    programs.uninstall()
    gone = subprocess.run(
        ["sh", "-c", programs.guard("decision")], input=b"{}", capture_output=True, check=False
    )
    assert gone.returncode == 0
