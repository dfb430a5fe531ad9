"""Prepare raw articles for sending: make plain JSON values of them and divide them into batches."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from worker.errors import Reason, Rejected
from worker.model.admission import LIMITS, Excerpt, Payload, RawArticle
from worker.model.json_nesting import too_deep
from worker.model.json_problems import problem
from worker.model.raw_article import DEFAULT_SOURCE
from worker.model.receipts import new_receipt


class PackedArticle(NamedTuple):
    """One raw article as it is put into a message, a JSON value, with its receipt and its size.

    The receipt is the id under which the store records what became of the article. `bytes` is the
    length of the article's JSON text. `source` names its source, by which floods are counted.
    """

    receipt: str
    raw: object  # a JSON value
    bytes: int  # of its JSON text
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


def plain_values(article: Any) -> tuple[object, int]:
    """Turn a raw article into plain JSON values; return them and the length of its JSON in bytes.

    Dates become ISO 8601 text and mappings become dicts. Raises Rejected for a value of any other
    type that JSON does not have, and for values nested too deep.
    """
    if isinstance(article, RawArticle):
        article = article.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    has_converted = False

    def convert(value: object) -> object:
        nonlocal has_converted
        has_converted = True
        if isinstance(value, datetime | date):
            return value.isoformat()
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"{type(value).__name__} is not JSON")

    try:
        text = json.dumps(article, ensure_ascii=False, default=convert)
    except (TypeError, ValueError, RecursionError) as e:
        raise Rejected(Reason.MALFORMED, problem(e)) from e
    data = text.encode("utf-8", "surrogatepass")
    if too_deep(data, LIMITS.depth):
        raise Rejected(Reason.MALFORMED, f"nested more than {LIMITS.depth} levels deep")
    return (json.loads(text) if has_converted else article), len(data)


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
