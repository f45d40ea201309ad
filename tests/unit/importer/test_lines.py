"""Whole lines, whatever the blocks, from any byte on."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.importer import lines
from agentmonitor.importer.lines import Lines, TooLong, fingerprint

PIECES = st.lists(
    st.sampled_from((b"", b"a", b"bcd" * 5, b"\r", b"\n", b"\n\n", b" \n")), max_size=20
)


@given(pieces=PIECES, block=st.integers(1, 7))
def test_lines_and_rest_are_the_whole_file(pieces: list[bytes], block: int) -> None:
    data = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        reader = Lines(io.BytesIO(data), 0)
        found = list(reader)
    *whole, rest = data.split(b"\n")
    assert [line for line, _ in found] == [line for line in whole if line.strip()]
    assert reader.rest == rest
    for line, offset in found:
        assert isinstance(line, bytes)
        assert data[:offset].endswith(line + b"\n")


@given(pieces=PIECES, cut=st.integers(0, 60))
def test_reading_goes_on_from_any_line_end(pieces: list[bytes], cut: int) -> None:
    data = b"".join(pieces)
    start = data.rfind(b"\n", 0, cut) + 1
    before = [line for line, _ in Lines(io.BytesIO(data[:start]), 0)]
    after = [line for line, _ in Lines(io.BytesIO(data), start)]
    assert before + after == [line for line, _ in Lines(io.BytesIO(data), 0)]


def test_a_line_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", 4)
    monkeypatch.setattr(lines, "MAX_LINE", 10)
    found = [line for line, _ in Lines(io.BytesIO(b"ok\n" + b"x" * 50 + b"\nalso\n"), 0)]
    assert found == [b"ok", TooLong(10), b"also"]


def test_the_fingerprint_tells_files_apart_that_differ_before_the_offset() -> None:
    data = bytes(range(256)) * 8
    same = fingerprint(io.BytesIO(data + b"more"), len(data))
    assert same == fingerprint(io.BytesIO(data), len(data))
    assert same != fingerprint(io.BytesIO(b"x" + data[1:]), len(data))
    assert same != fingerprint(io.BytesIO(data[:-1] + b"x"), len(data))
