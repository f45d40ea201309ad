"""An assistant's message: what it used, and how it ended.

Format: sst/opencode, ``message-v2.ts``. A message of an older version may be several requests in
a row: its ``tokens`` are those of the last one, each of its ``step-finish`` parts has its own, and
its ``cost`` is the sum. While a message runs nothing of it counts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from agentmonitor.agents.documents import dollars, excerpt, mapping, moment, name, text, took
from agentmonitor.agents.opencode.names import message_keys, step_keys, thing_key
from agentmonitor.agents.opencode.usage import Tokens, tokens_of
from agentmonitor.agents.scene import USAGE, Scene
from agentmonitor.model.activity import MAX_DETAIL
from agentmonitor.model.clock import HOUR_MS, now_ms
from agentmonitor.model.event import Event
from agentmonitor.model.signal import Signal

_GOES_ON = frozenset({"tool-calls", "unknown"})
"""Reasons to finish after which the agent asks its model again."""
_ABORTED = "MessageAbortedError"


def is_over(info: Mapping[str, Any]) -> bool:
    """Whether a message will not change any more; one that began long ago was abandoned."""
    time = mapping(info.get("time"))
    if moment(time.get("completed")) is not None or info.get("error"):
        return True
    began = moment(time.get("created"))
    return began is not None and now_ms() - began > HOUR_MS


def model_of(info: Mapping[str, Any]) -> str:
    """The model that was asked."""
    named = mapping(info.get("model"))
    return name(info.get("modelID")) or name(named.get("id")) or name(named.get("modelID"))


def provider_of(info: Mapping[str, Any]) -> str:
    """Whose model that is."""
    return name(info.get("providerID")) or name(mapping(info.get("model")).get("providerID"))


def tell(
    scene: Scene,
    message_id: str,
    info: Mapping[str, Any],
    steps: Sequence[tuple[str, Mapping[str, Any]]],
    said: str = "",
) -> list[Event]:
    """What a message that is over says. ``steps``: its requests in their order, by their ids."""
    time = mapping(info.get("time"))
    began = moment(time.get("created"))
    at = moment(time.get("completed")) or began
    if at is None:
        return []
    model, provider = model_of(info), provider_of(info)
    events = []
    for number, (part_id, step) in enumerate(steps[:-1]):
        tokens = tokens_of(step.get("tokens"), provider)
        if tokens.any:
            keys = step_keys(part_id, f"{began}:{number}:{tokens.print}")
            signal = scene.signal("none")
            events.append(_used(scene, began or at, tokens, model, step.get("cost"), keys, signal))
    is_newer = "modelID" not in info
    tokens = tokens_of(info.get("tokens"), provider, is_apart=is_newer)
    cost = steps[-1][1].get("cost") if len(steps) > 1 else info.get("cost")
    signal = _signal(scene, info, said)
    if tokens.any:
        is_complete = moment(time.get("completed")) is not None
        copied = f"{began}:{at}:{model[:256]}:{tokens.print}" if is_complete else ""
        keys = message_keys(message_id, copied)
        event = _used(scene, at, tokens, model, cost, keys, signal, provider=provider, said=said)
        event.duration_ms = took(began, at) or None
        events.append(event)
    elif said:
        keys = message_keys(message_id, "")
        events.append(scene.event("response", at, {"text": said}, signal, keys))
    return events + _failed(scene, message_id, info, at)


def _used(
    scene: Scene, at: int, tokens: Tokens, model: str, cost: Any, keys: tuple[str, ...],
    signal: Signal, *, provider: str = "", said: str = "",
) -> Event:  # fmt: skip
    metadata: dict[str, Any] = {"text": said} if said else {}
    metadata |= {"provider": provider} if provider else {}
    metadata |= {"reasoning_tokens": tokens.reasoning} if tokens.reasoning else {}
    return scene.event(
        "llm_response", at, metadata, signal, keys, report=USAGE, model=model or None,
        tokens_in=tokens.fresh, tokens_out=tokens.out, cache_read_tokens=tokens.read,
        cache_write_tokens=tokens.written, cost_usd=dollars(cost),
    )  # fmt: skip


def _signal(scene: Scene, info: Mapping[str, Any], said: str) -> Signal:
    finish = text(info.get("finish"))
    if info.get("error") or not finish or finish in _GOES_ON:
        return scene.signal("busy")
    if scene.thread:
        return scene.signal("subagent_ended")
    return scene.signal("turn_ended", detail=said[:MAX_DETAIL] or None)


def _failed(scene: Scene, message_id: str, info: Mapping[str, Any], at: int) -> list[Event]:
    """The error that a message ended with; a human who stops the agent is none."""
    error = info.get("error")
    if not error:
        return []
    facts = mapping(error)
    kind = name(facts.get("name")) or name(facts.get("type")) or "error"
    key = thing_key("error", message_id)
    if kind == _ABORTED:
        signal = scene.signal("subagent_ended" if scene.thread else "turn_ended",
                              reason="interrupted")  # fmt: skip
        return [scene.event("turn_end", at, {"reason": "interrupted"}, signal, (key,))]
    message = excerpt(facts.get("data")) or excerpt(error) or kind
    if scene.thread:
        signal = scene.signal("busy")
    else:
        signal = scene.signal("turn_failed", reason=kind[:80], detail=message)
    metadata = {"error": kind, "message": message}
    return [scene.event("error", at, metadata, signal, (key,), status="error")]
