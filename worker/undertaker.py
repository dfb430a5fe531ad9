"""One place for all dead letters: the broker's dead lists are emptied into the store.

Done by every worker's main process in a thread of its own, and by `worker dead` before it looks.
"""

import json
import logging
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import Any

from worker import background
from worker.broker import dead_list
from worker.broker.bodies import receipts_in
from worker.broker.dead_list import Entry
from worker.broker.link import Link
from worker.contract import Payload
from worker.errors import Reason, Unavailable
from worker.grave import bury
from worker.models import DeadLetter
from worker.raw_article import DEFAULT_SOURCE
from worker.store import Letter, LetterQuery, Store
from worker.store.unforked import unforked

log = logging.getLogger("worker")

EVERY_S = 5.0
_EXPIRE_EVERY_S = 3600.0


def drain(
    channel: Any,
    queues: Sequence[str],
    store: Store,
    storing: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Move every undeliverable message into the store; returns how many.

    Stored first, under a receipt made of the entry itself: broken off and repeated, or done by
    several at once, each is stored once. Raises Unavailable.
    """

    def keep(entry: Entry) -> None:
        letter = _letter(entry)
        with storing():
            bury(store, [letter], entry.at)
        log.warning(
            "message.buried queue=%s reason=%s letter=%s",
            *(entry.queue, entry.reason, letter.letter_id[:12]),
        )

    return dead_list.drain(channel, queues, keep)


def message_of(letter: Letter) -> bytes:
    """The message that an undeliverable letter keeps, byte for byte."""
    data = letter.payload.encode()
    if sha256(data).hexdigest() == letter.sha256:
        return data
    return b64decode(json.loads(letter.payload)["base64"])


def buried_messages(store: Store) -> Iterator[bytes]:
    """The messages that wait as dead letters to be sent again."""
    for letter_id in store.letter_ids(LetterQuery(reason=Reason.UNDELIVERABLE)):
        for letter in store.letters([letter_id]):
            if letter.whole:
                yield message_of(letter)


def give_up(store: Store, letters: Sequence[Letter], now: datetime) -> None:
    """Before these letters are dropped: what an undeliverable message carried ends as dead, or the
    ledger would miss it from then on."""
    lost = [letter for letter in letters if letter.reason == Reason.UNDELIVERABLE and letter.whole]
    ends = [_given_up(letter, r) for letter in lost for r in receipts_in(message_of(letter))]
    if ends:
        bury(store, ends, now)


def _given_up(letter: Letter, receipt: str) -> DeadLetter:
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


def expire(store: Store, keep_days: float, now: datetime) -> None:
    """Drop the letters that were last seen longer ago."""
    before = now - timedelta(days=keep_days)
    for letter_id in store.letter_ids(LetterQuery(reason=Reason.UNDELIVERABLE)):
        old = [letter for letter in store.letters([letter_id]) if letter.last < before]
        for letter in old:
            give_up(store, [letter], letter.last)  # not seen anew: it would not expire
    dropped = store.expire_letters(before)
    if dropped:
        log.warning("letters.expired count=%d keep_days=%g", dropped, keep_days)


def start(app: Any, store: Store, keep_days: float) -> None:
    """From now on empty the dead lists every few seconds, and once an hour drop the letters that
    are older than `keep_days`, unless that is 0."""
    background.keep("dead-lists", lambda: _keep(app, store, keep_days))


def _letter(entry: Entry) -> DeadLetter:
    digest = blake2b(entry.queue.encode() + b"\0" + entry.written, digest_size=16).hexdigest()
    return DeadLetter(
        receipt=f"undeliverable-{digest}",
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


def _keep(app: Any, store: Store, keep_days: float) -> None:
    @contextmanager
    def alone() -> Iterator[None]:
        with unforked():
            try:
                yield
            finally:
                store.close()

    link, queues = Link(app), list(app.amqp.queues)
    expired = float("-inf")
    while True:
        try:
            with link.channel() as channel:
                drain(channel, queues, store, alone)
            if keep_days and time.monotonic() - expired > _EXPIRE_EVERY_S:
                expired = time.monotonic()
                with alone():
                    expire(store, keep_days, datetime.now(UTC))
        except Unavailable as e:
            log.info("undertaker.waits error=%s", e)
        time.sleep(EVERY_S)
