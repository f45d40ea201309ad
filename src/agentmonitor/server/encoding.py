"""Content-Encoding: compressed bodies, with a limit on what comes out of them.

Source: RFC 9110 8.4 (the header), RFC 1952 (gzip), RFC 1950 and 1951 (deflate), RFC 8878 (zstd).
A small body can hold gigabytes, so decompression stops as soon as the limit is passed.
"""

import sys
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

from agentmonitor.errors import InvalidInput
from agentmonitor.server.http import BodyTooLarge

ACCEPTED = "gzip, deflate, zstd"
"""What an Accept-Encoding header may say beside a 415."""

MAX_CODINGS = 3
"""How many encodings may be laid over each other."""
MAX_PARTS = 1024
"""Members or frames of one body. Each takes work even when it holds nothing."""
MAX_WINDOW_LOG = 25
"""32 MiB: the most memory that a zstd frame may ask for. Encoders use 8 MiB or less."""

_CHUNK = 64 * 1024
_GZIP, _ZLIB, _RAW = 31, 15, -15
"""zlib's ``wbits`` for the three formats."""


class UnsupportedEncoding(Exception):
    """The body is encoded in a way that is not known here; the text says what is."""


def decompress(body: bytes, encoding: str | None, limit: int) -> bytes:
    """``body`` without its Content-Encoding, at most ``limit`` bytes.

    Raises UnsupportedEncoding, BodyTooLarge and InvalidInput.
    """
    codings = [name.strip().lower() for name in (encoding or "").split(",")]
    codings = [name for name in codings if name not in ("", "identity")]
    if len(codings) > MAX_CODINGS:
        raise UnsupportedEncoding(f"At most {MAX_CODINGS} content encodings are possible.")
    for name in codings:
        if name not in _DECODERS:
            raise UnsupportedEncoding(
                f"The content encoding {name[:40]!r} is not known here; use {ACCEPTED} or none."
            )
    # They are named in the order in which they were applied.
    for name in reversed(codings):
        body = _DECODERS[name](body, limit)
    if len(body) > limit:
        raise BodyTooLarge(limit)
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    return _parts(body, limit, lambda: zlib.decompressobj(_GZIP), "gzip", zlib.error)


def _deflate(body: bytes, limit: int) -> bytes:
    """The format is zlib's, but some clients leave its frame out."""
    framed = len(body) >= 2 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
    if framed:
        try:
            return _parts(body, limit, lambda: zlib.decompressobj(_ZLIB), "deflate", zlib.error, 1)
        except InvalidInput:
            pass  # its first two bytes only look like a frame
    return _parts(body, limit, lambda: zlib.decompressobj(_RAW), "deflate", zlib.error, 1)


def _zstd(body: bytes, limit: int) -> bytes:
    module = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    options = {module.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}
    return _parts(
        body, limit, lambda: module.ZstdDecompressor(options=options), "zstd", module.ZstdError
    )


def _parts(
    body: bytes,
    limit: int,
    decompressor: Callable[[], Any],
    name: str,
    error: type[Exception],
    most: int = MAX_PARTS,
) -> bytes:
    """All members (frames) of ``body``, one after the other."""
    found = bytearray()
    position = 0
    for _ in range(most):
        part = decompressor()
        while not part.eof:
            # In chunks, since what follows a member is copied each time.
            chunk = body[position : position + _CHUNK]
            if not chunk:
                raise InvalidInput(f"The {name} body is cut off.")
            try:
                found += part.decompress(chunk, limit + 1 - len(found))
            except error:
                raise InvalidInput(f"The body is not what Content-Encoding {name} says.") from None
            if len(found) > limit:
                raise BodyTooLarge(limit)
            position += len(chunk) - len(part.unused_data)
        if position == len(body):
            return bytes(found)
    if most == 1:
        raise InvalidInput(f"Something follows the end of the {name} body.")
    raise InvalidInput(f"The {name} body has more than {most} parts.")


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "zstd": _zstd,
}  # fmt: skip
