"""Articles that come compressed: opened under limits, stored as they came, and refused alone."""

import base64
import json
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frames import ARTICLE, INVALID, JSON, SHORT, envelope, streamed, with_header
from worker.broker.bodies import articles
from worker.broker.messages import LONGEST, ClaimedMessage, read
from worker.cli import group
from worker.errors import Reason, Rejected
from worker.model import zstd_frames
from worker.model.admission import LIMITS, Payload, Unopened, admit
from worker.model.canonical_json import canonical_json
from worker.model.compressed_article import OpenedArticle, compress_article, open_compressed, opened
from worker.model.zstd_frames import FrameTooLong, InvalidFrame, compress, decompress, zstd


def test_the_frames_by_hand_are_valid_but_for_the_fault_that_is_tested() -> None:
    assert decompress(with_header(SHORT, bytes([0x20, len(SHORT)])), 100) == SHORT
    assert decompress(with_header(SHORT, bytes([0x00, 13 << 3])), 100) == SHORT  # 8 MiB of window
    assert decompress(streamed(JSON, checksum=True), 1000) == JSON


@pytest.mark.parametrize("name", INVALID)
def test_a_frame_that_is_not_whole_single_and_plain_is_refused(name: str) -> None:
    with pytest.raises(InvalidFrame):
        decompress(INVALID[name], 10_000)


@pytest.mark.parametrize("make", [compress, streamed])
@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_a_frame_may_expand_to_the_limit(make: Any, size: int) -> None:
    assert decompress(make(b"a" * size), 1000) == b"a" * size


@pytest.mark.parametrize("make", [compress, streamed])
@pytest.mark.parametrize("size", [1001, 5_000_000])
def test_a_bomb_is_refused_at_the_limit(make: Any, size: int) -> None:
    with pytest.raises(FrameTooLong):
        decompress(make(b"a" * size), 1000)


@given(st.binary(max_size=60) | st.builds(lambda data: zstd_frames.MAGIC + data, st.binary()))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    with suppress(InvalidFrame, FrameTooLong):
        assert len(decompress(data, 1000)) <= 1000


@given(st.data())
def test_a_frame_with_any_byte_changed_is_opened_or_refused(data: st.DataObject) -> None:
    frame = bytearray(streamed(JSON, checksum=True))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    opened = open_compressed(envelope(bytes(frame)), LONGEST)
    assert isinstance(opened, Unopened) or opened.raw == ARTICLE


def refused(raw: Mapping[str, Any], room: int = LONGEST) -> tuple[Reason, str]:
    unopened = open_compressed(raw, room)
    assert isinstance(unopened, Unopened)
    assert json.loads(unopened.text) == raw
    with pytest.raises(Rejected) as error:
        admit(unopened, 1)
    assert error.value.reason is unopened.reason
    return unopened.reason, unopened.detail


@pytest.mark.parametrize("name", INVALID)
def test_an_article_with_an_invalid_frame_is_malformed(name: str) -> None:
    reason, detail = refused(envelope(INVALID[name]))
    assert reason is Reason.MALFORMED
    assert detail.startswith("zstd: ")


