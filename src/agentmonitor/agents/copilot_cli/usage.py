"""What a session used, as its end tells it.

While a session runs, its log has nothing but the output of each answer (``outputTokens``). When
it is left, ``session.shutdown`` has the sums by model since it was entered: ``inputTokens`` with
the cached ones among them, ``outputTokens`` with the reasoning. So an answer's event has its
output, and the end's events have the rest: the input, and what output no answer told of.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents.documents import count, mapping, name
from agentmonitor.agents.scene import MAX_ID


class Rest(msgspec.Struct, frozen=True):
    """What a model used beside the output that its answers told of."""

    model: str
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_write: int
    facts: dict[str, Any]


def rests(metrics: Any, spoken: Mapping[str, int]) -> list[Rest]:
    """By model. ``spoken``: the output that answers told of, by model."""
    used = {
        model[:256]: mapping(found)
        for key, found in list(mapping(metrics).items())[:64]
        if (model := name(key))
    }
    outs = {model: count(mapping(m.get("usage")).get("outputTokens")) for model, m in used.items()}
    # An answer may name its model otherwise than the sums do: more than the sum is not spoken.
    left = max(0, sum(outs.values()) - sum(spoken.values()))
    found = []
    for model, metric in used.items():
        usage, requests = mapping(metric.get("usage")), mapping(metric.get("requests"))
        read, written = count(usage.get("cacheReadTokens")), count(usage.get("cacheWriteTokens"))
        unspoken = min(left, max(0, outs[model] - spoken.get(model, 0)))
        left -= unspoken
        facts: dict[str, Any] = {"scope": "session", "requests": count(requests.get("count"))}
        reasoning, charge = count(usage.get("reasoningTokens")), count(metric.get("totalNanoAiu"))
        facts |= {"reasoning_tokens": reasoning} if reasoning else {}
        facts |= {"nano_aiu": charge} if charge else {}
        rest = Rest(
            model,
            max(0, count(usage.get("inputTokens")) - read - written),
            unspoken,
            read,
            written,
            facts,
        )
        if rest.tokens_in or rest.tokens_out or read or written:
            found.append(rest)
    return found


def period_key(agent_type: str, session_id: str, entered: int, model: str) -> str:
    """What a model used since the session was entered (ms), beside its answers' output."""
    return f"{agent_type}:period:{session_id[:MAX_ID]}:{entered}:{model[:MAX_ID]}"
