"""Compress raw articles and other long texts to bytes for the database, and restore them exactly.

A text is stored as a zlib stream, which begins with the byte 78 (hexadecimal), or as a Zstandard
frame, which begins with 28 B5 2F FD. Versions of this package up to 0.2 can read zlib streams only.
"""

import zlib

from worker.model.admission import Payload
from worker.model.zstd_frames import MAGIC, decompress

_LEVEL = 4  # a page of 145 KB: 1.4 ms to 29.9 KB; level 6, zlib's default: 2.5 ms to 28.4 KB
EMPTY_TEXT = bytes.fromhex("789c030000000001")  # what "" is stored as; queries compare with it
_MOST_BYTES = 2**31  # what a database holds was written by a worker, and can't be larger


def pack_text(text: str) -> bytes:
    """Compress a text to bytes. Any text is accepted, even with lone surrogates."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL) if text else EMPTY_TEXT


def pack_payload(payload: Payload) -> bytes:
    """Return the JSON of a raw article as compressed bytes for the database. If the article came
    compressed, these are the bytes that came."""
    return payload.frame or pack_text(payload.text)


def unpack_text(blob: bytes) -> str:
    """Decompress bytes that `pack_text` or `pack_payload` made, and return exactly the text that
    was compressed."""
    data = decompress(blob, _MOST_BYTES) if blob.startswith(MAGIC) else zlib.decompress(blob)
    return data.decode("utf-8", "surrogatepass")
