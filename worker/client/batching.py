"""Prepare raw articles for sending: make plain JSON values of them and divide them into batches."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from worker.errors import Reason, Rejected
from worker.model.admission import LIMITS, Excerpt, Payload, RawArticle, source_of
from worker.model.canonical_json import canonical_json
from worker.model.compressed_article import compress_article
from worker.model.json_nesting import value_too_deep
from worker.model.json_problems import problem
from worker.model.receipts import new_receipt
from worker.model.source_names import DEFAULT_SOURCE

_AROUND_FRAME = 50  # bytes of JSON around the frame of a compressed article


class PackedArticle(NamedTuple):
    """One raw article as it is put into a message, a JSON value, with its receipt and its size.

    The receipt is the id under which the store records what became of the article. `bytes` is the
    length of the article's JSON text. `source` names its source, by which floods are counted.
    """

    receipt: str
    raw: object  # a JSON value
    bytes: int  # of its JSON text, also of an article that is compressed
    source: str = DEFAULT_SOURCE  # by which floods of one source are counted


def batches(articles: Iterable[PackedArticle], limit: Any) -> Iterator[list[PackedArticle]]:
    """Divide articles into batches, each of which is sent as one message.

    `limit` has two fields: a batch has at most `limit.articles` articles, and at most `limit.bytes`
    bytes of JSON together. A single article that is larger becomes a batch of its own.
    """
    batch: list[PackedArticle] = []
    size = 0
    for packed in articles:
        if batch and (len(batch) >= limit.articles or size + packed.bytes > limit.bytes):
            yield batch
            batch, size = [], 0
        batch.append(packed)
        size += packed.bytes
    if batch:
        yield batch


def plain_values(article: Any) -> tuple[object, bytes]:
    """Convert a raw article to values that JSON has. Returns these values, and the same as JSON
    text in UTF-8, in a form that is always the same for the same values.

    Dates become ISO 8601 text, and mappings become dicts. Raises Rejected for any other value that
    JSON does not have, and for values nested too deep.
    """
    if isinstance(article, RawArticle):
        article = article.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    try:
        data = canonical_json(article)
    except (TypeError, ValueError, RecursionError):
        article = _converted(article)
        data = canonical_json(article)
    if value_too_deep(article, LIMITS.depth):
        raise Rejected(Reason.MALFORMED, f"nested more than {LIMITS.depth} levels deep")
    return article, data


def _converted(article: object) -> object:
    """The values of an article with dates as text and mappings as dicts. Raises Rejected."""

    def convert(value: object) -> object:
        if isinstance(value, datetime | date):
            return value.isoformat()
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"{type(value).__name__} is not JSON")

    try:
        return json.loads(json.dumps(article, ensure_ascii=False, default=convert))
    except (TypeError, ValueError, RecursionError) as e:
        raise Rejected(Reason.MALFORMED, problem(e)) from e


def pack_valid(receipt: str, raw: object, data: bytes, *, compress: bool) -> PackedArticle:
    """Prepare a valid raw article for sending: put it together with its receipt (id), its size and
    its source.

    With `compress`, the article is compressed with Zstandard, unless that would make it longer.
    `raw` is the article as JSON values, and `data` the same article as JSON text.
    """
    packed: object = raw
    if compress:
        shorter = compress_article(data)
        if len(shorter["zstd"]) + _AROUND_FRAME < len(data):
            packed = shorter
    return PackedArticle(receipt, packed, len(data), source_of(raw))


def compressed(packed: PackedArticle) -> PackedArticle:
    """Return a packed article compressed with Zstandard, unless that would make it longer."""
    return pack_valid(packed.receipt, packed.raw, canonical_json(packed.raw), compress=True)


def pack_invalid(raw: object, error: Rejected) -> PackedArticle:
    """Pack an article in an invalid format, so that a worker keeps it as a dead letter.

    A dead letter is an article that could not be processed. `raw` is the article, and `error` says
    what is wrong with it. If it is over the size limit, only an excerpt of it is packed.
    """
    payload = Payload.of(raw)
    if payload.whole:
        return PackedArticle(new_receipt(), raw, payload.bytes)
    excerpt = Excerpt(excerpt=payload, detail=error.detail)
    values = excerpt.model_dump(mode="json", by_alias=True)
    return PackedArticle(new_receipt(), values, LIMITS.kept_bytes)
