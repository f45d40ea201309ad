"""Metadata: any JSON, and what becomes of it above the limit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .client import Api, Row, compact, event, unique
from .conftest import Launch

LIMIT = 1024
KEPT = [
    "command",
    "file_path",
    "query",
    "pattern",
    "error",
    "message",
    "tool_name",
    "path",
    "type",
]
SIGNS = ["a", "é", "€", "\U0001f600"]  # of 1 to 4 bytes in UTF-8


@pytest.fixture(scope="module")
def capped(launch: Launch) -> Iterator[Api]:
    """A server that caps metadata at 1 KB."""
    with launch({"AGENTMONITOR_MAX_PAYLOAD_KB": "1"}) as own:
        yield own


def stored(api: Api, metadata: object) -> tuple[Any, Row]:
    """The metadata that was kept, and its row."""
    row = api.stored(event(unique("ct-agent"), metadata=metadata))
    return json.loads(row["metadata"]), row


def filled(size: int, sign: str, **more: str) -> Row:
    """Metadata of exactly `size` bytes, filled with that sign."""
    room = size - len(compact({"blob": "", **more}))
    count, rest = divmod(room, len(sign.encode()))
    metadata = {"blob": sign * count + "x" * rest, **more}
    assert len(compact(metadata)) == size
    return metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": {"b": [1, 2.5, None, True, "x"]}},
        [],
        [1, {"a": 2}],
        "text",
        "",
        0,
        7,
        2.5,
        True,
        False,
    ],
)
def test_metadata_may_be_any_json(api: Api, metadata: object) -> None:
    kept, row = stored(api, metadata)
    assert kept == metadata
    assert type(kept) is type(metadata)
    assert row["payload_truncated"] == 0


def test_null_metadata_is_null_or_the_default(api: Api) -> None:
    assert stored(api, None)[0] in (None, {})


@pytest.mark.parametrize("sign", SIGNS)
def test_metadata_of_just_the_limit_is_kept(capped: Api, sign: str) -> None:
    metadata = filled(LIMIT, sign)
    kept, row = stored(capped, metadata)
    assert kept == metadata
    assert row["payload_truncated"] == 0


@pytest.mark.parametrize("sign", SIGNS)
def test_one_byte_more_is_replaced_by_the_summary(capped: Api, sign: str) -> None:
    kept, row = stored(capped, filled(LIMIT + 1, sign))
    assert kept == {"_truncated": True, "_original_bytes": LIMIT + 1}
    assert row["payload_truncated"] == 1


@pytest.mark.parametrize("count", [240, 300])
def test_escaped_pairs_count_as_the_four_bytes_they_are(capped: Api, count: int) -> None:
    """A sign beyond the first plane, sent as two escapes of six bytes each."""
    agent = unique("ct-agent")
    item = event(agent, metadata={"blob": "\U0001f600" * count})
    body = json.dumps(item)
    assert "\\ud83d\\ude00" in body
    response = capped.post_raw("/api/events", body.encode())
    assert response.status_code == 201
    [row] = capped.rows(agent_type=agent)
    size = len(compact(item["metadata"]))
    if size <= LIMIT:
        assert json.loads(row["metadata"]) == item["metadata"]
    else:
        assert json.loads(row["metadata"]) == {"_truncated": True, "_original_bytes": size}


def test_the_summary_keeps_the_telling_keys(capped: Api) -> None:
    few = {key: f"{key} ä \U0001f600" for key in KEPT}
    metadata = {**few, "blob": "x" * 5000, "other": "short"}
    kept, row = stored(capped, metadata)
    assert kept == {"_truncated": True, "_original_bytes": len(compact(metadata)), **few}
    assert row["payload_truncated"] == 1


@pytest.mark.parametrize("key", KEPT)
def test_each_telling_key_is_kept_alone(capped: Api, key: str) -> None:
    metadata = {"blob": "x" * 5000, key: "value"}
    kept, _ = stored(capped, metadata)
    assert kept == {
        "_truncated": True,
        "_original_bytes": len(compact(metadata)),
        key: "value",
    }


@pytest.mark.parametrize("sign", SIGNS)
def test_a_telling_key_that_does_not_fit_leaves_the_bare_summary(capped: Api, sign: str) -> None:
    metadata = {"command": sign * LIMIT}
    kept, row = stored(capped, metadata)
    assert kept == {"_truncated": True, "_original_bytes": len(compact(metadata))}
    assert row["payload_truncated"] == 1


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("over", [0, 1])
def test_the_summary_itself_keeps_to_the_limit(capped: Api, sign: str, over: int) -> None:
    """A summary of just the limit keeps its key; with one byte more it is bare."""
    bare = {"_truncated": True, "_original_bytes": 20_000}
    room = LIMIT + over - len(compact({**bare, "command": ""}))
    count, rest = divmod(room, len(sign.encode()))
    command = sign * count + "x" * rest
    blob = "x" * (20_000 - len(compact({"command": command, "blob": ""})))
    kept, _ = stored(capped, {"command": command, "blob": blob})
    assert kept == (bare if over else {**bare, "command": command})


def test_what_is_kept_is_whole_or_gone(capped: Api) -> None:
    """Of a short and a long key, neither is cut inside a character nor over the limit."""
    metadata = {"tool_name": "Bash", "command": "\U0001f600é" * 3000}
    kept, row = stored(capped, metadata)
    assert kept["_truncated"] is True
    assert kept["_original_bytes"] == len(compact(metadata))
    assert len(row["metadata"].encode()) <= LIMIT
    assert kept.get("tool_name", "Bash") == "Bash"
    assert "\ufffd" not in row["metadata"]
    assert "command" not in kept


@pytest.mark.parametrize("metadata", ["é" * LIMIT, ["é" * 100] * 20, {"é" * LIMIT: 1}])
def test_what_has_no_telling_key_leaves_the_bare_summary(capped: Api, metadata: object) -> None:
    kept, row = stored(capped, metadata)
    assert kept == {"_truncated": True, "_original_bytes": len(compact(metadata))}
    assert row["payload_truncated"] == 1


def test_the_default_limit_is_10_kb(api: Api, remote: str | None) -> None:
    if remote is not None:
        pytest.skip("the limit of the server behind --url is not known")
    below, above = filled(10 * LIMIT, "é"), filled(10 * LIMIT + 1, "é")
    assert stored(api, below)[0] == below
    assert stored(api, above)[0] == {"_truncated": True, "_original_bytes": 10 * LIMIT + 1}


@pytest.mark.parametrize("size", ["0", "0.03"])
def test_where_no_summary_fits_it_is_empty(launch: Launch, size: str) -> None:
    """A limit below the bare summary leaves `{}`, or is reported as invalid."""
    with launch({"AGENTMONITOR_MAX_PAYLOAD_KB": size}) as own:
        metadata = {"blob": "x" * 200, "command": "ls"}
        kept, row = stored(own, metadata)
        assert own.server is not None
        if "AGENTMONITOR_MAX_PAYLOAD_KB" in own.server.output():
            assert kept == metadata
        else:
            assert (kept, row["payload_truncated"]) == ({}, 1)
