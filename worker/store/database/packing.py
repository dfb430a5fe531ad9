"""Compress payloads and texts for blob columns, and restore them exactly."""

import zlib


def pack_text(text: str) -> bytes:
    """Compress a text; lone surrogates are kept."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpack_text(blob: bytes) -> str:
    """Restore a text that `pack_text` compressed."""
    return zlib.decompress(blob).decode("utf-8", "surrogatepass")
