"""Zstandard frames, valid and invalid, and messages' articles in them."""

import base64
import zlib
from typing import Any

from worker.model import zstd_frames
from worker.model.canonical_json import canonical_json
from worker.model.zstd_frames import compress, zstd

ARTICLE = {"id": "1", "title": "Harbour reopens", "content": "Ships return on Monday. " * 20}
JSON = canonical_json(ARTICLE)


def with_header(data: bytes, header: bytes) -> bytes:
    """A frame by hand, with one raw block."""
    return zstd_frames.MAGIC + header + (len(data) << 3 | 1).to_bytes(3, "little") + data


def streamed(data: bytes, *, checksum: bool = False) -> bytes:
    """A frame as a stream makes it: its header does not say how long the data is."""
    options = {zstd.CompressionParameter.checksum_flag: int(checksum)}
    compressor = zstd.ZstdCompressor(options=options)
    frame = compressor.compress(data) + compressor.flush()
    assert zstd.get_frame_info(frame).decompressed_size is None
    return frame


SHORT = b'{"title":"A"}'
SKIPPABLE = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"junk"

INVALID = {
    "empty": b"",
    "only-magic": zstd_frames.MAGIC,
    "plain": JSON,
    "zlib": zlib.compress(JSON),
    "truncated": compress(JSON)[:-3],
    "truncated-stream": streamed(JSON)[:-1],
    "truncated-header": compress(JSON)[:5],
    "several-frames": compress(JSON[:100]) + compress(JSON[100:]),
    "an-empty-frame-first": compress(b"") + compress(JSON),
    "trailing-junk": compress(JSON) + b"\0",
    "skippable-first": SKIPPABLE + compress(JSON),
    "skippable-last": compress(JSON) + SKIPPABLE,
    "dictionary": with_header(SHORT, bytes([0x21, 7, len(SHORT)])),
    "size-too-small": with_header(SHORT, bytes([0x20, len(SHORT) - 1])),
    "size-too-large": with_header(SHORT, bytes([0x20, len(SHORT) + 1])),
    "window-of-2-gib": with_header(SHORT, bytes([0x00, 21 << 3])),
    "reserved-bit": with_header(SHORT, bytes([0x28, len(SHORT)])),
    "checksum": streamed(JSON, checksum=True)[:-1] + b"\0",
}


def envelope(frame: bytes, encode: Any = base64.b64encode) -> dict[str, str]:
    return {"schema": "raw-article-zstd/1", "zstd": encode(frame).decode()}
