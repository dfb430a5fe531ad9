"""Send articles that stalled through the workers again, without an operator, when the machine has
time.

An article stalls if it is ended after some time by the clock, although it hardly used the CPU.
Often the machine was suspended or busy, and the article is good. This is done once: an article that
was replayed before, by an operator or here, is not replayed again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from worker.broker import QUARANTINE, kombu_internals
from worker.client.producer import Producer
from worker.errors import Reason
from worker.maintenance.replay import replay
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.ports import DeadLetterStore

log = logging.getLogger("worker")

_AT_ONCE = 50  # letters
_PER_S = 50.0  # letters: all that are replayed at once go as one message
_PATIENCE = 6  # times the delay, after which a letter no longer waits for empty queues


def replay_stalled(
    channel: Any, queue: str, store: DeadLetterStore, delay_s: float, now: datetime
) -> int:
    """Send up to 50 articles that stalled (ran out of time without using the CPU) through the
    workers again, if that was never done before.

    An article is sent `delay_s` seconds after it failed or later; six times as much if messages
    wait in the live queue `queue` or in its quarantine queue, so that new articles go first.
    Returns how many were sent. Raises Unavailable if broker or store do not answer.
    """
    is_calm = not any(kombu_internals.queue_size(channel, q) for q in (queue, queue + QUARANTINE))
    age = timedelta(seconds=delay_s if is_calm else delay_s * _PATIENCE)
    query = DeadLetterQuery(
        reason=Reason.STALLED, before=now - age, never_replayed=True, limit=_AT_ONCE
    )
    letter_ids = store.letter_ids(query)
    if not letter_ids:
        return 0
    with Producer() as producer:
        count = sum(len(sent) for sent in replay(store, producer, letter_ids, per_s=_PER_S))
    log.info("stalled.replayed count=%d", count)
    return count
