"""Blobs: fingerprints and payloads, packed small and given back exactly as they were."""

import json
import zlib

from worker.models import Fingerprint

_HEAD_BYTES = 4


def pack_fingerprint(fingerprint: Fingerprint) -> bytes:
    """Length of the head, the head as deflated JSON, then the shingles: hashes don't deflate."""
    fields = fingerprint.model_dump(exclude={"shingles"}, exclude_defaults=True)
    head = zlib.compress(json.dumps(fields, separators=(",", ":")).encode())
    return len(head).to_bytes(_HEAD_BYTES, "big") + head + fingerprint.shingles


def unpack_fingerprint(blob: bytes) -> Fingerprint:
    end = _HEAD_BYTES + int.from_bytes(blob[:_HEAD_BYTES], "big")
    fields = json.loads(zlib.decompress(blob[_HEAD_BYTES:end]))
    return Fingerprint.model_validate({**fields, "shingles": blob[end:]})


def pack_text(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpack_text(blob: bytes) -> str:
    return zlib.decompress(blob).decode("utf-8", "surrogatepass")
