"""Compressed bodies: every encoding is read, no bomb goes off, and damage is named."""

import gzip
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import InvalidInput
from agentmonitor.server.encoding import MAX_PARTS, UnsupportedEncoding, decompress
from agentmonitor.server.http import BodyTooLarge

LIMIT = 5 * 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def streamed_zstd(data: bytes) -> bytes:
    """Without the size in the frame's header, as a client that streams sends it."""
    compressor = zstd.ZstdCompressor()
    return compressor.compress(data) + compressor.flush()


FORMATS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without a frame": ("deflate", raw_deflate),
    "zstd": ("zstd", zstd.compress),
    "zstd in a stream": ("zstd", streamed_zstd),
}
every = pytest.mark.parametrize(("encoding", "compress"), FORMATS.values(), ids=FORMATS)
JOINED = ("gzip", "zstd")


@every
@given(data=st.binary(max_size=300), times=st.sampled_from((1, 7, 2000)))
def test_what_was_compressed_comes_back(
    encoding: str, compress: Callable[[bytes], bytes], data: bytes, times: int
) -> None:
    assert decompress(compress(data * times), encoding, LIMIT) == data * times


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity ", "identity, identity"])
def test_a_plain_body_stays_as_it_is(encoding: str | None) -> None:
    assert decompress(b"{}", encoding, 2) == b"{}"
    with pytest.raises(BodyTooLarge):
        decompress(b"{} ", encoding, 2)


@every
def test_the_limit_is_on_what_comes_out(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    body = compress(b"a" * 1000)
    assert len(body) < 100
    assert len(decompress(body, encoding, 1000)) == 1000
    with pytest.raises(BodyTooLarge):
        decompress(body, encoding, 999)
    with pytest.raises(BodyTooLarge):
        decompress(body, encoding, 0)


@every
def test_a_bomb_is_stopped_before_it_grows(
    encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    """What it holds would not fit into the memory that the child may use."""
    script = (
        "import resource, sys\n"
        "from agentmonitor.server.encoding import decompress\n"
        "from agentmonitor.server.http import BodyTooLarge\n"
        "body = sys.stdin.buffer.read()\n"
        "decompress(body[:0] or b'', None, 1)\n"
        "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "most = now + 100 * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n"
        "try:\n"
        f"    decompress(body, {encoding!r}, {LIMIT})\n"
        "except BodyTooLarge:\n"
        "    print('stopped')\n"
    )
    body = compress(bytes(300 * 2**20))
    assert len(body) < 2**20
    if sys.platform != "linux":
        with pytest.raises(BodyTooLarge):
            decompress(body, encoding, LIMIT)
        return
    done = subprocess.run([sys.executable, "-c", script], input=body, capture_output=True)
    assert (done.stdout, done.stderr) == (b"stopped\n", b"")


@pytest.mark.parametrize("name", JOINED)
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_several_members_or_frames_are_one_body(name: str, parts: list[bytes]) -> None:
    encoding, compress = FORMATS[name]
    body = b"".join(compress(part) for part in parts)
    assert decompress(body, encoding, LIMIT) == b"".join(parts)


@pytest.mark.parametrize("name", JOINED)
def test_members_that_hold_nothing_are_limited_too(name: str) -> None:
    encoding, compress = FORMATS[name]
    empty = compress(b"")
    assert decompress(empty * MAX_PARTS, encoding, LIMIT) == b""
    with pytest.raises(InvalidInput, match="more than"):
        decompress(empty * (MAX_PARTS + 1), encoding, LIMIT)


@pytest.mark.parametrize("name", JOINED)
def test_the_limit_is_on_all_members_together(name: str) -> None:
    encoding, compress = FORMATS[name]
    body = compress(b"a" * 600) * 2
    assert len(decompress(body, encoding, 1200)) == 1200
    with pytest.raises(BodyTooLarge):
        decompress(body, encoding, 1199)


@every
def test_a_body_that_was_cut_is_invalid(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    body = compress(bytes(range(256)))
    for length in range(len(body)):
        with pytest.raises(InvalidInput):
            decompress(body[:length], encoding, LIMIT)


@every
def test_what_follows_the_end_is_invalid(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InvalidInput):
        decompress(compress(b"abc") + b"more", encoding, LIMIT)


@every
@given(data=st.data())
def test_damage_is_invalid_or_harmless(
    encoding: str, compress: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    body = bytearray(compress(b"some text, some text, and some more " * 3))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidInput, BodyTooLarge):
        assert len(decompress(bytes(body), encoding, 500)) <= 500


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@given(body=st.binary(max_size=40))
def test_arbitrary_bytes_are_invalid_or_harmless(encoding: str, body: bytes) -> None:
    with suppress(InvalidInput, BodyTooLarge):
        assert len(decompress(body, encoding, 100)) <= 100


def test_a_zstd_frame_cannot_ask_for_a_huge_window() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27}
    compressor = zstd.ZstdCompressor(options=options)
    body = compressor.compress(b"abc") + compressor.flush()
    with pytest.raises(InvalidInput):
        decompress(body, "zstd", LIMIT)


def test_encodings_over_each_other_are_undone_from_the_last() -> None:
    body = zstd.compress(gzip.compress(b"abc"))
    assert decompress(body, "GZIP,  zstd, identity", LIMIT) == b"abc"
    with pytest.raises(InvalidInput):
        decompress(body, "zstd, gzip", LIMIT)
    with pytest.raises(BodyTooLarge):
        decompress(zstd.compress(gzip.compress(b"a" * 1000)), "gzip, zstd", 999)


@pytest.mark.parametrize("encoding", ["br", "gzip, br", "gzip;q=1", "x" * 100])
def test_an_unknown_encoding_is_named_with_those_that_are_known(encoding: str) -> None:
    with pytest.raises(UnsupportedEncoding, match="use gzip, deflate, zstd or none"):
        decompress(b"", encoding, LIMIT)


def test_too_many_encodings_are_refused() -> None:
    with pytest.raises(UnsupportedEncoding, match="At most 3"):
        decompress(b"", "gzip, gzip, gzip, gzip", LIMIT)


def test_zstd_is_loaded_when_it_is_needed() -> None:
    script = (
        "import sys\n"
        "from agentmonitor.server.encoding import decompress\n"
        "decompress(b'', None, 1)\n"
        "assert not {'backports.zstd', 'compression.zstd'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-I", "-c", script], check=True)
