"""The characters of the demo, and what they do in their hour. All of it is made up."""

from typing import Any

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One tool call. ``lines``: added and removed; ``agent``: a sub-agent that makes it."""

    tool: str
    input: dict[str, Any]
    lines: tuple[int, int] | None = None
    error: str | None = None
    asks: bool = False
    agent: str | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt, the calls it leads to, and how the turn ends."""

    prompt: str
    calls: list[Call]
    answer: str = "Done."
    fails: str | None = None
    question: str | None = None


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """One session of one agent. ``hooks``: the hook path, when it reports by hooks."""

    agent_type: str
    model: str
    project: str
    branch: str
    turns: list[Turn]
    hooks: str | None = None
    enters_at: float = 0.0
    """Seconds after the beginning."""
    leaves: bool = False


def run(command: str, **fields: Any) -> Call:
    """A shell command."""
    return Call(tool="Bash", input={"command": command}, **fields)


def read(path: str, **fields: Any) -> Call:
    """A file that is read."""
    return Call(tool="Read", input={"file_path": path}, **fields)


def edit(path: str, added: int, removed: int) -> Call:
    """A file that is changed."""
    return Call(tool="Edit", input={"file_path": path}, lines=(added, removed))


def shell(command: str, **fields: Any) -> Call:
    """A shell command of an agent that calls its shell so."""
    return Call(tool="shell", input={"command": command}, **fields)


def patch(path: str, added: int, removed: int) -> Call:
    """A patch."""
    return Call(tool="apply_patch", input={"file_path": path}, lines=(added, removed))


CAST = [
    Character(
        agent_type="claude_code",
        hooks="claude-code",
        model="claude-opus-4-5",
        project="harbor-api",
        branch="feat/retry-safe-payments",
        turns=[
            Turn(
                prompt="Make payment writes safe to retry",
                calls=[
                    Call(tool="Grep", input={"pattern": "def record_payment", "path": "src/"}),
                    read("src/payments/writer.py"),
                    edit("src/payments/writer.py", 48, 12),
                    edit("tests/test_writer.py", 64, 3),
                    run("pytest -q tests/test_writer.py", error="Exit code 1: 2 failed, 14 passed"),
                    edit("src/payments/writer.py", 9, 6),
                    run("pytest -q tests/test_writer.py"),
                    run("git push --force-with-lease origin feat/retry-safe-payments", asks=True),
                ],
                answer="Payments now carry a key; a repeated write returns the first result.",
            ),
            Turn(
                prompt="Now review the migration with a second pair of eyes",
                calls=[
                    read("migrations/0042_payment_keys.sql", agent="schema-reviewer"),
                    Call(
                        tool="Grep",
                        input={"pattern": "payment_key"},
                        agent="schema-reviewer",
                    ),
                    run("pytest -q tests/migrations", agent="test-runner"),
                    edit("migrations/0042_payment_keys.sql", 4, 2),
                ],
                question="Backfill old rows in the migration, or in a job afterwards?",
            ),
            Turn(
                prompt="In a job. Write it, 5,000 rows at a time.",
                calls=[
                    Call(tool="Write", input={"file_path": "jobs/backfill_keys.py"}, lines=(71, 0)),
                    run("python -m jobs.backfill_keys --dry-run"),
                    run("docker compose up -d db && make integration", asks=True),
                ],
                answer="The job is in place and a dry run over 18,204 rows took 3 s.",
            ),
        ],
    ),
    Character(
        agent_type="codex",
        model="gpt-5.1-codex",
        project="storefront",
        branch="fix/flaky-checkout-e2e",
        enters_at=40,
        turns=[
            Turn(
                prompt="The checkout end-to-end test fails one time in ten; find out why",
                calls=[
                    shell("pnpm playwright test checkout --repeat-each 20", error="3 of 20 failed"),
                    shell("rg -n waitForTimeout e2e/"),
                    patch("e2e/checkout.spec.ts", 22, 17),
                    patch("src/cart/useTotals.ts", 14, 5),
                    shell("pnpm playwright test checkout --repeat-each 20"),
                ],
                answer="Totals were read before the debounce ended. 20 of 20 runs pass now.",
            ),
            Turn(
                prompt="Generate the API client again and fix the type errors",
                calls=[
                    shell("pnpm openapi generate"),
                    patch("src/client/generated.ts", 212, 96),
                    shell("pnpm tsc --noEmit", error="Exit code 2: 7 type errors in 3 files"),
                    patch("src/cart/summary.tsx", 11, 9),
                    patch("src/account/orders.tsx", 19, 14),
                    shell("pnpm tsc --noEmit"),
                ],
                fails="stream disconnected before completion, 5 retries spent",
            ),
        ],
    ),
    Character(
        agent_type="gemini_cli",
        model="gemini-2.5-pro",
        project="infra-live",
        branch="chore/node-groups-1.33",
        enters_at=90,
        leaves=True,
        turns=[
            Turn(
                prompt="Plan the rotation of the node groups to 1.33",
                calls=[
                    Call(tool="read_file", input={"path": "eks/node_groups.tf"}),
                    Call(tool="run_shell_command", input={"command": "terraform plan -out=tfplan"}),
                    Call(tool="replace", input={"file_path": "eks/node_groups.tf"}, lines=(18, 11)),
                    Call(tool="run_shell_command", input={"command": "terraform validate"}),
                ],
                answer="Two groups at a time, 12 nodes in all; the plan is saved.",
            ),
            Turn(
                prompt="Write the runbook for it",
                calls=[
                    Call(
                        tool="write_file",
                        input={"file_path": "docs/runbooks/rotate-nodes.md"},
                        lines=(83, 0),
                    ),
                ],
                answer="The runbook names each step, how to check it and how to go back.",
            ),
        ],
    ),
    Character(
        agent_type="claude_code",
        hooks="claude-code",
        model="claude-sonnet-4-5",
        project="pipeline-py",
        branch="feat/streaming-export",
        enters_at=150,
        turns=[
            Turn(
                prompt="Stream the nightly export instead of building it in memory",
                calls=[
                    read("exporter/build.py"),
                    edit("exporter/build.py", 121, 88),
                    run("pytest -q tests/exporter -x"),
                    run("python -m exporter --rows 1000000 --profile"),
                    edit("exporter/writer.py", 37, 20),
                    run("ruff check . && mypy exporter"),
                ],
                answer="Memory at a million rows fell from 2.1 GB to 140 MB.",
            ),
            Turn(
                prompt="Do the same for the weekly report",
                calls=[read("reports/weekly.py"), edit("reports/weekly.py", 54, 61)],
                fails="rate_limit",
            ),
        ],
    ),
]
