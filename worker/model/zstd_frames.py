"""Compress bytes to one Zstandard frame (RFC 8878), and read frames of unknown origin safely."""

import sys
from functools import cache

from worker.model.plurals import several

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = b"\x28\xb5\x2f\xfd"  # the first bytes of every frame
_LEVEL = 3  # a page of 145 KB: 0.37 ms to 28.4 KB; level 1: 0.26 ms to 29.9 KB
_WINDOW_LOG = 23  # 8 MiB, what RFC 8878 asks every decoder for; a frame may ask for 2 GiB of memory


class InvalidFrame(ValueError):
    """Raised for bytes that are not exactly one complete, valid frame without a dictionary.

    The text of the error says what is wrong.
    """


class FrameTooLong(ValueError):
    """Raised for a frame that expands to more bytes than the caller allows."""


def compress(data: bytes) -> bytes:
    """Compress bytes to one Zstandard frame, whose header has the number of these bytes."""
    return zstd.compress(data, level=_LEVEL)


def decompress(frame: bytes, limit: int) -> bytes:
    """Decompress one Zstandard frame, and return at most `limit` bytes.

    Raises FrameTooLong if there would be more; no more than `limit` bytes are decompressed to find
    that out. Raises InvalidFrame for bytes that are not exactly one complete frame, and for a frame
    that needs a dictionary or more than 8 MiB of memory.
    """
    if not frame.startswith(MAGIC):
        raise InvalidFrame("no Zstandard frame")
    try:
        info = zstd.get_frame_info(frame)
        if info.dictionary_id:
            raise InvalidFrame(f"the frame needs the dictionary {info.dictionary_id}")
        if (info.decompressed_size or 0) > limit:
            raise FrameTooLong(f"{info.decompressed_size:,} bytes, more than {limit:,}")
        decompressor = zstd.ZstdDecompressor(options=_options())
        data = decompressor.decompress(frame, limit + 1)
    except zstd.ZstdError as e:
        raise InvalidFrame(f"a damaged frame: {e}") from e
    if len(data) > limit:
        raise FrameTooLong(f"more than {limit:,} bytes")
    if not decompressor.eof:
        raise InvalidFrame("a truncated frame")
    if decompressor.unused_data:
        raise InvalidFrame(
            f"{several(len(decompressor.unused_data), 'byte')} after the end of the frame"
        )
    return data


@cache
def _options() -> dict[int, int]:
    return {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
