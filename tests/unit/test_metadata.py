"""Metadata on its way to the store: capped, cleaned, and read for what it says."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.config import Capture
from agentmonitor.metadata import MAX_DEPTH, SUMMARY_KEYS, Rules, prepare, unpack_content
from agentmonitor.model.event import MAX_INT, Event
from agentmonitor.model.signal import Signal
from agentmonitor.redact import MARK
from tests.unit.builders import event
from tests.unit.model.strategies import json_objects, json_values, texts

EDITS = frozenset({"Edit"})


def prepared(metadata: Any, max_bytes: int = 10_240, **fields: Any) -> Event:
    found = event(metadata=metadata, **fields)
    prepare([found], Rules(max_bytes=max_bytes, edit_tools=EDITS))
    return found


def size(document: Any) -> int:
    return len(msgspec.json.encode(document))


def large_objects() -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the keys that a summary keeps, and text of one to four bytes a character."""
    text = st.text(st.sampled_from('aä€😀"\\\n'), max_size=60)
    return st.builds(
        lambda a, b: a | b,
        st.dictionaries(st.sampled_from(SUMMARY_KEYS), st.one_of(text, json_values())),
        st.dictionaries(texts(), text, max_size=4),
    )


@settings(max_examples=100)
@given(st.one_of(json_values(), large_objects()), st.integers(1, 400))
def test_metadata_is_kept_whole_or_replaced_by_what_fits(metadata: Any, max_bytes: int) -> None:
    found = prepared(metadata, max_bytes)
    text = found.metadata_json
    assert len(text.encode()) <= max(max_bytes, 2)
    document = json.loads(text)
    whole = {} if metadata is None else metadata
    if not found.payload_truncated:
        assert document == whole
        return
    assert size(whole) > max_bytes
    bare = {"_truncated": True, "_original_bytes": size(whole)}
    kept = {k: whole[k] for k in SUMMARY_KEYS if k in whole} if isinstance(whole, dict) else {}
    candidates = [bare | kept, bare, {}]
    assert document == next(c for c in candidates if size(c) <= max_bytes or c == {})


def test_the_limit_counts_bytes_and_is_met_exactly() -> None:
    metadata = {"a": "😀" * 10}
    assert prepared(metadata, size(metadata)).payload_truncated is False
    assert prepared(metadata, size(metadata) - 1).payload_truncated is True


@given(st.lists(st.text(st.sampled_from("abc1 "), max_size=5), max_size=20), st.integers(10, 300))
def test_taking_secrets_out_is_no_way_around_the_rules(words: list[str], max_bytes: int) -> None:
    """A mark may be longer than the secret: then, too, the summary says that something is gone."""
    metadata = {"message": " ".join(f"token=abcdefgh{word.strip()}" for word in words), "x": "y"}
    found = prepared(metadata, max_bytes)
    assert len(found.metadata_json.encode()) <= max_bytes
    assert "abcdefgh" not in found.metadata_json
    kept = json.loads(found.metadata_json)
    if not found.payload_truncated:
        assert kept["x"] == "y"
        assert kept["message"].count(MARK) == len(words)
    elif max_bytes >= 60:
        assert kept["_truncated"] is True


@pytest.mark.parametrize("rest", ["", "y" * 60])
def test_a_mark_that_is_longer_than_its_secret_counts(rest: str) -> None:
    metadata = {"x": rest, "message": "token=abcdefgh"}
    found = prepared(metadata, size(metadata))
    assert len(found.metadata_json.encode()) <= size(metadata)
    assert found.payload_truncated
    assert json.loads(found.metadata_json).get("_truncated", not rest)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2, MAX_DEPTH + 1, 900])
@pytest.mark.parametrize("text", ["plain", "token=abcdefghijkl"])
def test_deep_metadata_is_replaced_and_breaks_nothing(depth: int, text: str) -> None:
    nested: Any = text
    for n in range(depth):
        nested = [nested] if n % 2 else {"a": nested}
    found = prepared({"message": nested}, 100_000)
    assert found.payload_truncated is (depth > MAX_DEPTH - 2)
    assert "abcdefghijkl" not in found.metadata_json
    json.loads(found.metadata_json)


