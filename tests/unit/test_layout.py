"""Rules of the source tree that a machine can hold."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "agentmonitor"
FILES = sorted(SRC.rglob("*.py"))
SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+(OR\s+\w+\s+)?INTO\b|\bUPDATE\b.+\bSET\b"
    r"|\bDELETE\s+FROM\b|\bCREATE\s+(TABLE|INDEX)\b|\bPRAGMA\b",
    re.DOTALL,
)
AGENTS = ("claude_code", "codex", "copilot_cli", "droid", "gemini_cli", "goose", "opencode")
HEAVY = ("rich", "platformdirs", "hashlib", "http.client", "playwright", "pydantic", "jsonschema",
         "xml", "unittest", "importlib.metadata", "agentmonitor.cli",
         "agentmonitor.demo")  # fmt: skip


def name(file: Path) -> str:
    return file.relative_to(SRC).as_posix()


def texts(file: Path) -> list[str]:
    """Every string in the code, docstrings left out."""
    tree = ast.parse(file.read_text("utf-8"))
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]


def test_the_rules_see_the_source() -> None:
    assert len(FILES) > 40
    assert any(SQL.search(text) for text in texts(SRC / "storage/sqlite/maintain.py"))
    assert not SQL.search("Select a file from the list; update the set.")


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_file_is_longer_than_300_lines(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 300


@pytest.mark.parametrize("file", FILES, ids=name)
def test_only_config_reads_the_environment(file: Path) -> None:
    if name(file) == "config/environment.py":
        return
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("environ", "environb", "getenv"), node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            assert not {"environ", "getenv"} & {alias.name for alias in node.names}, node.lineno


@pytest.mark.parametrize("file", FILES, ids=name)
def test_only_storage_speaks_sql(file: Path) -> None:
    """And the one module that reads other programs' databases."""
    if not name(file).startswith(("storage/", "foreign.py")):
        assert [text for text in texts(file) if SQL.search(text)] == []


@pytest.mark.parametrize("file", FILES, ids=name)
def test_an_agent_is_named_only_where_it_lives(file: Path) -> None:
    if name(file) in ("agents/registry.py", "bench/mix.py", "demo/cast.py"):
        return
    for agent in AGENTS:
        if not name(file).startswith((f"agents/{agent}/", f"agents/{agent}.py")):
            assert [text for text in texts(file) if agent in text] == []


def test_the_server_starts_without_what_it_does_not_need() -> None:
    """Every module costs time at the start and memory for ever."""
    script = "import sys, agentmonitor.server.serve; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "agentmonitor.server.app" in loaded
    assert loaded & set(HEAVY) == set()


def test_importing_touches_no_disk_outside_the_package(tmp_path: Path) -> None:
    script = "import agentmonitor.server.serve, agentmonitor.cli.main"
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert list(tmp_path.iterdir()) == []
