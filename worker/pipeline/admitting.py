"""Begin the processing of a batch of raw articles: leave out those that were processed before under
the same receipt (the id of the delivery), set aside those that have not changed, and check the
fields and sizes of the others."""

from collections.abc import Sequence
from operator import is_not
from typing import NamedTuple

from worker.model.admission import admit
from worker.model.unchanged import UnchangedArticle
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.deliveries import Delivery, still_pending
from worker.pipeline.stage_results import AdmittedArticle
from worker.pipeline.unchanged_articles import ComparableDelivery, comparable, find_unchanged
from worker.store.ports import IngestStore


class Admission(NamedTuple):
    """What is to be done with a batch of raw articles, decided before they are cleaned.

    `pending` are all that were not processed before. Of these, `unchanged` are equal to the stored
    ones and need no cleaning, and `admitted` are valid and are cleaned next; the others are not
    valid and became dead letters.
    """

    pending: list[Delivery]
    unchanged: list[UnchangedArticle]
    admitted: list[AdmittedArticle]


def admit_batch(
    store: IngestStore,
    deliveries: Sequence[Delivery],
    dead_letters: DeadLetters,
    rules: str,
    *,
    finds_unchanged: bool,
) -> Admission:
    """Decide which raw articles of a batch are to be cleaned: leave out those that were processed
    before, set aside those that are unchanged, and check the fields and sizes of the others. An
    article that is not valid becomes a dead letter, which is added to `dead_letters`.

    `rules` is the text that `rules_in_force` returns; an article cleaned by other rules does not
    count as unchanged. If `finds_unchanged` is False, no article does. Raises Unavailable when the
    store does not answer.
    """
    compared = [comparable(delivery, rules) for delivery in deliveries]
    receipts = [delivery.receipt for delivery in deliveries]
    known = store.known_deliveries(receipts, [c.article_id for c in compared if c.article_id])
    pending = still_pending(store, deliveries, known.receipts)
    if len(pending) < len(deliveries) or any(map(is_not, deliveries, pending)):
        compared = [comparable(delivery, rules) for delivery in pending]
    unchanged = find_unchanged(compared, known.marked) if finds_unchanged else []
    found = {u.receipt for u in unchanged}
    others = [c for c in compared if c.delivery.receipt not in found]
    return Admission(pending, unchanged, _admitted(others, dead_letters))


def _admitted(
    compared: Sequence[ComparableDelivery], dead_letters: DeadLetters
) -> list[AdmittedArticle]:
    admitted = []
    for c in compared:
        origin = Origin(
            receipt=c.delivery.receipt,
            source=c.source,
            payload=c.payload,
            reprocessed=c.delivery.reprocessed,
            raw_digest=c.digest,
        )
        with dead_letters.catch(origin, "admit"):
            raw = admit(c.delivery.raw, c.payload.bytes)
            admitted.append(AdmittedArticle(origin=origin, raw=raw))
    return admitted