def test_secrets_do_not_reach_the_store() -> None:
    secret = "ghp_" + "a1B2" * 9
    found = prepared(
        {"command": f"curl -H 'x: {secret}'"},
        signal=Signal(kind="turn_started", title=f"Use {secret}", detail=f"{secret}!"),
    )
    assert json.loads(found.metadata_json) == {"command": f"curl -H 'x: {MARK}'"}
    assert found.signal is not None
    assert (found.signal.title, found.signal.detail) == (f"Use {MARK}", f"{MARK}!")
    implied = prepared({"prompt": f"Use {secret}"}, event_type="user_prompt").signal
    assert implied is not None
    assert implied.title == f"Use {MARK}"


@pytest.mark.parametrize(
    ("event_type", "metadata", "kind", "words"),
    [
        ("user_prompt", {"prompt": "\n Fix it\nplease"}, "turn_started", ("Fix it", None)),
        (
            "user_prompt",
            {"message": "Fix it" * 5000},
            "turn_started",
            (("Fix it" * 20)[:119] + "…", None),
        ),
        (
            "user_prompt",
            {"prompt": "Fix it" * 5000},
            "turn_started",
            (("Fix it" * 20)[:119] + "…", None),
        ),
        ("error", {"error": "boom"}, "turn_failed", (None, "boom")),
        ("error", {"message": "m" * 20_000}, "turn_failed", (None, "m" * 2000)),
        ("turn_end", {"text": "Done"}, "turn_ended", (None, "Done")),
        ("permission_request", {"command": "rm"}, "permission_asked", (None, "rm")),
    ],
)
def test_an_events_words_are_shown_on_the_card(
    event_type: str, metadata: dict[str, Any], kind: str, words: tuple[str | None, str | None]
) -> None:
    """Also when the metadata itself is too large to be kept."""
    signal = prepared(metadata, event_type=event_type).signal
    assert signal is not None
    assert (signal.kind, signal.title, signal.detail) == (kind, *words)
    assert signal.implied


def test_a_signal_that_came_with_the_event_stands() -> None:
    own = Signal(kind="busy")
    assert prepared({"prompt": "x"}, event_type="user_prompt", signal=own).signal is own
    assert prepared({"command": "ls"}).signal is None


@pytest.mark.parametrize(
    ("fields", "metadata", "drawn"),
    [
        ({"tool_name": "Edit"}, {"file_path": "/a", "lines_added": 3}, ("/a", 3, 0)),
        ({"tool_name": "Edit"}, {"path": "/b"}, ("/b", 0, 0)),
        ({"tool_name": "Edit"}, {"file_path": "a\0b", "lines_removed": 2}, (None, 0, 2)),
        ({"tool_name": "Edit"}, {"file_path": 7}, (None, 0, 0)),
        (
            {"tool_name": "Edit", "status": "error"},
            {"file_path": "/a", "lines_added": 3},
            (None, 0, 0),
        ),
        ({"tool_name": "Read"}, {"file_path": "/a"}, (None, 0, 0)),
        ({"tool_name": "Read"}, {"file_path": "/a", "lines_added": 1}, ("/a", 1, 0)),
        ({"event_type": "file_change"}, {"file_path": "/a"}, ("/a", 0, 0)),
        ({"tool_name": "Edit"}, {"file_path": "/a", "x": "y" * 20_000}, ("/a", 0, 0)),
        ({"tool_name": "Edit"}, {"lines_added": -1, "lines_removed": True}, (None, 0, 0)),
        ({"tool_name": "Edit"}, {"lines_added": MAX_INT + 1, "lines_removed": 1.0}, (None, 0, 0)),
        ({"tool_name": "Edit"}, ["file_path"], (None, 0, 0)),
    ],
)
def test_edits_are_drawn_from_the_metadata(
    fields: dict[str, Any], metadata: Any, drawn: tuple[str | None, int, int]
) -> None:
    found = prepared(metadata, **fields)
    assert (found.file_path, found.lines_added, found.lines_removed) == drawn


