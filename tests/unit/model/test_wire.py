"""Events as they arrive: what is accepted, and that both ways of decoding agree."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import from_iso
from agentmonitor.model.event import Event
from agentmonitor.model.wire import batch_from_json, decode_json, event_from_json, unwrap
from tests.unit.model.strategies import COUNTS, TEXTS, json_values, messy_events, sound_events

LEAST = {"session_id": "s", "agent_type": "a", "event_type": "tool_use"}


def encoded(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def same(events: list[Event]) -> list[Event]:
    """Null stands for no metadata."""
    for event in events:
        event.metadata = {} if event.metadata is None else event.metadata
    return events


def outcome(body: bytes) -> Event | list[str]:
    """The event, or what is wrong with it."""
    try:
        return same([event_from_json(body)])[0]
    except InvalidInput as error:
        return [f"{field}: {text}" for field, text in error.details]


@settings(max_examples=60)
@given(sound_events())
@example(LEAST | {"session_id": "s "})
@example(LEAST | {"source": " s"})
@example(LEAST | {"model": "m\u2003"})
def test_a_sound_event_is_taken_field_by_field(document: dict[str, Any]) -> None:
    found = event_from_json(encoded(document))
    assert found.session_id == document["session_id"].strip()
    assert found.agent_type == document["agent_type"].strip()
    assert found.event_type == document["event_type"]
    assert found.status == document.get("status")
    for name in TEXTS:
        absent = "api" if name == "source" else None
        assert getattr(found, name) == ((document.get(name) or "").strip() or absent)
    for name in COUNTS[:-1]:
        assert getattr(found, name) == (document.get(name) or 0)
    assert found.duration_ms == document.get("duration_ms")
    assert found.cost_usd == document.get("cost_usd")
    given_ = document.get("metadata")
    assert found.metadata == given_ or (found.metadata, given_) == ({}, None)
    stamp = document.get("client_timestamp")
    assert found.occurred_at == (None if stamp is None else from_iso(stamp))


@settings(max_examples=80)
@given(st.one_of(sound_events(), messy_events()))
@example(LEAST | {"tokens_in": 5.0})
@example(LEAST | {"tokens_in": True})
@example(LEAST | {"cost_usd": 10**400})
@example(LEAST | {"client_timestamp": "2026-11-23"})
@example(LEAST | {"metadata": ""})
@example(LEAST | {"metadata": None})
@example(LEAST | {"metadata": {"a": 2**64, "b": -(2**63) - 1}})
def test_both_ways_of_decoding_agree(document: dict[str, Any]) -> None:
    """Alone an event is decoded fast; a bad neighbour sends the batch the slow way."""
    alone = outcome(encoded(document))
    kept, rejected = batch_from_json(encoded({"events": [document]}))
    near_kept, near_rejected = batch_from_json(encoded({"events": ["bad", document, 7]}))
    assert [r.index for r in near_rejected if r.index != 1] == [0, 2]
    if isinstance(alone, Event):
        assert same(kept) == same(near_kept) == [alone]
        assert rejected == []
    else:
        assert alone
        assert kept == near_kept == []
        assert [r.errors for r in rejected] == [alone]
        assert [r.errors for r in near_rejected if r.index == 1] == [alone]


@settings(max_examples=60)
@given(st.one_of(sound_events(), messy_events()))
@example(LEAST | {"session_id": "s "})
@example(LEAST | {"source": " s"})
@example(LEAST | {"model": "\u2003m"})
@example(LEAST | {"project": " "})
def test_the_spelling_of_the_json_does_not_matter(document: dict[str, Any]) -> None:
    """With blanks or without, escaped or not: some spellings save the decoder a look."""
    spaced = json.dumps(document, indent=1).encode()
    plain = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    assert outcome(encoded(document)) == outcome(spaced) == outcome(plain)


@settings(max_examples=60)
@given(messy_events())
def test_what_is_accepted_keeps_the_rules(document: dict[str, Any]) -> None:
    found = outcome(encoded(document))
    if isinstance(found, Event):
        names = [found.session_id, found.agent_type, found.source]
        names += [n for n in (found.event_id, found.tool_name, found.branch, found.project) if n]
        assert all(n and n == n.strip() and "\0" not in n and len(n) <= 1024 for n in names)
        assert all(0 <= (getattr(found, name) or 0) < 2**53 for name in COUNTS)
        assert found.cost_usd is None or 0 <= found.cost_usd <= 1e6
        assert found.occurred_at is None or found.occurred_at >= 0


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_invalid_input(body: bytes) -> None:
    for read in (event_from_json, batch_from_json):
        with pytest.raises(InvalidInput):
            read(body)


@given(json_values())
def test_any_document_gives_an_event_or_invalid_input(document: Any) -> None:
    with pytest.raises(InvalidInput):
        event_from_json(encoded(document))
    for body in (document, {"events": document}, {"events": [document]}):
        try:
            kept, _ = batch_from_json(encoded(body))
        except InvalidInput:
            continue
        assert kept == []


@given(json_values())
def test_json_is_read_as_it_was_written(document: Any) -> None:
    assert decode_json(json.dumps(document, ensure_ascii=False).encode()) == document
    assert decode_json(encoded(document)) == document


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_document_wrapped_in_strings_is_unwrapped(layers: int) -> None:
    body: Any = LEAST | {"metadata": {"text": 'quotes " and \\ and \u2028'}}
    wanted = event_from_json(encoded(body))
    batch: Any = {"events": [body]}
    for _ in range(layers):
        body, batch = json.dumps(body), json.dumps(batch)
    assert event_from_json(encoded(body)) == wanted
    assert batch_from_json(encoded(batch)) == ([wanted], [])


def test_a_fourth_layer_is_left_as_a_string() -> None:
    body: Any = LEAST
    for _ in range(3):
        body = json.dumps(body)
    assert unwrap(body) == LEAST
    assert unwrap(json.dumps(body)) == json.dumps(LEAST)
    assert outcome(encoded(json.dumps(body))) == ["body: must be a JSON object"]


def test_lone_surrogates_become_replacement_characters() -> None:
    """Agents make them by cutting text; everything around them stays."""
    body = rb'{"session_id":"s\ud83d","agent_type":"a","event_type":"hook"'
    body += rb',"metadata":{"a":"x\udc00y"}}'
    found = event_from_json(body)
    assert found.session_id == "s\ufffd"
    assert found.metadata == {"a": "x\ufffdy"}
    assert decode_json(b'"\xed\xa0\xbdz"') == "\ufffdz"
    assert decode_json(rb'"\ud83d\ude00"') == "\U0001f600"


def test_a_nul_is_refused_in_names_and_kept_in_metadata() -> None:
    found = outcome(encoded(LEAST | {"metadata": {"a": "x\0y"}}))
    assert isinstance(found, Event)
    assert found.metadata == {"a": "x\0y"}
    for name in ("session_id", "agent_type", *TEXTS):
        assert outcome(encoded(LEAST | {name: "a\0b"})) == [
            f"{name}: must not contain a NUL character"
        ]


@pytest.mark.parametrize("depth", [50, 5000, 200_000])
def test_deep_nesting_is_either_taken_or_refused(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    body = encoded(LEAST)[:-1] + b',"metadata":' + nested + b"}"
    for read, document in (
        (event_from_json, body),
        (batch_from_json, b'{"events":[' + body + b"]}"),
        (decode_json, nested),
    ):
        try:
            found = read(document)
        except InvalidInput:
            assert depth > 50
        else:
            assert depth == 50
            assert found


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e999}', b"\xff\xfe",
     b'\xef\xbb\xbf{"a": 1}', b'{"a": 01}', b'{"a": 1}{"b": 2}', b"9" * 10_000],
)  # fmt: skip
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="Invalid JSON payload"):
        decode_json(body)


def test_a_batch_keeps_the_order_of_its_events_and_the_numbers_of_those_refused() -> None:
    documents = [LEAST | {"event_id": f"e{n}"} if n % 2 else {"n": n} for n in range(6)]
    kept, rejected = batch_from_json(encoded({"events": documents}))
    assert [e.event_id for e in kept] == ["e1", "e3", "e5"]
    assert [r.index for r in rejected] == [0, 2, 4]
    assert msgspec.to_builtins(rejected[0]) == {
        "index": 0,
        "errors": [f"{f}: is required" for f in ("session_id", "agent_type", "event_type")],
    }


@pytest.mark.parametrize("body", ['[{"events": []}]', "{}", '{"events": {}}', '"x"', "null", "7"])
def test_a_batch_without_a_list_of_events_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput):
        batch_from_json(body.encode())
    assert batch_from_json(b'{"events": []}') == ([], [])
