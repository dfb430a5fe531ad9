"""Replay dead letters: send raw articles that failed through the workers again.

Each is sent first and marked as replayed afterwards. If the replay is interrupted in between, the
same letter is sent twice, but under the same receipt (the id of a delivery). The store takes only
one outcome for a receipt, so the article is stored once.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime

from worker.broker import UNKNOWN
from worker.client.batching import PackedArticle
from worker.client.producer import Producer
from worker.maintenance.undeliverable import message_of
from worker.model.receipts import replay_receipt
from worker.store.dead_letter_values import DeadLetterState, StoredDeadLetter
from worker.store.ports import DeadLetterStore

_SENT_AT_ONCE = 50  # articles


def refusal(letter: StoredDeadLetter) -> str:
    """The reason why a dead letter (a raw article that failed) can't be sent through the workers
    again, such as a payload that was not stored completely; "" if it can."""
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
    states: Collection[DeadLetterState] = tuple(DeadLetterState),
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, str]]:
    """Send raw articles that failed (dead letters) through the workers again, at most `per_s` per
    second.

    They are sent in groups of at most 50. Letters that can't be replayed are left out, and so are
    those that are in none of the `states` when it is their turn. Yields after each group, when it
    is marked as replayed, a dict from letter id to receipt, the id of the new delivery. Raises
    Unavailable if broker or store do not answer.
    """
    started, sent = time.monotonic(), 0
    step = max(1, min(_SENT_AT_ONCE, int(per_s)))
    for start in range(0, len(letter_ids), step):
        pause(max(0.0, started + sent / per_s - time.monotonic()))
        letters = store.letters(letter_ids[start : start + step])
        chosen = [letter for letter in letters if letter.state in states and not refusal(letter)]
        receipts = _send(producer, chosen)
        store.mark_replays(receipts, now=datetime.now(UTC))
        sent += len(receipts)
        yield receipts


def replay_mended(
    store: DeadLetterStore, producer: Producer, letter: StoredDeadLetter, mended: object
) -> str:
    """Send a mended raw article, a JSON value, in place of a dead letter whose article failed.

    Returns the receipt (the id of the delivery). It is that of a replay of the letter, so the
    letter leads to the article that is stored, and does not stand any more. Raises Unavailable if
    broker or store do not answer.
    """
    receipt = replay_receipt(letter.letter_id, letter.seen)
    size = len(json.dumps(mended, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    producer.replay([PackedArticle(receipt, mended, size)])
    store.mark_replays({letter.letter_id: receipt}, now=datetime.now(UTC))
    return receipt


def _send(producer: Producer, letters: Sequence[StoredDeadLetter]) -> dict[str, str]:
    producer.replay(_packed(letter) for letter in letters if not letter.queue)
    for letter in letters:
        if letter.queue:
            producer.send_message(letter.queue, message_of(letter))
    return {x.letter_id: replay_receipt(x.letter_id, x.seen) for x in letters}


def _packed(letter: StoredDeadLetter) -> PackedArticle:
    return PackedArticle(
        replay_receipt(letter.letter_id, letter.seen), json.loads(letter.payload), letter.bytes
    )
