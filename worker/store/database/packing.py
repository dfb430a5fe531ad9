"""Compress raw articles and other long texts to bytes for the database, and restore them
exactly."""

import zlib


def pack_text(text: str) -> bytes:
    """Compress a text to bytes. Any text is accepted, even with lone surrogates."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpack_text(blob: bytes) -> str:
    """Decompress bytes that `pack_text` made, and return the text exactly as it was."""
    return zlib.decompress(blob).decode("utf-8", "surrogatepass")