@pytest.mark.parametrize("more", [{}, {"x": "y" * 20_000}, {"x": [[]], "path": "/p" * 9000}])
@pytest.mark.parametrize("capture", ["full", "metadata"])
def test_a_secret_in_an_edited_path_is_taken_out_however_large_the_rest_is(
    more: dict[str, Any], capture: Capture
) -> None:
    secret = "ghp_" + "a1B2" * 9
    found = event(tool_name="Edit", metadata={"file_path": f"/tmp/{secret}/f.py"} | more)
    prepare([found], Rules(max_bytes=10_240, edit_tools=EDITS, capture=capture))
    assert found.file_path == f"/tmp/{MARK}/f.py"
    assert secret not in found.metadata_json


@given(json_objects(), st.sampled_from(("user_prompt", "error", "turn_end", "file_change", "hook")))
def test_no_metadata_breaks_it(metadata: dict[str, Any], event_type: str) -> None:
    found = prepared(metadata, event_type=event_type)
    assert json.loads(found.metadata_json) == metadata or MARK in found.metadata_json


def kept(metadata: Any, capture: Capture, **fields: Any) -> Event:
    found = event(metadata=metadata, agent_type="alpha", **fields)
    rules = Rules(max_bytes=200, edit_tools=EDITS, max_item_bytes=1000, by_agent={"alpha": capture})
    prepare([found], rules)
    return found


def test_what_the_summary_cannot_hold_is_kept_whole_for_the_transcript() -> None:
    prompt = "Mend it. " * 90
    found = kept({"prompt": prompt, "n": 1}, "full")
    assert found.payload_truncated
    assert found.content is not None
    assert unpack_content(found.content) == {"prompt": prompt, "n": 1}
    assert kept({"prompt": "short"}, "full").content is None


@given(letter=st.sampled_from("aä€😀"), count=st.integers(200, 2000))
def test_a_long_text_is_cut_to_the_limit_and_never_inside_a_character(
    letter: str, count: int
) -> None:
    found = kept({"list": [letter * count]}, "full")
    if found.content is None:
        return
    (text,) = unpack_content(found.content)["list"]
    assert text == letter * len(text)
    assert len(text.encode()) <= 1000
    assert len(text) == count or len(text.encode()) > 1000 - 4


def test_secrets_are_taken_out_of_what_is_kept_whole() -> None:
    secret = "sk-ant-" + "a1B2" * 10
    found = kept({"output": "x" * 300 + f" key {secret} end"}, "full")
    assert found.content is not None
    assert unpack_content(found.content)["output"].endswith(f"key {MARK} end")


def test_without_content_only_what_can_be_counted_is_kept() -> None:
    metadata = {"prompt": "secret plan", "file_path": "/a.py", "lines_added": 3, "command": "rm"}
    signal = Signal(kind="turn_started", title="secret plan", detail="secret plan")
    found = kept(metadata, "metadata", tool_name="Edit", signal=signal)
    assert json.loads(found.metadata_json) == {"file_path": "/a.py", "lines_added": 3}
    assert (found.file_path, found.lines_added) == ("/a.py", 3)
    assert found.signal is not None
    assert (found.signal.title, found.signal.detail) == (None, None)


def test_with_capture_off_nothing_but_counts_is_kept() -> None:
    metadata = {"prompt": "secret plan", "file_path": "/a.py", "lines_added": 3}
    found = kept(metadata, "off", tool_name="Edit")
    assert (found.metadata_json, found.file_path, found.lines_added) == ("{}", None, 3)
    spoken = kept({"prompt": "secret plan"}, "off", event_type="user_prompt")
    assert spoken.signal is not None
    assert spoken.signal.title is None
