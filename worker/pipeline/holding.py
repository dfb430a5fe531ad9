"""Hold the raw articles of paused sources: put them into the store, before the rest of their batch
is processed.

This has a transaction of its own, before that of the batch and before the message is acknowledged.
If the worker dies in between, the message is delivered again; articles that are held already are
recognised then, and not stored twice.
"""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256

from worker.model.admission import Unopened, source_of
from worker.model.canonical_json import canonical_json
from worker.model.queue_place import QueuePlace
from worker.pipeline.deliveries import Delivery, without_outcome
from worker.store.held_values import HeldArticle
from worker.store.ports import HoldingStore

log = logging.getLogger("worker")

_DIGEST_CHARS = 32  # the first 128 bits, as Payload.digest has them


def hold_paused(
    store: HoldingStore,
    deliveries: Sequence[Delivery],
    sources: Collection[str],
    place: QueuePlace,
    *,
    now: datetime,
) -> list[Delivery]:
    """Store those articles of a batch as held whose source is paused (one of `sources`), and return
    the others, in their order.

    An article that was processed before, under the same receipt (the id of its delivery), is left
    out. One that could not be parsed, because its JSON is nested too deep or damaged, is returned,
    to become a dead letter. `place` says where the articles go when their source is resumed. Raises
    Unavailable, with nothing stored, when the store does not answer.
    """
    held = [x for x in deliveries if _may_be_held(x) and source_of(x.raw) in sources]
    if not held:
        return list(deliveries)
    articles = [_held_article(x, place) for x in without_outcome(store, held)]
    store.held.hold(articles, now=now)
    for source, count in sorted(Counter(article.source for article in articles).items()):
        log.info("articles.held source=%s count=%d", source, count)
    held_ids = set(map(id, held))
    return [x for x in deliveries if id(x) not in held_ids]


def _may_be_held(delivery: Delivery) -> bool:
    return not isinstance(delivery.raw, Unopened)


def _held_article(delivery: Delivery, place: QueuePlace) -> HeldArticle:
    data = canonical_json(delivery.raw)
    return HeldArticle(
        receipt=delivery.receipt,
        source=source_of(delivery.raw),
        text=data.decode("utf-8", "surrogatepass"),
        digest=sha256(data).hexdigest()[:_DIGEST_CHARS],
        frame=delivery.payload.frame if delivery.payload else b"",
        place=place,
    )
