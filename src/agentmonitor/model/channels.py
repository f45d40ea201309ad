"""Through which channels an agent's reports came, as people tell them apart."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from agentmonitor.model.usage import Channel

Way = Literal["hook", "otlp", "files", "api", "earlier"]
WAYS: dict[Channel, Way] = {
    Channel.HOOK: "hook",
    Channel.LOG: "otlp",
    Channel.SPAN: "otlp",
    Channel.METRIC: "otlp",
    Channel.FILE: "files",
    Channel.API: "api",
    Channel.EARLIER: "earlier",
}


class ChannelUse(msgspec.Struct, frozen=True):
    """Events of one agent that the same channels reported."""

    agent_type: str
    channels: int
    """All of them, as bits of ``Channel``."""
    events: int
    """Pruned ones too."""
    last_at: int
    """The newest one's own time, ms; never later than its arrival."""


class WayUse(msgspec.Struct, frozen=True):
    """What came of one agent in one way."""

    events: int
    """Those that came in other ways as well are counted in each."""
    last_at: int
    """The newest one's own time, ms."""


def uses_by_way(uses: Iterable[ChannelUse]) -> dict[str, dict[Way, WayUse]]:
    """By agent type and way."""
    result: dict[str, dict[Way, WayUse]] = {}
    for use in uses:
        ways = {way for channel, way in WAYS.items() if use.channels & channel}
        ours = result.setdefault(use.agent_type, {})
        for way in ways:
            known = ours.get(way, WayUse(0, 0))
            ours[way] = WayUse(known.events + use.events, max(known.last_at, use.last_at))
    return result