@pytest.mark.parametrize(
    ("raw", "reason", "detail"),
    [
        ({"zstd": 7}, "malformed", "zstd: the key zstd has no text"),
        ({}, "malformed", "zstd: the key zstd has no text"),
        ({"zstd": "KLUv/S!"}, "malformed", "zstd: no base64"),
        ({"zstd": "KLUv_S"}, "malformed", "zstd: no base64"),
        (envelope(compress(b"")), "malformed", "zstd: the article is no JSON: Expecting value"),
        (envelope(compress(b"{]")), "malformed", "zstd: the article is no JSON: Expecting prop"),
        (envelope(compress(b'{"title":"\xff"}')), "malformed", "zstd: 'utf-8' codec can't decode"),
        (
            envelope(compress(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")),
            *("malformed", "nested more than 100 levels deep"),
        ),
        (
            envelope(compress(b" " * 5_300_000)),
            *(
                "too-large",
                "zstd: expands to 5,300,000 bytes, more than 5,242,880, the limit of an",
            ),
        ),
        (
            envelope(streamed(b" " * 5_300_000)),
            *("too-large", "zstd: expands to more than 5,242,880 bytes, the limit of an article"),
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_can_t_be_opened_says_why(raw: dict[str, Any], reason: str, detail: str) -> None:
    found = refused({"schema": "raw-article-zstd/1", **raw})
    assert found[0] == reason
    assert found[1].startswith(detail)


def test_a_bomb_is_refused_in_little_memory() -> None:
    import tracemalloc

    bomb = envelope(streamed(b" " * 60_000_000))
    assert len(bomb["zstd"]) * 1000 < 60_000_000
    tracemalloc.start()
    assert refused(bomb)[0] is Reason.TOO_LARGE
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * LIMITS.article_bytes


@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_base64_may_be_wrapped_into_lines(encode: Any) -> None:
    opened = open_compressed(envelope(compress(JSON), encode), LONGEST)
    assert isinstance(opened, OpenedArticle)
    assert opened.raw == ARTICLE


def test_a_frame_of_canonical_json_stays_as_it_came() -> None:
    frame = zstd.compress(JSON, level=9)
    opened = open_compressed(envelope(frame), LONGEST)
    assert isinstance(opened, OpenedArticle)
    assert opened.payload.frame == frame
    assert opened.payload == Payload.of(ARTICLE, frame=frame, unpacked=JSON)
    assert opened.payload.sha256 == Payload.of(ARTICLE).sha256


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(ARTICLE).encode(),
        json.dumps(dict(reversed(ARTICLE.items()))).encode(),
        JSON.replace(b"Ships", b"Sh\\u0069ps"),
        b" " + JSON,
    ],
    ids=["spaces", "order", "escapes", "space first"],
)
def test_other_json_has_the_payload_that_the_article_would_have_uncompressed(data: bytes) -> None:
    opened = open_compressed(envelope(compress(data)), LONGEST)
    assert isinstance(opened, OpenedArticle)
    assert opened.raw == ARTICLE
    assert opened.payload == Payload.of(ARTICLE)
    assert opened.payload.frame == b""


def test_a_frame_longer_than_its_json_is_not_stored() -> None:
    data = SHORT
    frame = with_header(data, bytes([0x20, len(data)]))
    opened = open_compressed(envelope(frame), LONGEST)
    assert isinstance(opened, OpenedArticle)
    assert opened.payload == Payload.of({"title": "A"})


def test_a_compressed_article_in_a_compressed_article_is_not_opened() -> None:
    inner = compress_article(JSON)
    opened = open_compressed(compress_article(canonical_json(inner)), LONGEST)
    assert isinstance(opened, OpenedArticle)
    with pytest.raises(Rejected, match="unknown-schema"):
        admit(opened.raw, opened.payload.bytes)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_an_article_has_the_same_value_and_hash_compressed_or_not(article: dict[str, Any]) -> None:
    opened = open_compressed(compress_article(canonical_json(article)), LONGEST)
    assert isinstance(opened, OpenedArticle)
    assert opened.raw == article
    plain = Payload.of(article)
    assert (opened.payload.text, opened.payload.sha256) == (plain.text, plain.sha256)
    assert opened.payload.bytes == plain.bytes


def body(*raws: Any, **kwargs: Any) -> dict[str, Any]:
    return {
        "headers": {"task": "articles.ingest", "id": "m-1"},
        "properties": {},
        "body": json.dumps([[list(raws)], kwargs, {}]),
    }


def read_message(whole: object) -> ClaimedMessage:
    return read(json.dumps(whole).encode())


def test_the_receipt_of_a_compressed_article_is_found_as_that_of_a_plain_one() -> None:
    own = {**ARTICLE, "receipt": "mine"}
    found = articles(
        read_message(
            body(compress_article(canonical_json(own)), compress_article(JSON), own, ARTICLE)
        )
    )
    plain = articles(read_message(body(own, ARTICLE, own, ARTICLE)))
    assert [receipt for receipt, _ in found] == [receipt for receipt, _ in plain]
    assert found[0][0] == "mine"
    listed = articles(
        read_message(body(compress_article(canonical_json(own)), receipts=["listed"]))
    )
    assert listed[0][0] == "listed"


def test_the_articles_of_one_message_may_expand_to_its_limit_together() -> None:
    text = "".join(random.Random(1).choices("abcdefgh ", k=1000)) * 4900
    large = compress_article(canonical_json({"title": "Large", "content": text}))
    bomb = envelope(streamed(b" " * 60_000_000))
    found = articles(
        read_message(body(bomb, bomb, large, bomb, large, large, large, large, ARTICLE))
    )
    kinds = [type(article).__name__ for _, article in found]
    assert kinds == [
        *("Unopened", "Unopened", "OpenedArticle", "Unopened"),
        *("OpenedArticle", "OpenedArticle", "OpenedArticle", "Unopened", "dict"),
    ]
    last = found[-2][1]
    assert isinstance(last, Unopened)
    assert last.reason is Reason.TOO_LARGE
    assert last.detail.endswith("the limit of its message")


def test_commands_and_producers_read_a_compressed_article_as_the_worker_does() -> None:
    plain = {"id": "1", "title": "Harbour reopens", "content": "The harbour opened on Monday."}
    compressed = compress_article(json.dumps(plain).encode())
    assert opened(compressed) == plain
    assert opened(plain) is plain
    with pytest.raises(Rejected, match="truncated"):
        admit(opened({**compressed, "zstd": compressed["zstd"][:-8]}), 0)
    done = CliRunner().invoke(group, ["clean", "-"], input=json.dumps(compressed))
    assert (done.exit_code, "Harbour reopens" in done.output) == (0, True)
    linted = CliRunner().invoke(group, ["lint", "-", "--json"], input=json.dumps(compressed))
    assert [result["outcome"] for result in json.loads(linted.output)] == ["new"]
