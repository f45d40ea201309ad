"""The blocks of the past: how a provider that counts in blocks saw the history."""

from agentmonitor.agents.registry import Registry
from agentmonitor.config import Settings
from agentmonitor.errors import InvalidInput
from agentmonitor.model.analytics import Where
from agentmonitor.model.clock import DAY_MS
from agentmonitor.model.windows import Block
from agentmonitor.storage.engine import Readable
from agentmonitor.usage.limits import block_hours, limits

DEFAULT_DAYS = 30


def past_blocks(
    store: Readable,
    registry: Registry,
    settings: Settings,
    now: int,
    *,
    agent_type: str | None,
    since: int | None,
    until: int | None,
    limit: int,
    where: Where | None = None,
) -> list[Block]:
    """The blocks that touch ``since <= time < until`` (ms), whole, newest first.

    Of any one agent type, or of all whose provider counts in blocks; with ``where`` those in which
    something matches, with its sums. ``until`` is now when it is
    not given, ``since`` 30 days before that. Raises InvalidInput.
    """
    end = now + 1 if until is None else until
    start = end - DEFAULT_DAYS * DAY_MS if since is None else since
    if start >= end:
        message = "must be before the end of the range"
        raise InvalidInput(f"Invalid from: {message}.", [("from", message)])
    if agent_type is None:
        chosen = [
            a.agent_type for a in registry.agents if a.usage and a.usage.session_kind == "block"
        ]
    else:
        chosen = [agent_type]
    found: list[Block] = []
    for name in chosen:
        hours = block_hours(limits(registry, settings, name))
        found += store.blocks(name, start, end, hours, now, limit, where)
    return sorted(found, key=lambda block: block.starts_at, reverse=True)[:limit]
