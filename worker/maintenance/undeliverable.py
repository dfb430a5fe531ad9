"""Move undeliverable messages, which no worker could read or finish, from the broker into the
store.

There they are dead letters, which operators can read and replay. A thread of each worker's main
process does it, and so does `worker dead` before it lists dead letters.
"""

import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from worker.broker import dead_letter_queue
from worker.broker.bodies import receipts_in
from worker.broker.dead_letter_queue import QueuedDeadLetter
from worker.errors import Reason
from worker.model.admission import Payload
from worker.model.receipts import undeliverable_receipt
from worker.model.records import DeadLetter
from worker.model.short_ids import short_id
from worker.model.source_names import DEFAULT_SOURCE
from worker.pipeline.dead_lettering import dead_letter
from worker.store.dead_letter_values import DeadLetterQuery, StoredDeadLetter
from worker.store.ports import DeadLetterReader, DeadLetterStore, DeadLetterWriter

log = logging.getLogger("worker")


def drain(
    channel: Any,
    queues: Sequence[str],
    store: DeadLetterWriter,
    storing: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Move every undeliverable message of these queues from the broker into the store, as a dead
    letter.

    A message is stored before it is removed from the broker, and only once, even if several
    processes move it. Each write to the store happens inside a context that `storing` makes.
    Returns how many messages were moved. Raises Unavailable if broker or store do not answer.
    """

    def keep(entry: QueuedDeadLetter) -> None:
        with storing():
            dead_letter(store, [_letter(entry)], entry.at)

    moved = 0
    for entry in dead_letter_queue.move_entries(channel, queues, keep):
        log.warning(
            "message.dead-lettered queue=%s reason=%s letter=%s",
            *(entry.queue, entry.reason, short_id(_letter(entry).letter_id)),
        )
        moved += 1
    return moved


def message_of(letter: StoredDeadLetter) -> bytes:
    """The bytes of an undeliverable message that is stored as this dead letter.

    A message that is no valid UTF-8 is stored in base64; this decodes it.
    """
    data = letter.payload.encode()
    if sha256(data).hexdigest() == letter.sha256:
        return data
    return b64decode(json.loads(letter.payload)["base64"])


def undeliverable_messages(store: DeadLetterReader) -> Iterator[bytes]:
    """Yield the undeliverable messages that were moved from the broker to the store, as bytes.

    Messages of which only a part is stored are left out.
    """
    for letter_id in store.letter_ids(DeadLetterQuery(reason=Reason.UNDELIVERABLE)):
        for letter in store.letters([letter_id]):
            if letter.whole:
                yield message_of(letter)


def give_up(store: DeadLetterWriter, letters: Sequence[StoredDeadLetter], now: datetime) -> None:
    """Store the outcome `dead` for articles in undeliverable messages, before these are deleted.

    `letters` are the dead letters that are to be deleted; those without a complete message are
    ignored. An article without an outcome would be reported as missing by `worker ledger`.
    """
    dead = [
        _dead_article(letter, receipt)
        for letter in letters
        if letter.reason == Reason.UNDELIVERABLE and letter.whole
        for receipt in receipts_in(message_of(letter))
    ]
    if dead:
        dead_letter(store, dead, now)


def _dead_article(letter: StoredDeadLetter, receipt: str) -> DeadLetter:
    payload = Payload(text=letter.payload, sha256=letter.sha256, bytes=letter.bytes, whole=True)
    return DeadLetter(
        receipt=receipt,
        reason=Reason.UNDELIVERABLE,
        detail=letter.detail,
        stage=letter.stage,
        source=letter.source,
        payload=payload,
        queue=letter.queue,
    )


def expire(store: DeadLetterStore, keep_days: float, now: datetime) -> None:
    """Delete the dead letters that were last seen more than `keep_days` days ago.

    If such a letter holds an undeliverable message, the outcome `dead` is stored for each article
    in the message first, so that `worker ledger` does not report the article as missing.
    """
    before = now - timedelta(days=keep_days)
    for letter_id in store.letter_ids(DeadLetterQuery(reason=Reason.UNDELIVERABLE)):
        old = [letter for letter in store.letters([letter_id]) if letter.last < before]
        for letter in old:
            give_up(store, [letter], letter.last)  # a newer date would keep it from expiring
    dropped = store.expire_letters(before)
    if dropped:
        log.warning("letters.expired count=%d keep_days=%g", dropped, keep_days)


def _letter(entry: QueuedDeadLetter) -> DeadLetter:
    return DeadLetter(
        receipt=undeliverable_receipt(entry.queue, entry.written),
        reason=Reason.UNDELIVERABLE,
        detail=entry.reason,
        stage="broker",
        source=DEFAULT_SOURCE,
        payload=_payload(entry.message),
        queue=entry.queue,
    )


def _payload(message: bytes) -> Payload:
    try:
        text = message.decode()
    except UnicodeDecodeError:
        text = json.dumps({"base64": b64encode(message).decode()})
    digest = sha256(message).hexdigest()
    return Payload(text=text, sha256=digest, bytes=len(message), whole=True)
