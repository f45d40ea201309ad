"""Whatever arrives, decoding gives records or InvalidInput, and records that can be stored."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.otlp import json as otlp_json
from agentmonitor.otlp import protobuf
from tests.unit.model.strategies import json_values
from tests.unit.otlp.strategies import LOGS, METRICS, TRACES, as_json
from tests.unit.otlp.test_json import fixture

DECODERS: dict[str, Any] = {
    f"{module.__name__.rpartition('.')[2]} {name}": getattr(module, f"decode_{name}")
    for module in (otlp_json, protobuf)
    for name in ("logs", "metrics", "traces")
}
MESSAGES: dict[str, Any] = {"logs": LOGS, "metrics": METRICS, "traces": TRACES}
every = pytest.mark.parametrize("name", list(DECODERS))


def decode(name: str, body: bytes) -> None:
    try:
        found = DECODERS[name](body)
    except InvalidInput:
        return
    text = msgspec.json.encode(found.records).decode()
    assert json.loads(text) == msgspec.json.decode(text)
    assert bool(found.rejected) == bool(found.message)


@st.composite
def mutated(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """A body with some of its bytes changed, left out, put in or written twice."""
    body = bytearray(draw(bodies))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        until = draw(st.integers(at, min(len(body), at + 8)))
        body[at:until] = draw(
            st.one_of(
                st.binary(max_size=8),
                st.just(bytes(body[at:until]) * 2),
                st.sampled_from((b"null", b"{}", b"[]", b'"', b"1e999", b"\\ud800", b"\xff" * 10)),
            )
        )
    return bytes(body)


@every
@settings(max_examples=100)
@given(st.binary(max_size=64))
def test_arbitrary_bytes(name: str, body: bytes) -> None:
    decode(name, body)


@every
@settings(max_examples=100)
@given(st.data())
def test_mutated_requests(name: str, data: st.DataObject) -> None:
    encoding, signal = name.split()
    if encoding == "json":
        bodies = MESSAGES[signal].map(lambda m: as_json(m, snake=False, names=True, hex_ids=True))
    else:
        bodies = MESSAGES[signal].map(lambda m: m.SerializeToString())
    decode(name, data.draw(mutated(bodies)))


def paths(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of everything in ``document``."""
    found = [path]
    pairs: Any = ()
    if isinstance(document, dict):
        pairs = document.items()
    elif isinstance(document, list):
        pairs = enumerate(document)
    for key, value in pairs:
        found += paths(value, (*path, key))
    return found


@pytest.mark.parametrize("signal", list(MESSAGES))
@settings(max_examples=200)
@given(data=st.data())
def test_any_json_in_any_place(signal: str, data: st.DataObject) -> None:
    document = json.loads(fixture(f"claude_code_{signal}"))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(paths(document)[1:]))
        place = document
        for key in way:
            place = place[key]
        place[last] = data.draw(json_values())
    decode(f"json {signal}", json.dumps(document).encode())
