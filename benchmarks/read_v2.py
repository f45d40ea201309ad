"""The calls of ``/api/v2`` that the ``read`` workload measures, with searches."""

from typing import cast
from urllib.parse import quote

from agentmonitor.bench.mix import COMMON_AGENT, COMMON_TOOL, RARE_TOOL
from benchmarks.server import Api

GOAL_MS, WORST_GOAL_MS = 10.0, 50.0
"""Of the median and of p99."""
SEARCH_GOAL_MS = 50.0
"""Of both."""


def targets(api: Api, since: str) -> list[tuple[str, str]]:
    """(name, target) of each call; ``since`` lies inside an hour about a week ago."""
    listed = api.json("/api/v2/sessions?limit=1&sort=events")["sessions"]
    longest = quote(str(cast(list[dict[str, object]], listed)[0]["id"]))
    session = f"/api/v2/sessions/{longest}"
    cutting = f"from={quote(since)}"
    named = "project=billing"
    return [
        ("live", "/api/v2/live"),
        ("sessions", "/api/v2/sessions?limit=50"),
        ("sessions by cost", "/api/v2/sessions?limit=50&sort=cost"),
        ("sessions of a project, q", f"/api/v2/sessions?limit=50&{named}&q=a"),
        ("longest session", session),
        ("its turns", f"{session}/turns"),
        ("its transcript", f"{session}/transcript"),
        ("its events", f"{session}/events"),
        ("its errors", f"{session}/events?errors=1"),
        ("its files", f"{session}/files"),
        ("usage", "/api/v2/usage"),
        ("usage since", f"/api/v2/usage?{cutting}"),
        ("usage by agent, hours", f"/api/v2/usage?by=agent&bucket=hour&{cutting}"),
        ("usage by project", "/api/v2/usage?by=project"),
        ("usage by branch", "/api/v2/usage?by=branch"),
        ("usage by model of a project", f"/api/v2/usage?by=model&{named}"),
        ("usage by session", "/api/v2/usage?by=session"),
        ("usage in another zone", "/api/v2/usage?tz=America/New_York"),
        ("tools", "/api/v2/tools"),
        ("tools by project", "/api/v2/tools?by=project"),
        ("tools since", f"/api/v2/tools?{cutting}"),
        ("failures", "/api/v2/failures"),
        ("activity", "/api/v2/activity"),
        ("facets", "/api/v2/facets"),
        ("facets of an agent", f"/api/v2/facets?agent={COMMON_AGENT}"),
        ("windows", "/api/v2/windows"),
        ("blocks", "/api/v2/blocks"),
        ("agents", "/api/v2/agents"),
        ("metrics", "/metrics"),
    ]


SEARCHES = (
    ("a common word", "q=src"),
    ("a rare word", f"q={RARE_TOOL}"),
    ("a phrase", f"q={quote(chr(34) + 'failing test' + chr(34))}"),
    ("a prefix of 3", "q=com*"),
    ("a path", f"q={quote('src/app/module_31/component_6.py')}"),
    ("a prefix and a rare word", f"q={quote('com* ' + RARE_TOOL)}"),
    ("a common word of a rare tool", f"q=src&tool={RARE_TOOL}"),
    ("a word of an agent", f"q=invoices&agent={COMMON_AGENT}"),
    ("a word of a tool", f"q=src&tool={COMMON_TOOL}"),
    ("by session", "q=src&group=session"),
    ("a page of 100", "q=src&limit=100"),
)
"""(name, query) of each search."""
