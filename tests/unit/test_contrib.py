"""What is contributed for other programs fits what the server really says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.client import Api, event
from tests.contract.exposition import families
from tests.contract.server import Server
from tests.unit.promql import Query, Selector, parse

ROOT = Path(__file__).parents[2]
GIVEN = {"job", "instance"}
"""Labels that Prometheus itself adds to what it scrapes."""
INTERVALS = {"$__rate_interval": "5m", "$__range": "1h"}
Labels = dict[str, set[str]]
"""The values of each label."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Labels]:
    """Every metric that a server exports after several agents were at work."""
    server = Server(tmp_path_factory.mktemp("metrics"), {})
    api = Api(server.address(), server)
    for agent, model in (("claude_code", "claude-sonnet-4-5"), ("codex", "gpt-5"), ("own", "x")):
        api.ingest(
            event(agent, event_type="llm_request", model=model, tokens_in=9, tokens_out=5),
            event(agent, tool_name="Bash"),
            event(agent, tool_name="Bash", status="error"),
        )
    reset = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
    limits = {"rate_limits": {"five_hour": {"used_percentage": 40, "resets_at": reset}}}
    assert api.post("/api/statusline/claude-code", limits).status_code == 200
    found: dict[str, Labels] = {}
    for family in families(api):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    api.close()
    assert server.stop() == 0
    return found


def dashboard() -> dict[str, Any]:
    text = (ROOT / "contrib/grafana/agentmonitor.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> list[tuple[str, str, str]]:
    """(panel, query, legend), and the queries of the guide."""
    found = [(p["title"], t["expr"], t["legendFormat"]) for p in panels() for t in p["targets"]]
    guide = (ROOT / "docs/how-to/monitor-with-prometheus.md").read_text("utf-8")
    (block,) = re.findall(r"```promql\n(.*?)```", guide, re.DOTALL)
    return found + [("guide", line, "") for line in block.splitlines()]


def parsed(expression: str) -> Query:
    for name, length in INTERVALS.items():
        expression = expression.replace(name, length)
    return parse(expression)


def faults(expression: str, exported: dict[str, Labels]) -> list[str]:
    """What in a query does not fit what is exported."""
    query = parsed(expression)
    found = [fault for s in query.selectors for fault in selector_faults(s, exported)]
    known = set().union(GIVEN, *(exported.get(s.metric, {}) for s in query.selectors))
    return found + [f"no metric has {label}" for label in sorted(query.grouped - known)]


def selector_faults(selector: Selector, exported: dict[str, Labels]) -> list[str]:
    metric = selector.metric
    if metric not in exported:
        return [f"{metric} is not exported"]
    found = []
    for label, operator, value in selector.matchers:
        values = exported[metric].get(label)
        if values is None:
            found.append(f"{metric} has no {label}")
        elif value != "$agent":
            wanted = set(value.split("|")) if "~" in operator else {value}
            found += [f"no {label} is {one}" for one in sorted(wanted - values)]
    grows = metric.endswith(("_total", "_bucket", "_count", "_sum"))
    if grows != selector.ranged or grows != (selector.function in ("rate", "increase")):
        found.append(f"{metric} is read the wrong way")
    return found


@pytest.mark.parametrize(("panel", "expression", "legend"), queries())
def test_every_query_names_what_is_exported(
    panel: str, expression: str, legend: str, exported: dict[str, Labels]
) -> None:
    assert parsed(expression).selectors
    assert faults(expression, exported) == []
    query = parsed(expression)
    labels = query.grouped or set().union(
        GIVEN, *(exported[selector.metric] for selector in query.selectors)
    )
    assert set(re.findall(r"{{(\w+)}}", legend)) <= labels


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("agentmonitor_costs_usd_total", "agentmonitor_costs_usd_total is not exported"),
        ("sum by (tool) (agentmonitor_sessions)", "no metric has tool"),
        ('agentmonitor_sessions{agent="x"}', "agentmonitor_sessions has no agent"),
        ('agentmonitor_sessions{state=~"idle|asleep"}', "no state is asleep"),
        ("sum(agentmonitor_errors_total)", "agentmonitor_errors_total is read the wrong way"),
        ("rate(agentmonitor_sse_clients[5m])", "agentmonitor_sse_clients is read the wrong way"),
    ],
)
def test_a_query_that_does_not_fit_is_found(
    expression: str, fault: str, exported: dict[str, Labels]
) -> None:
    assert fault in faults(expression, exported)


@pytest.mark.parametrize("expression", ["sum(a", "a)", 'a{b="c}', "a{b}", "sum by a", "[5m]"])
def test_what_is_no_query_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(expression)


def test_every_metric_is_documented_and_every_documented_one_exported(
    exported: dict[str, Labels],
) -> None:
    page = (ROOT / "docs/reference/api.md").read_text("utf-8")
    section = page.split("### Metrics\n", 1)[1].split("\n## ", 1)[0]
    documented: dict[str, set[str]] = {}
    for line in section.splitlines():
        cells = line.split("|")
        for name in re.findall(r"`((?:agentmonitor|process)_\w+)`", cells[1] if cells[1:] else ""):
            documented[name] = set(re.findall(r"`(\w+)`", cells[2]))
    histogram = "agentmonitor_ingest_latency_seconds"
    real = {
        name.removesuffix("_bucket"): set(labels)
        for name, labels in exported.items()
        if name not in (f"{histogram}_count", f"{histogram}_sum")
    }
    assert documented == real | {"process_resident_memory_bytes": set()}


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    board = dashboard()
    assert board["schemaVersion"] >= 36  # Grafana 10 migrates from there on
    assert {v["name"] for v in board["templating"]["list"]} == {"datasource", "agent"}
    every = board["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    assert [p["title"] for p in every if p["type"] == "row"] == [
        "Activity", "Cost and tokens", "Tools and failures", "Quota", "Server",
    ]  # fmt: skip
    for panel in panels():
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["type"] in ("timeseries", "stat", "bargauge")
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs) > 0


def test_no_panel_covers_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]


def test_the_choice_of_agents_is_asked_of_a_metric_that_has_them(
    exported: dict[str, Labels],
) -> None:
    (variable,) = (v for v in dashboard()["templating"]["list"] if v["type"] == "query")
    match = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"])
    assert match is not None
    assert match[2] in exported[match[1]]
    assert variable["query"]["query"] == variable["definition"]
