"""Admit the raw articles of a batch: check the fields and sizes of each one."""

from collections.abc import Sequence

from worker.model.admission import admit, source_of
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.deliveries import Delivery, payload_of
from worker.pipeline.stage_results import AdmittedArticle


def admit_batch(deliveries: Sequence[Delivery], dead_letters: DeadLetters) -> list[AdmittedArticle]:
    """Check the fields and sizes of the raw articles of a batch, and return the valid ones.

    The others become dead letters, which are added to `dead_letters`.
    """
    admitted = []
    for d in deliveries:
        payload = payload_of(d)
        origin = Origin(
            receipt=d.receipt,
            source=source_of(d.raw),
            payload=payload,
            reprocessed=d.reprocessed,
        )
        with dead_letters.catch(origin, "admit"):
            raw = admit(d.raw, payload.bytes)
            admitted.append(AdmittedArticle(origin=origin, raw=raw))
    return admitted
