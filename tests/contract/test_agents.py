"""GET /api/agents."""

from __future__ import annotations

import re

from .client import Api
from .shape import faults, mapping, text

COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}")


def test_agents_have_labels_and_colours(api: Api) -> None:
    agents = api.read("/api/agents")["agents"]
    assert "claude_code" in [agent["agent_type"] for agent in agents]
    for agent in agents:
        spec = {"agent_type": text, "label": text, "short": text, "colors": mapping}
        assert faults(agent, spec) == {}
        for theme in ("light", "dark"):
            for use in ("mark", "text", "soft"):
                assert COLOUR.fullmatch(agent["colors"][theme][use])
    assert len({agent["agent_type"] for agent in agents}) == len(agents)
