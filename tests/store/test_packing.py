"""Texts are stored compressed; what earlier versions stored is read as well."""

import zlib

import pytest

from worker.model.admission import Payload
from worker.model.zstd_frames import MAGIC, compress
from worker.store.database.packing import EMPTY_TEXT, pack_payload, pack_text, unpack_text

TEXTS = ["", "a", "Ünïcode 😀", "lone \ud800 surrogate", "Ships return. " * 5000]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_exactly(text: str) -> None:
    assert unpack_text(pack_text(text)) == text


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_what_earlier_versions_stored_is_read(text: str, level: int) -> None:
    assert unpack_text(zlib.compress(text.encode("utf-8", "surrogatepass"), level)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_version_0_2_reads_what_is_stored_by_default(text: str) -> None:
    payload = Payload(text=text, sha256="", bytes=0, whole=True)
    stored = pack_payload(payload)
    assert zlib.decompress(stored).decode("utf-8", "surrogatepass") == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_compressed_payload_is_stored_as_its_frame(text: str) -> None:
    payload = Payload(text=text, sha256="", bytes=0, whole=True).compressed()
    stored = pack_payload(payload)
    assert stored == payload.frame == compress(text.encode("utf-8", "surrogatepass"))
    assert stored.startswith(MAGIC)
    assert unpack_text(stored) == text
    assert payload.compressed() is payload


def test_an_empty_text_is_stored_as_by_every_version_because_queries_compare_it() -> None:
    assert pack_text("") == EMPTY_TEXT == zlib.compress(b"")


def test_a_stored_text_may_be_longer_than_a_message() -> None:
    text = "ab" * 11_000_000
    assert unpack_text(compress(text.encode())) == text
