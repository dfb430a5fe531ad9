"""Admit the raw articles of a batch: check the fields and sizes of each one, and leave out those
that were processed before under the same receipt."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from worker.model.admission import Payload, admit, source_of
from worker.model.unchanged import MarkedArticle
from worker.pipeline.dead_lettering import DeadLetters, Origin, StageDeadline
from worker.pipeline.deliveries import Delivery, still_pending
from worker.pipeline.stage_results import AdmittedArticle
from worker.pipeline.unchanged_articles import with_digest
from worker.store.ports import IngestStore


class Admission(NamedTuple):
    """A batch after its raw articles were checked.

    `pending` are the deliveries that are still to be processed, and `admitted` the valid articles
    among them. `marked` are the stored articles that may be found unchanged, by article id.
    `dead_letters` has those that are not valid.
    """

    pending: list[Delivery]
    admitted: list[AdmittedArticle]
    marked: Mapping[str, MarkedArticle]
    dead_letters: DeadLetters


def admit_pending(
    store: IngestStore, deliveries: Sequence[Delivery], rules: str, stage_deadline: StageDeadline
) -> Admission:
    """Check the raw articles of a batch, and leave out those that have an outcome in the store.

    `rules` names the rules in force, and `stage_deadline` limits the time for each article. Raises
    Unavailable when the store does not answer.
    """
    dead_letters = DeadLetters(stage_deadline)
    # Checked before the store is asked, which then needs one statement for receipts and articles.
    admitted = _admit_batch(deliveries, dead_letters, rules)
    receipts = [delivery.receipt for delivery in deliveries]
    known = store.known_deliveries(receipts, [a.article_id for a in admitted if a.article_id])
    pending = still_pending(store, deliveries, known.receipts)
    if any(before is not after for before, after in zip_longest(deliveries, pending)):
        dead_letters = DeadLetters(stage_deadline)
        admitted = _admit_batch(pending, dead_letters, rules)
    return Admission(pending, admitted, known.marked, dead_letters)


def _admit_batch(
    deliveries: Sequence[Delivery], dead_letters: DeadLetters, rules: str
) -> list[AdmittedArticle]:
    """Check the fields and sizes of the raw articles of a batch, and return the valid ones.

    The others become dead letters, which are added to `dead_letters`.
    """
    admitted = []
    for d in deliveries:
        payload = Payload.of(d.raw)
        origin = Origin(
            receipt=d.receipt,
            source=source_of(d.raw),
            payload=payload,
            reprocessed=d.reprocessed,
        )
        with dead_letters.catch(origin, "admit"):
            raw = admit(d.raw, payload.bytes)
            admitted.append(with_digest(AdmittedArticle(origin=origin, raw=raw), d.raw, rules))
    return admitted
