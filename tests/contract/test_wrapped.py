"""JSON bodies wrapped in extra quotes, and other content types."""

from __future__ import annotations

import json

import pytest

from .client import Api, Row, error_of, event

CONTENT_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "application/vnd.agent+json",
    "text/plain",
    "text/plain;charset=UTF-8",
]


def wrap(body: Row, layers: int) -> bytes:
    """The document as a JSON string, so many times over."""
    text = json.dumps(body)
    for _ in range(layers):
        text = json.dumps(text)
    return text.encode()


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_a_wrapped_event_is_unwrapped(api: Api, agent: str, layers: int, content_type: str) -> None:
    item = event(agent, metadata={"command": 'echo "ä \U0001f600"'})
    response = api.post_raw("/api/events", wrap(item, layers), content_type)
    assert response.status_code == 201, response.text
    [row] = api.rows(agent_type=agent)
    assert json.loads(row["metadata"]) == item["metadata"]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_a_wrapped_batch_is_unwrapped(api: Api, agent: str, layers: int, content_type: str) -> None:
    body = wrap({"events": [event(agent), event(agent)]}, layers)
    response = api.post_raw("/api/events/batch", body, content_type)
    assert response.status_code == 201, response.text
    assert response.json()["received"] == 2


def test_three_layers_are_the_most(api: Api, agent: str) -> None:
    response = api.post_raw("/api/events", wrap(event(agent), 4))
    assert response.status_code == 400
    error_of(response)
    assert api.rows(agent_type=agent) == []


@pytest.mark.parametrize("text", ["{", "plain words", '{"a":', ""])
def test_a_string_that_holds_no_json_is_400(api: Api, text: str) -> None:
    response = api.post_raw("/api/events", json.dumps(text).encode())
    assert response.status_code == 400
    error_of(response)


def test_a_wrapped_document_that_is_no_object_is_named_body(api: Api) -> None:
    response = api.post_raw("/api/events", json.dumps("[1, 2]").encode())
    assert response.status_code == 400
    assert [detail["field"] for detail in response.json()["details"]] == ["body"]


def test_strings_inside_an_event_are_left_alone(api: Api, agent: str) -> None:
    metadata = {"command": '{"inner": "json"}', "query": '"quoted"'}
    assert json.loads(api.stored(event(agent, metadata=metadata))["metadata"]) == metadata
