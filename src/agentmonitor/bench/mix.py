"""The event mix that every workload shares: what three agents do on a working day.

About 60 % tool calls, 25 % model answers with tokens, the rest prompts, file changes, errors and
the like; metadata of about 100 bytes; event ids of 36 characters. Deterministic by seed.
"""

import random
from dataclasses import dataclass
from itertools import accumulate

Wire = dict[str, object]
"""An event as a client sends it (contract v1)."""

COMMON_TOOL = "Bash"
RARE_TOOL = "NotebookEdit"
COMMON_AGENT = "claude_code"

_MODELS = {
    "claude_code": (("claude-sonnet-4-5", 60), ("claude-opus-4-1", 25), ("claude-haiku-4-5", 15)),
    "codex": (("gpt-5", 60), ("gpt-5-mini", 40)),
    "gemini_cli": (("gemini-2.5-pro", 70), ("gemini-2.5-flash", 30)),
}
_TOOLS = {
    "claude_code": (
        ("Bash", 30), ("Edit", 20), ("Read", 22), ("Grep", 12), ("Write", 6), ("Glob", 4),
        ("Task", 3), ("WebFetch", 2), ("TodoWrite", 1),
    ),
    "codex": (("Bash", 55), ("apply_patch", 30), ("update_plan", 15)),
    "gemini_cli": (
        ("run_shell_command", 40), ("read_file", 30), ("replace", 20), ("google_web_search", 10),
    ),
}  # fmt: skip
_AGENTS = (("claude_code", 60), ("codex", 28), ("gemini_cli", 12))
_TYPES = (
    ("tool_use", 600), ("llm_response", 250), ("user_prompt", 40), ("response", 35),
    ("file_change", 30), ("error", 20), ("llm_request", 12), ("plan_step", 8), ("git_commit", 5),
)  # fmt: skip
_PROJECTS = (
    "shop-frontend", "billing", "ingest-service", "docs", "mobile-app", "infrastructure",
    "design-system", "search", "auth-gateway", "data-warehouse", "cli-tools", "playground",
)  # fmt: skip
_BRANCHES = ("main", "main", "main", "develop", "feature/export", "feature/login", "fix/timeouts",
             "fix/flaky-test", "refactor/storage", "release/2.4")  # fmt: skip
_COMMANDS = ("pytest tests/unit -q -x", "git diff --stat HEAD~1", "npm run build --silent",
             "ruff check src tests", "ls -la src/components", "docker compose ps --format json",
             "make test", "rg --files -g '*.py' src")  # fmt: skip
_PROMPTS = ("Please make the failing test pass without changing what it asserts",
            "Why does the export stop after the first page? Find out and fix it",
            "Add pagination to the list of invoices, as in the list of orders")  # fmt: skip
_EDITS = frozenset({"Edit", "Write", "apply_patch", "replace"})
_READS = frozenset({"Read", "Grep", "Glob", "read_file"})
_SHELLS = frozenset({"Bash", "run_shell_command"})


@dataclass(frozen=True, slots=True)
class Session:
    """What all events of one session have in common."""

    session_id: str
    agent_type: str
    project: str
    branch: str
    model: str


class Mix:
    """Makes sessions and events. The same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._choices = {
            name: ([value for value, _ in pairs], list(accumulate(weight for _, weight in pairs)))
            for name, pairs in (
                [("agent", _AGENTS), ("type", _TYPES)]
                + [(f"model {agent}", pairs) for agent, pairs in _MODELS.items()]
                + [(f"tool {agent}", pairs) for agent, pairs in _TOOLS.items()]
            )
        }

    def session(self) -> Session:
        """A new session of any agent."""
        agent = self._pick("agent")
        return Session(
            session_id=uuid_text(self._random),
            agent_type=agent,
            project=self._random.choice(_PROJECTS),
            branch=self._random.choice(_BRANCHES),
            model=self._pick(f"model {agent}"),
        )

    def event(self, session: Session) -> Wire:
        """An event of ``session`` as it is sent, without ``event_id`` and ``client_timestamp``."""
        kind = self._pick("type")
        event: Wire = {
            "session_id": session.session_id,
            "agent_type": session.agent_type,
            "event_type": kind,
            "project": session.project,
            "branch": session.branch,
            "source": "hook",
        }
        if kind == "tool_use":
            self._tool_use(event, self._pick(f"tool {session.agent_type}"))
        elif kind == "llm_response":
            self._llm_response(event, session.model)
        else:
            event["metadata"] = self._metadata(kind)
            if kind == "error":
                event["status"] = "error"
        return event

    def rare(self, session: Session) -> Wire:
        """A call of the tool that hardly anybody uses."""
        event = self.event(session) | {"event_type": "tool_use"}
        for name in ("model", "tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens"):
            event.pop(name, None)
        self._tool_use(event, RARE_TOOL)
        return event

    def _tool_use(self, event: Wire, tool: str) -> None:
        rng = self._random
        draw = rng.random()
        event["tool_name"] = tool
        event["status"] = "error" if draw < 0.06 else "timeout" if draw < 0.065 else "success"
        event["duration_ms"] = int(rng.lognormvariate(5.5, 1.3))
        event["metadata"] = self._metadata(tool)

    def _llm_response(self, event: Wire, model: str) -> None:
        rng = self._random
        event["model"] = model
        event["tokens_in"] = int(rng.lognormvariate(6.5, 1))
        event["tokens_out"] = int(rng.lognormvariate(6, 0.9))
        event["cache_read_tokens"] = int(rng.lognormvariate(10.3, 0.7))
        event["cache_write_tokens"] = int(rng.lognormvariate(6.8, 1))
        event["duration_ms"] = int(rng.lognormvariate(8.5, 0.7))
        event["metadata"] = {
            "stop_reason": rng.choice(("end_turn", "tool_use", "max_tokens")),
            "request_id": f"req_{rng.getrandbits(96):024x}",
            "service_tier": "standard",
        }

    def _metadata(self, subject: str) -> Wire:
        rng = self._random
        call = f"toolu_{rng.getrandbits(96):024x}"
        if subject in _SHELLS:
            return {"command": rng.choice(_COMMANDS), "tool_use_id": call, "exit_code": 0}
        if subject in _EDITS or subject == RARE_TOOL:
            return {"file_path": self._path(), "tool_use_id": call} | self._lines()
        if subject in _READS:
            return {"file_path": self._path(), "tool_use_id": call, "lines": rng.randrange(900)}
        if subject == "file_change":
            return {"file_path": self._path(), "change": "modified"} | self._lines()
        if subject == "error":
            return {"message": "The connection was closed by the other side", "code": "ECONNRESET",
                    "attempt": rng.randrange(1, 4), "request": call}  # fmt: skip
        return {"message": rng.choice(_PROMPTS), "reference": call[:16]}

    def _lines(self) -> Wire:
        rng = self._random
        return {"lines_added": rng.randrange(40), "lines_removed": rng.randrange(20)}

    def _path(self) -> str:
        rng = self._random
        return f"/src/app/module_{rng.randrange(40):02d}/component_{rng.randrange(8)}.py"

    def _pick(self, name: str) -> str:
        values, weights = self._choices[name]
        return self._random.choices(values, cum_weights=weights)[0]


def uuid_text(rng: random.Random) -> str:
    """A random UUID: 36 characters."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
