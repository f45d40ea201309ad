"""Long work over HTTP: lines of progress, then the outcome."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from .client import Api, event, unique

RECALC, IMPORT = "/api/v2/costs/recalc", "/api/v2/import"


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_recalculation_says_which_models_have_no_price(api: Api, agent: str) -> None:
    model = unique("a-model-that-nobody-sells")
    api.post(
        "/api/events", event(agent, event_type="llm_response", model=model, tokens_in=5)
    ).raise_for_status()
    *progress, last = lines(api.post(RECALC, {}))
    assert all(set(line) == {"progress"} for line in progress)
    (found,) = (m for m in last["outcome"]["models"] if m["model"] == model)
    assert (found["requests"], found["unpriced"], found["changed"]) == (1, 1, 0)
    assert last["outcome"]["applied"] is False


@pytest.mark.parametrize("body", [{"apply": "yes"}, {"unknown": 1}, [1]])
def test_a_body_that_is_not_understood_is_refused(api: Api, body: object) -> None:
    answer = api.post(RECALC, body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_import_reports_by_agent(api: Api) -> None:
    *_, last = lines(api.post(IMPORT, {"dry_run": True}))
    assert last["outcome"]["dry_run"] is True
    assert {agent["agent_type"] for agent in last["outcome"]["agents"]} >= {"claude_code", "codex"}


def test_an_import_of_an_unknown_agent_or_day_is_refused(api: Api) -> None:
    *_, last = lines(api.post(IMPORT, {"agents": ["nobody"]}))
    assert "nobody" in last["error"]
    answer = api.post(IMPORT, {"start": "yesterday"})
    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "start"
