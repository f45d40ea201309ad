"""Agents for tests: one whose provider counts in blocks, one with rolling windows, one unknown."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import strategies as st

from agentmonitor.agents.base import Agent, Colors, Palette, UsageWindows
from agentmonitor.agents.registry import Registry
from agentmonitor.model.event import Event
from agentmonitor.storage.sqlite import rollups
from tests.unit.builders import event
from tests.unit.usage.naive import DAY, HOUR, MINUTE

_PALETTE = Palette(mark="#000000", text="#000000", soft="#ffffff")
BASE = 1_750_032_000_000 // DAY * DAY
"""A day in 2025: quotas of it are in the past, whenever the tests run."""


def agent(agent_type: str, usage: UsageWindows | None) -> Agent:
    return Agent(
        agent_type=agent_type,
        label=agent_type,
        short="AA",
        colors=Colors(light=_PALETTE, dark=_PALETTE),
        usage=usage,
    )


BLOCKY = UsageWindows(
    limit_type="tokens", session_kind="block", session_limit=1000, weekly_limit=9000
)
ROLLING = UsageWindows(limit_type="cost", session_limit=3, extended_hours=168, extended_limit=20)
REGISTRY = Registry([agent("blocky", BLOCKY), agent("rolling", ROLLING), agent("plain", None)])


def stories(agents: Sequence[str]) -> st.SearchStrategy[list[Event]]:
    """Events over three days, in any order, crowded into some hours and beside their borders."""
    times = st.builds(
        lambda part, hour, minutes, ms: BASE + (part + hour) * HOUR + minutes * MINUTE + ms,
        st.sampled_from((0, 7, 7, 30, 60)),
        st.integers(0, 11),
        st.sampled_from((0, 0, 1, 29, 59)),
        st.sampled_from((0, 1, 59_999)),
    )
    counts = st.sampled_from((0, 0, 0, 7, 400))
    one = st.builds(
        event,
        agent_type=st.sampled_from(agents),
        occurred_at=times,
        source=st.sampled_from(("import", "hook")),
        model=st.sampled_from((None, "m-large", "m-small")),
        tokens_in=counts,
        tokens_out=counts,
        cache_read_tokens=counts,
        cache_write_tokens=counts,
        cost_usd=st.sampled_from((None, None, 0.25, 1.001)),
    )
    return st.lists(one, max_size=30)


@contextmanager
def folding(limits: tuple[int, int]) -> Iterator[None]:
    """Roll-ups are folded at once, now and then, or not at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollups, "MAX_APPENDED", limits[0])
        patch.setattr(rollups, "MAX_PENDING", limits[1])
        yield


FOLDS = st.sampled_from(((0, 0), (2, 9), (200, 1500)))
