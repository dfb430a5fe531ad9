"""Admit the raw articles of a batch: leave out those that were processed before under the same
receipt, set aside those that have not changed, and check the fields and sizes of the others."""

from collections.abc import Sequence
from typing import NamedTuple

from worker.model.admission import admit
from worker.model.unchanged import UnchangedArticle
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.deliveries import Delivery, still_pending
from worker.pipeline.stage_results import AdmittedArticle
from worker.pipeline.unchanged_articles import ComparableDelivery, comparable, find_unchanged
from worker.store.ports import IngestStore


class Admission(NamedTuple):
    """The deliveries of a batch that are still to be processed (`pending`).

    Of them, `unchanged` need no cleaning, and `admitted` are valid articles. The others became dead
    letters.
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
    """Divide a batch into unchanged and other articles; check fields and sizes of the others.

    Those that have an outcome in the store are left out. Those that are not valid are added to
    `dead_letters`. `rules` names the rules in force. Without `finds_unchanged`, none counts as
    unchanged. Raises Unavailable when the store does not answer.
    """
    compared = [comparable(delivery, rules) for delivery in deliveries]
    receipts = [delivery.receipt for delivery in deliveries]
    known = store.known_deliveries(receipts, [c.article_id for c in compared if c.article_id])
    pending = still_pending(store, deliveries, known.receipts)
    if len(pending) < len(deliveries) or any(map(_differ, deliveries, pending)):
        compared = [comparable(delivery, rules) for delivery in pending]
    unchanged = find_unchanged(compared, known.marked) if finds_unchanged else []
    found = {u.receipt for u in unchanged}
    others = [c for c in compared if c.delivery.receipt not in found]
    return Admission(pending, unchanged, _admitted(others, dead_letters))


def _differ(before: Delivery, after: Delivery) -> bool:
    return before is not after


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
        )
        with dead_letters.catch(origin, "admit"):
            raw = admit(c.delivery.raw, c.payload.bytes)
            admitted.append(AdmittedArticle(origin=origin, raw=raw, raw_digest=c.digest))
    return admitted
