"""Raw articles made ready to travel: as plain JSON values, under receipts, in batches."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from worker.errors import Reason, Rejected
from worker.model.admission import LIMITS, Excerpt, Payload, RawArticle
from worker.model.json_nesting import too_deep
from worker.model.receipts import new_receipt


class Packed(NamedTuple):
    """One raw article ready to travel."""

    receipt: str
    raw: object
    bytes: int


def batches(articles: Iterable[Packed], limit: Any) -> Iterator[list[Packed]]:
    """Pack by count and bytes; an article larger than a batch travels alone."""
    batch: list[Packed] = []
    size = 0
    for packed in articles:
        if batch and (len(batch) >= limit.articles or size + packed.bytes > limit.bytes):
            yield batch
            batch, size = [], 0
        batch.append(packed)
        size += packed.bytes
    if batch:
        yield batch


def plain_values(given: Any) -> tuple[object, int]:
    """The article as plain JSON values, and its bytes. Raises Rejected when it can't be."""
    if isinstance(given, RawArticle):
        given = given.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    odd = False

    def plain(value: object) -> object:
        nonlocal odd
        odd = True
        if isinstance(value, datetime | date):
            return value.isoformat()
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"{type(value).__name__} is not JSON")

    try:
        text = json.dumps(given, ensure_ascii=False, default=plain)
    except (TypeError, ValueError, RecursionError) as e:
        raise Rejected(Reason.MALFORMED, str(e)) from e
    data = text.encode("utf-8", "surrogatepass")
    if too_deep(data, LIMITS.depth):
        raise Rejected(Reason.MALFORMED, f"nested more than {LIMITS.depth} levels deep")
    return (json.loads(text) if odd else given), len(data)


def to_be_buried(raw: object, why: Rejected) -> Packed:
    """What breaks the contract still travels, so that the worker keeps it as a dead letter."""
    payload = Payload.of(raw)
    if payload.whole:
        return Packed(new_receipt(), raw, payload.bytes)
    excerpt = Excerpt(excerpt=payload, detail=why.detail)
    return Packed(new_receipt(), excerpt.model_dump(mode="json", by_alias=True), LIMITS.kept_bytes)
