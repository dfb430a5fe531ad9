"""Admit the raw articles of a batch: check each one, and set aside those that withdraw an earlier
article."""

from collections.abc import Sequence

from worker.clean import withdrawn_keys
from worker.model.admission import Payload, admit, source_of
from worker.model.records import Withdrawal
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.deliveries import Delivery
from worker.pipeline.stage_results import AdmittedArticle


def admit_batch(deliveries: Sequence[Delivery], dead_letters: DeadLetters) -> list[AdmittedArticle]:
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
            admitted.append(AdmittedArticle(origin=origin, raw=raw))
    return admitted


def withdrawals_of(
    admitted: Sequence[AdmittedArticle], dead_letters: DeadLetters
) -> list[Withdrawal]:
    """Return the requests in a batch to take an earlier article down.

    A request that names no article becomes a dead letter, which is added to `dead_letters`.
    """
    withdrawals = []
    for a in admitted:
        if a.raw.status != "withdrawn":
            continue
        with dead_letters.catch(a.origin, "clean"):
            keys = withdrawn_keys(a.raw)
            withdrawals.append(
                Withdrawal(
                    receipt=a.origin.receipt,
                    source=a.origin.source,
                    keys=keys,
                    payload_hash=a.origin.payload.digest,
                )
            )
    return withdrawals
