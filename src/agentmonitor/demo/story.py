"""The story: who works on what, told turn by turn with a seeded random source."""

import random
from typing import Any

import msgspec

from agentmonitor.demo.cast import CAST, Character, Turn

HOUR_S = 3600.0


class Step(msgspec.Struct, frozen=True):
    """One HTTP call: seconds after the beginning, path and JSON body."""

    at: float
    path: str
    body: dict[str, Any]


def story(seed: int) -> list[Step]:
    """An hour of all characters, in the order of time."""
    source = random.Random(seed)  # noqa: S311 - a story needs no secrecy
    steps: list[Step] = []
    for number, character in enumerate(CAST):
        session_id = f"demo-{seed}-{number}"
        teller = _HookTeller if character.hooks else _ApiTeller
        steps += teller(character, session_id, random.Random(source.random())).tell()  # noqa: S311
    return sorted(steps, key=lambda step: step.at)


class _Teller:
    """Tells one character's hour."""

    def __init__(self, character: Character, session_id: str, source: random.Random) -> None:
        self.character = character
        self.session_id = session_id
        self.random = source
        self.now = character.enters_at
        self.calls = 0
        self.steps: list[Step] = []

    def tell(self) -> list[Step]:
        """Every turn, until the hour is over."""
        self.enter()
        for turn in self.character.turns:
            if self.now >= HOUR_S:
                break
            self.turn(turn)
            self.wait(20, 120)
        if self.character.leaves:
            self.leave()
        return [step for step in self.steps if step.at <= HOUR_S]

    def wait(self, least: float, most: float) -> float:
        """Let time pass; how much."""
        passed = self.random.uniform(least, most)
        self.now += passed
        return passed

    def enter(self) -> None:
        """The session begins."""

    def turn(self, turn: Turn) -> None:
        """One prompt and what follows from it."""

    def leave(self) -> None:
        """The session ends."""

    def event(self, event_type: str, **fields: Any) -> None:
        """Report an event over the plain API."""
        body = {
            "session_id": self.session_id,
            "agent_type": self.character.agent_type,
            "event_type": event_type,
            "project": self.character.project,
            "branch": self.character.branch,
            "event_id": f"{self.session_id}-{len(self.steps)}",
        }
        self.steps.append(Step(self.now, "/api/events", body | fields))

    def request(self) -> None:
        """Report a model request with its tokens."""
        cached = self.random.randint(20_000, 140_000)
        self.event(
            "llm_response",
            model=self.character.model,
            tokens_in=self.random.randint(400, 6_000),
            tokens_out=self.random.randint(150, 2_400),
            cache_read_tokens=cached,
            cache_write_tokens=self.random.randint(0, 4_000),
            duration_ms=self.random.randint(900, 14_000),
        )


class _ApiTeller(_Teller):
    """A character that reports over the plain API."""

    def enter(self) -> None:
        self.event("session_start")

    def turn(self, turn: Turn) -> None:
        self.event("user_prompt", metadata={"prompt": turn.prompt})
        for call in turn.calls:
            self.wait(2, 12)
            self.request()
            took = self.wait(0.5, 25)
            metadata = dict(call.input)
            if call.lines is not None:
                metadata |= {"lines_added": call.lines[0], "lines_removed": call.lines[1]}
            if call.error is not None:
                metadata["error"] = call.error
            self.event(
                "tool_use",
                tool_name=call.tool,
                status="error" if call.error else "success",
                duration_ms=int(took * 1000),
                metadata=metadata,
            )
        self.wait(2, 10)
        if turn.fails:
            self.event("error", metadata={"error": turn.fails, "message": turn.fails})
        else:
            self.request()
            self.event("turn_end", metadata={"message": turn.answer})

    def leave(self) -> None:
        self.event("session_end")


class _HookTeller(_Teller):
    """A character whose hooks are sent as the agent itself sends them."""

    def hook(self, name: str, **fields: Any) -> None:
        """Send one hook payload."""
        body = {
            "session_id": self.session_id,
            "hook_event_name": name,
            "cwd": f"/demo/{self.character.project}",
            "permission_mode": "default",
        }
        self.steps.append(Step(self.now, f"/api/hooks/{self.character.hooks}", body | fields))

    def enter(self) -> None:
        self.hook("SessionStart", source="startup", model=self.character.model)

    def turn(self, turn: Turn) -> None:
        self.hook("UserPromptSubmit", prompt=turn.prompt, prompt_id=f"p{len(self.steps)}")
        for call in turn.calls:
            self.wait(2, 9)
            self.request()
            self.calls += 1
            about = {
                "tool_name": call.tool,
                "tool_input": call.input,
                "tool_use_id": f"toolu_{self.session_id}_{self.calls}",
            } | ({"agent_id": call.agent, "agent_type": call.agent} if call.agent else {})
            if call.agent:
                self.hook("SubagentStart", agent_id=call.agent, agent_type=call.agent)
            self.hook("PreToolUse", **about)
            if call.asks:
                self.wait(1, 2)
                self.hook("PermissionRequest", tool_name=call.tool, tool_input=call.input)
                self.wait(60, 200)
            took = int(self.wait(0.5, 40) * 1000)
            if call.error is not None:
                self.hook("PostToolUseFailure", error=call.error, duration_ms=took, **about)
            else:
                response = (
                    {"structuredPatch": [{"lines": _patch(call.lines)}]} if call.lines else {}
                )
                self.hook("PostToolUse", tool_response=response, duration_ms=took, **about)
            if call.agent:
                self.wait(1, 4)
                self.hook("SubagentStop", agent_id=call.agent, agent_type=call.agent)
        self.wait(2, 8)
        if turn.fails:
            self.hook("StopFailure", error=turn.fails)
        elif turn.question:
            asked = {"questions": [{"question": turn.question}]}
            self.hook("PreToolUse", tool_name="AskUserQuestion", tool_input=asked)
            self.wait(60, 240)
            self.hook(
                "PostToolUse", tool_name="AskUserQuestion", tool_input=asked, duration_ms=90_000
            )
        else:
            self.request()
            self.hook("Stop", last_assistant_message=turn.answer)

    def leave(self) -> None:
        self.hook("SessionEnd", reason="prompt_input_exit")


def _patch(lines: tuple[int, int]) -> list[str]:
    return ["+added"] * lines[0] + ["-removed"] * lines[1]
