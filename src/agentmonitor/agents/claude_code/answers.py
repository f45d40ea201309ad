"""A model's answers in a session file: what they used, said, and set going."""

from typing import Any

from agentmonitor.agents.claude_code import keys, tokens, tools
from agentmonitor.agents.claude_code.place import Call, Out, Place, State, optional
from agentmonitor.agents.claude_code.shapes import Block, Line, Message, value
from agentmonitor.model.usage import Report

SYNTHETIC = "<synthetic>"
"""The model of lines that the client made up: an API's error, as a rule."""
_NOTHING_ASKED = "No response requested."
"""What the client makes up when a session is resumed after an interruption; nothing failed."""
_DONE = frozenset({"end_turn", "stop_sequence", "max_tokens", "refusal"})


def answer(line: Line, message: Message, place: Place, state: State, out: Out, own: str) -> None:
    """One line of an answer. ``own``: the key of the line itself.

    An answer is written as a line for each of its blocks. Each repeats the answer's usage as it
    was known then, so each becomes the same event, and the best of them counts.
    """
    content = message.content
    blocks = content if isinstance(content, list) else []
    text = content if isinstance(content, str) else _text(blocks)
    model = tools.word(message.model)
    if model == SYNTHETIC or line.is_api_error_message is True:
        if line.is_api_error_message is True or text.strip() != _NOTHING_ASKED:
            _failure(line, text, place, out, own)
        return
    metadata = place.metadata()
    if text:
        metadata["text"] = text
    stop_reason = optional(message.stop_reason)
    if stop_reason:
        metadata["stop_reason"] = stop_reason
    calls = []
    for block in blocks:
        kind = block.type
        if kind == "tool_use":
            calls.append(block)
        elif kind in ("thinking", "redacted_thinking"):
            metadata["thinking"] = True
    if line.effort is not None:
        effort = optional(line.effort) or optional(tools.name(line.effort, "level"))
        if effort:
            metadata["effort"] = effort
    if stop_reason in _DONE and not calls:
        if place.thread:
            signal = place.signal("subagent_ended")
        else:
            signal = place.signal("turn_ended", detail=text[: tools.MAX_VALUE] or None)
    else:
        signal = place.signal("busy")
    used(line, message, place, out, metadata=metadata, signal=signal, fallback=own)
    for block in calls:
        _begin(block, place, state, out)


def used(
    line: Line,
    message: Message,
    place: Place,
    out: Out,
    *,
    metadata: dict[str, Any],
    signal: Any,
    fallback: str,
    approximate: bool = False,
) -> None:
    """What the answer used, and what other models used for it."""
    request_id, message_id = tools.word(line.request_id), tools.word(message.id)
    known = []
    if request_id:
        known.append(keys.request(request_id))
    if message_id:
        known.append(keys.message(message_id))
    elif not request_id:
        known.append(fallback)
    model = tools.word(message.model)
    spent = tokens.spend(message.usage)
    names = tuple(known)
    if not request_id and not spent.is_nothing:
        used = (spent.tokens_in, spent.tokens_out, spent.cache_read, spent.cache_write)
        names += (keys.figures(place.session_id, *used),)
    _spent(
        place, out, spent, names, metadata, signal, model, approximate=approximate,
        cost=tokens.dollars(line.cost_usd),
    )  # fmt: skip
    for part in tokens.iterations(message.usage, model):
        _spent(
            place, out, part.spend, (f"{known[-1]}:iteration:{part.number}",),
            place.metadata() | {"iteration": part.kind or "message"}, place.signal("none"),
            part.model, approximate=approximate,
        )  # fmt: skip


def _spent(
    place: Place,
    out: Out,
    spent: tokens.Spend,
    known: tuple[str, ...],
    metadata: dict[str, Any],
    signal: Any,
    model: str,
    *,
    approximate: bool,
    cost: float | None = None,
) -> None:
    report = Report(
        cache_write_1h=spent.cache_write_1h,
        web_searches=spent.web_searches,
        fast=spent.fast,
        batch=spent.batch,
        is_copy=place.is_copy,
        approximate=approximate,
    )
    out.event(
        place,
        "llm_response",
        metadata,
        signal,
        known,
        report,
        model=model or None,
        tokens_in=spent.tokens_in,
        tokens_out=spent.tokens_out,
        cache_read_tokens=spent.cache_read,
        cache_write_tokens=spent.cache_write,
        cost_usd=cost,
    )


def _failure(line: Line, text: str, place: Place, out: Out, own: str) -> None:
    """The API failed, and the client wrote its error as an answer."""
    error = optional(line.error) or "api_error"
    known = [own]
    request_id = tools.word(line.request_id)
    if request_id:
        known.append(keys.failed_request(request_id))
    if place.thread:
        signal = place.signal("busy")
    else:
        known += keys.likely("error", place.session_id, place.at)
        detail = text[: tools.MAX_VALUE] or error
        signal = place.signal("turn_failed", reason=error[:80], detail=detail)
    metadata = place.metadata() | {"error": error, "message": text or error}
    out.event(place, "error", metadata, signal, tuple(known), status="error")


def _begin(block: Block, place: Place, state: State, out: Out) -> None:
    """A tool call begins; its result stands in a later line."""
    call_id, name = tools.word(block.id), tools.word(block.name)
    if not call_id:
        return
    given = value(block.input)
    state.begin(call_id, Call(name=name, at=place.at, about=tools.call(name, given)))
    if name in tools.ASKING:
        signal = place.signal(
            "input_asked", call_id=call_id, tool=name, detail=tools.question(given),
            reason="question",
        )  # fmt: skip
    else:
        detail = tools.detail(given)
        signal = place.signal("tool_started", call_id=call_id, tool=name or None, detail=detail)
    out.signal(place, signal)


def _text(blocks: list[Block]) -> str:
    texts = [b.text for b in blocks if b.type == "text" and isinstance(b.text, str) and b.text]
    return "\n".join(texts)
