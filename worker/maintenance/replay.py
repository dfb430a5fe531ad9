"""Replay: dead letters come in, their payloads go out again, each under a receipt of its own.

Sent first, marked after: broken off in between, a letter is still dead and may be replayed again,
for its receipt is the same and has its effect once.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from worker.broker import UNKNOWN
from worker.client.batching import PackedArticle
from worker.client.producer import Producer
from worker.maintenance.undeliverable import message_of
from worker.model.receipts import replay_receipt
from worker.store.ports import DeadLetterStore
from worker.store.values import StoredDeadLetter

_SENT_AT_ONCE = 50  # articles


def refusal(letter: StoredDeadLetter) -> str:
    """Why a letter can't be replayed, or ""."""
    if not letter.whole:
        return "only the beginning of its payload was kept" if letter.payload else "it was deleted"
    if letter.queue:
        return "nobody knows which queue it was on" if letter.queue == UNKNOWN else ""
    try:
        json.loads(letter.payload)
    except (ValueError, RecursionError):
        return "its payload is not JSON that can be read"
    return ""


def replay(
    store: DeadLetterStore,
    producer: Producer,
    letter_ids: Sequence[str],
    *,
    per_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, str]]:
    """Send these letters again, `per_s` of them a second at most; yields id -> receipt of those
    sent. Raises Unavailable, and then what was sent is marked."""
    began, sent = time.monotonic(), 0
    step = max(1, min(_SENT_AT_ONCE, int(per_s)))
    for start in range(0, len(letter_ids), step):
        pause(max(0.0, began + sent / per_s - time.monotonic()))
        letters = store.letters(letter_ids[start : start + step])
        receipts = _send(producer, [each for each in letters if not refusal(each)])
        store.mark_replays(receipts, now=datetime.now(UTC))
        sent += len(receipts)
        yield receipts


def _send(producer: Producer, letters: Sequence[StoredDeadLetter]) -> dict[str, str]:
    producer.replay(_packed(each) for each in letters if not each.queue)
    for each in letters:
        if each.queue:
            producer.send_message(each.queue, message_of(each))
    return {each.letter_id: replay_receipt(each.letter_id, each.seen) for each in letters}


def _packed(letter: StoredDeadLetter) -> PackedArticle:
    return PackedArticle(
        replay_receipt(letter.letter_id, letter.seen), json.loads(letter.payload), letter.bytes
    )
