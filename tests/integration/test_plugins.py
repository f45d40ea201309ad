"""The guide's example of an agent, installed by pip, next to one that is broken."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx

from tests.contract.client import eventually
from tests.contract.server import Server
from tests.docs.test_docs import BLOCK

GUIDE = Path(__file__).parents[2] / "docs/how-to/add-an-agent.md"


def block(language: str) -> str:
    """The guide's one block in a language."""
    blocks = [
        (indent, text)
        for indent, name, text in BLOCK.findall(GUIDE.read_text("utf-8"))
        if name == language
    ]
    ((indent, text),) = blocks
    return textwrap.dedent(text) if indent else text


def install(package: Path, target: Path) -> None:
    """As ``pip install`` does, into a folder, with nothing fetched."""
    command = ["install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command, "--target", str(target), str(package)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_guides_agent_is_one_like_the_others_and_a_broken_one_is_left_out(
    tmp_path: Path,
) -> None:
    package, target = tmp_path / "acme-agent", tmp_path / "site"
    package.mkdir()
    (package / "pyproject.toml").write_text(block("toml"))
    (package / "acme_agent.py").write_text(block("python"))
    install(package, target)
    broken = target / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[agentmonitor.agents]\nx = no_such_module:AGENT\n")

    file = tmp_path / ".acme/sessions/demo.jsonl"
    file.parent.mkdir(parents=True)
    first, *later = block("jsonl").splitlines(keepends=True)
    file.write_text(first)
    settings = {"PYTHONPATH": str(target), "AGENTMONITOR_AUTO_IMPORT_MINUTES": "10"}
    server = Server(tmp_path, settings)
    try:
        address = server.address()
        with httpx.Client(base_url=address) as api:
            agents = {row["agent_type"]: row for row in api.get("/api/agents").json()["agents"]}
            assert (agents["acme"]["label"], agents["acme"]["short"]) == ("Acme", "Ac")
            assert "claude_code" in agents

            def event_types() -> list[str]:
                rows = api.get("/api/events", params={"agent_type": "acme"}).json()["events"]
                return sorted(row["event_type"] for row in rows)

            assert eventually(lambda: event_types() == ["user_prompt"])
            answer = api.post("/api/hooks/acme", json=json.loads(block("json")))
            assert (answer.status_code, answer.content) == (200, b"")
            session = api.get("/api/sessions/demo").json()["session"]
            assert (session["agent_type"], session["state"]) == ("acme", "permission")
            assert session["state_detail"] == "May I run make deploy?"
            with file.open("a") as appended:
                appended.writelines(later)
            everything = ["llm_response", "permission_request", "user_prompt"]
            assert eventually(lambda: event_types() == everything)
            session = api.get("/api/sessions/demo").json()["session"]
            assert (session["tokens_in"], session["tokens_out"]) == (900, 40)
            assert session["total_cost_usd"] > 0
            assert session["state"] == "permission"  # the file tells of the past

            refused = api.post("/api/hooks/acme", json={"session": "demo"})
            assert refused.status_code == 400
            assert "Acme" in refused.json()["error"]
        assert server.stop() == 0
    finally:
        server.kill()
    said = server.output()
    assert said.count("is left out") == 1
    assert "uninstall the package 'broken'" in said
    assert "Traceback" not in said
