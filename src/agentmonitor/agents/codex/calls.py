"""Tool calls: what a call is about, and what events say about how it went.

Format: openai/codex, ``codex-rs/protocol`` (ResponseItem, EventMsg).
"""

import re
from typing import Any

import msgspec

from agentmonitor.agents.codex import patches
from agentmonitor.agents.codex.lines import Payload
from agentmonitor.agents.codex.patches import Change
from agentmonitor.agents.codex.values import MAX_VALUE, duration, integer, mapping, name, text

PATCH_TOOL = "apply_patch"
MAX_ERROR = 500
"""Characters kept of what went wrong."""

_SHOWN = ("command", "file_path", "path", "pattern", "query", "url", "description", "prompt")
_SHELLS = frozenset({"bash", "sh", "zsh", "pwsh", "powershell", "cmd"})


class Call(msgspec.Struct, omit_defaults=True):
    """A call that waits for its answer."""

    name: str
    at: int
    facts: dict[str, Any] = {}
    """Metadata of the event to be."""
    detail: str = ""
    changes: list[Change] = []
    failed: bool | None = None
    """What a line of its own says about how it went; it knows better than the answer."""
    exit_code: int | None = None
    duration: int | None = None


class _Arguments(msgspec.Struct, gc=False):
    command: Any = None
    cmd: Any = None
    workdir: Any = None
    input: Any = None
    patch: Any = None
    file_path: Any = None
    path: Any = None
    pattern: Any = None
    query: Any = None
    url: Any = None
    description: Any = None
    prompt: Any = None
    message: Any = None


_decode_arguments = msgspec.json.Decoder(_Arguments).decode


def call_from(payload: Payload, kind: str, at: int, cwd: str) -> Call:
    """The call that a response item makes."""
    tool = name(payload.name)
    if kind == "local_shell_call":
        action = mapping(payload.action)
        arguments: Any = {"command": action.get("command")}
        arguments["workdir"] = action.get("working_directory")
        tool = tool or "local_shell"
    elif kind == "custom_tool_call":
        arguments = payload.input
    else:
        arguments = payload.arguments
        tool = tool or ("tool_search" if kind == "tool_search_call" else "")
    namespace = name(payload.namespace)
    if namespace:
        tool = f"{namespace}{'' if namespace.endswith('__') else '__'}{tool}"
    return described(tool or "tool", arguments, at, cwd)


def described(tool: str, arguments: Any, at: int = 0, cwd: str = "") -> Call:
    """The call of ``tool``; its arguments are an object, JSON text, or text as it is."""
    if isinstance(arguments, str):
        stripped = arguments.lstrip()
        read = _read_arguments(arguments) if stripped[:1] == "{" else None
        if read is None:
            if tool == PATCH_TOOL:
                return _patch(arguments, at, cwd)
            command = arguments[:MAX_VALUE]
            return Call(tool, at, {"command": command} if command else {}, command)
    else:
        read = _from_mapping(arguments)
    command, folder = read.cmd if read.command is None else read.command, name(read.workdir) or cwd
    patch = patches.script_patch(command)
    if patch is None and tool == PATCH_TOOL:
        patch = text(read.input, 1 << 30) or text(read.patch, 1 << 30) or text(command, 1 << 30)
    if patch is not None:
        return _patch(patch, at, folder)
    facts: dict[str, Any] = {}
    command = _script(command)
    if command:
        facts["command"] = command[:MAX_VALUE]
    for key in _SHOWN[1:]:
        value = getattr(read, key)
        if value and isinstance(value, str):
            facts[key] = value[:MAX_VALUE]
    # They stand in their order.
    shown = next((str(value) for value in facts.values()), text(read.message, MAX_VALUE))
    return Call(tool, at, facts, shown)


def hosted(payload: Payload, kind: str, at: int) -> Call:
    """A call that the provider carries out, which is done already."""
    action = mapping(payload.action)
    query = text(action.get("query"), MAX_VALUE)
    facts = {"query": query} if query else {}
    url = text(action.get("url"), MAX_VALUE)
    if url:
        facts["url"] = url
    failed = payload.status in ("failed", "error", "incomplete")
    return Call(kind.removesuffix("_call"), at, facts, query or url, failed=failed or None)


def note(call: Call, kind: str, payload: Payload, cwd: str) -> None:
    """Take in what an event says about how ``call`` went."""
    if kind in ("patch_apply_begin", "patch_apply_end"):
        changes = patches.located(patches.from_map(payload.changes), cwd)
        if changes:
            call.changes = changes
            call.facts |= patches.described(changes)
            diff = patches.diff_of_map(payload.changes)
            if diff:
                call.facts["diff"] = diff
        if isinstance(payload.success, bool):
            call.failed = not payload.success
    elif kind == "exec_command_end":
        call.exit_code = integer(payload.exit_code)
        if call.exit_code is not None:
            call.failed = call.exit_code != 0
        call.duration = duration(payload.duration) or call.duration
    elif kind == "mcp_tool_call_end":
        result = mapping(payload.result)
        answer = mapping(result.get("Ok")) or result
        call.failed = (
            "Err" in result
            or payload.error is not None
            or answer.get("is_error") is True
            or answer.get("isError") is True
        )
        error = result.get("Err")
        if call.failed and isinstance(error, str):
            call.facts["error"] = error[:MAX_ERROR]
        call.duration = duration(payload.duration) or call.duration
    if payload.status in ("failed", "declined") and call.failed is None:
        call.failed = True


def _patch(patch: str, at: int, folder: str) -> Call:
    changes = patches.located(patches.from_text(patch), folder)
    facts = patches.described(changes)
    diff = patches.diff_of_text(patch)
    if diff:
        facts["diff"] = diff
    return Call(PATCH_TOOL, at, facts, patches.detail(changes), changes)


def _read_arguments(arguments: str) -> _Arguments | None:
    try:
        return _decode_arguments(arguments)
    except (ValueError, RecursionError):
        return None


def _from_mapping(arguments: Any) -> _Arguments:
    facts = mapping(arguments)
    return _Arguments(**{key: facts.get(key) for key in _Arguments.__struct_fields__})


def _script(command: Any) -> str:
    """What a shell is told to run."""
    if isinstance(command, list) and command and all(isinstance(c, str) for c in command):
        shell = re.split(r"[/\\]", command[0])[-1].removesuffix(".exe")
        if len(command) == 3 and shell in _SHELLS:
            return str(command[2])
        return " ".join(command)
    return command if isinstance(command, str) else ""
