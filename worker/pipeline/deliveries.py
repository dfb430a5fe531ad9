"""Find the articles of a batch that still need to be processed, by their receipts.

A receipt, the id of one delivery, that has an outcome already was delivered before, and is left out
if the content is the same. With other content, a client used it twice by mistake: the article gets
a new receipt, so that it is not lost.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from worker.model.admission import Payload
from worker.model.receipts import reused_receipt
from worker.pipeline.dead_lettering import Reprocessed
from worker.store.ports import ReceiptReader

log = logging.getLogger("worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One raw article as it was taken from the queue (`raw`, any JSON value), with the id of its
    delivery (`receipt`).

    `reprocessed` is None for an article that was just delivered. For a stored article that is
    cleaned again, it has the key and the date of receipt, which must stay the same. `payload` is
    the article's JSON as it will be stored; it is set if the article came compressed, and else made
    when it is needed. `traceparent` is the trace (W3C Trace Context) that its message belonged to.
    """

    receipt: str
    raw: object
    payload: Payload | None = None
    reprocessed: Reprocessed | None = None  # set when a stored payload is cleaned again
    traceparent: str = ""


def payload_of(delivery: Delivery) -> Payload:
    """Return the JSON of a delivered article in the form in which it is stored, with the article or
    with the dead letter if it fails."""
    return delivery.payload or Payload.of(delivery.raw)


def traces_of(deliveries: Sequence[Delivery]) -> dict[str, str]:
    """Return to which trace (W3C Trace Context) the articles of a batch belong: a dict from the
    receipt (the id of a delivery) to the `traceparent`. Articles whose messages named no trace
    are left out."""
    return {d.receipt: d.traceparent for d in deliveries if d.traceparent}


def without_outcome(store: ReceiptReader, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return the articles of a batch that still need to be processed, in their order.

    Articles that were processed before, under the same receipt (id of a delivery), are left out. If
    a receipt was used before for another article, the article gets a new receipt, and a warning is
    logged.
    """
    done = store.outcomes([delivery.receipt for delivery in deliveries])
    return still_pending(store, deliveries, done)


def still_pending(
    store: ReceiptReader, deliveries: Sequence[Delivery], done: Collection[str]
) -> list[Delivery]:
    """Return the articles of a batch that still need to be processed, in their order. Those with a
    receipt (id of a delivery) in `done` were processed before, and are left out.

    If a receipt was used before for another article, the article gets a new receipt, and a warning
    is logged.
    """
    first: dict[str, Delivery] = {}
    for delivery in deliveries:
        if delivery.receipt not in done:
            first.setdefault(delivery.receipt, delivery)
    if len(first) == len(deliveries):
        return list(deliveries)
    hashes = store.payload_hashes(list(done)) if done else {}
    pending: dict[str, Delivery] = {}
    reused: dict[str, str] = {}  # receipt of the article -> the receipt that was used twice
    for delivery in deliveries:
        receipt = delivery.receipt
        if first.get(receipt) is delivery:
            pending[receipt] = delivery
        elif own := _own_receipt(delivery, first, hashes):
            pending.setdefault(own, replace(delivery, receipt=own))
            reused.setdefault(own, receipt)
    for own in store.outcomes(list(reused)) if reused else ():
        del pending[own], reused[own]
    if reused:
        log.warning(
            "receipts.reused count=%d receipt=%s stored-as=%s",
            *(len(reused), next(iter(reused.values())), next(iter(reused))),
        )
    return list(pending.values())


def _own_receipt(
    delivery: Delivery, first: Mapping[str, Delivery], hashes: Mapping[str, str]
) -> str:
    """The new receipt of a delivery with a used receipt; "" if its content is the same.

    `first` has the delivery of the batch that keeps the receipt, and `hashes` the digest of what
    was stored under it before. Content that is not known counts as the same.
    """
    if delivery.reprocessed:
        return ""
    digest = payload_of(delivery).digest
    if delivery.receipt in first:
        before = payload_of(first[delivery.receipt]).digest
    else:
        before = hashes.get(delivery.receipt, digest)
    return "" if before == digest else reused_receipt(delivery.receipt, digest)
