"""GET /api/filter-options."""

from __future__ import annotations

import pytest

from .client import Api, ago, event, unique
from .shape import text

PLAIN = {
    "agent_types": "agent_type",
    "tool_names": "tool_name",
    "models": "model",
    "projects": "project",
}


def test_every_list_is_there(api: Api, agent: str) -> None:
    api.ingest(event(agent, project=unique("ct-p"), branch=unique("ct-b")))
    options = api.read("/api/filter-options")
    for name in (*PLAIN, "event_types", "sources"):
        assert all(text(value) for value in options[name]), name
        assert len(set(options[name])) == len(options[name]), name
    assert options["branches"]
    for branch in options["branches"]:
        assert text(branch["value"])
        assert text(branch["label"])


@pytest.mark.parametrize("name", PLAIN)
def test_values_seen_are_listed_once_and_sorted(api: Api, name: str) -> None:
    mark = unique()
    for letter in ("c", "a", "d", "b", "a"):
        api.ingest({**event(unique("ct-agent")), PLAIN[name]: f"{mark}{letter}"})
    options = api.read("/api/filter-options")
    mine = [value for value in options[name] if value.startswith(mark)]
    assert mine == [f"{mark}{letter}" for letter in "abcd"]


def test_event_types_and_sources_seen_are_listed_and_sorted(api: Api, agent: str) -> None:
    for event_type, source in (("user_prompt", "otel"), ("error", "hook"), ("tool_use", "api")):
        api.ingest(event(agent, event_type=event_type, source=source))
    options = api.read("/api/filter-options")
    assert {"error", "tool_use", "user_prompt"} <= set(options["event_types"])
    assert {"api", "hook", "otel"} <= set(options["sources"])
    assert options["event_types"] == sorted(options["event_types"])
    assert options["sources"] == sorted(options["sources"])


def test_a_branch_is_labelled_with_its_project(api: Api, agent: str) -> None:
    project, branch = unique("ct-p"), unique("ct-b")
    api.ingest(event(agent, project=project, branch=branch))
    mine = [one for one in api.read("/api/filter-options")["branches"] if one["value"] == branch]
    assert [one["label"] for one in mine] == [f"{project} / {branch}"]


def test_branches_come_by_their_last_use(api: Api, agent: str) -> None:
    one, two = unique("ct-b"), unique("ct-b")

    def use(branch: str, seconds: float) -> None:
        time = ago(seconds=seconds)
        api.ingest(event(agent, project="ct-p", branch=branch, client_timestamp=time))

    def listed() -> list[str]:
        values = [branch["value"] for branch in api.read("/api/filter-options")["branches"]]
        return [value for value in values if value in (one, two)]

    use(one, 30)
    use(two, 20)
    assert listed() == [two, one]
    use(one, 10)
    assert listed() == [one, two]
