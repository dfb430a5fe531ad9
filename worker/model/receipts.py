"""Make receipts: one function for each kind of receipt.

A receipt is the id of one delivery of a raw article, or of one piece of work on a stored article.
The store writes only one outcome for a receipt. So if the receipt is derived from the work itself,
doing the work again has no effect. Receipts are stored, so their formats must not change.
"""

import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple, TypeVar

MAX_RECEIPT_CHARS = 200  # characters
RECLEAN_PREFIX = "reclean-"
REPLAY_PREFIX = "replay-"

_NUMBERED = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-(?P<producer>8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{4})"
    r"(?P<number>[0-9a-f]{8})"
)

_UUID7 = re.compile(
    r"(?P<high>0[0-9a-f]{7})-(?P<low>[0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)

ReceiptPart = TypeVar("ReceiptPart")


def is_receipt(value: object) -> bool:
    """Return whether `value` may be a receipt, the id that a producer gives to one delivery of an
    article: 1 to 200 printable characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_RECEIPT_CHARS and value.isprintable()


def new_receipt() -> str:
    """Return a new receipt (the id of one delivery of an article), for an article to which the
    producer gave none. It is a UUIDv7."""
    return _uuid7()


def made_at(receipt: str) -> datetime | None:
    """Return when a receipt (the id of one delivery of an article) was made, rounded down to
    milliseconds. None if the receipt is no UUIDv7, which contains that time."""
    match = _UUID7.fullmatch(receipt)
    if not match:
        return None
    stamp = int(match["high"] + match["low"], 16)
    return datetime.fromtimestamp(stamp // 1000, UTC) + timedelta(milliseconds=stamp % 1000)


def new_message_id() -> str:
    """Return a new random id, a UUIDv7, for a message that brings no articles, only work on stored
    ones."""
    return _uuid7()


class MessageNumber(NamedTuple):
    """The number of a message among those that one producer pushed to a broker, from 1.

    Each acknowledged push takes the next number, so a missing number is a message that the broker
    acknowledged and lost.
    """

    producer: str  # a random id, made for each Producer
    number: int


def new_producer_id() -> str:
    """Return a new random id for a Producer, which its numbered message ids contain."""
    noise = bytearray(secrets.token_bytes(6))
    noise[0] = 0x80 | (noise[0] & 0x0F)
    noise[2] = 0x80 | (noise[2] & 0x3F)
    digits = noise.hex()
    return "-".join((digits[:4], digits[4:8], digits[8:]))


def numbered_message_id(producer: str, number: int) -> str:
    """Return a new id for a producer's message: a UUIDv8 of time, producer id and number.

    Two calls for the same number return different ids unless they happen in one millisecond.
    """
    stamp = (time.time_ns() // 1_000_000).to_bytes(6, "big").hex()
    return f"{stamp[:8]}-{stamp[8:]}-{producer}{number & 0xFFFFFFFF:08x}"


def message_number(message_id: str) -> MessageNumber | None:
    """Return producer id and number of a numbered message id; None for any other id."""
    match = _NUMBERED.fullmatch(message_id)
    return MessageNumber(match["producer"], int(match["number"], 16)) if match else None


_TIMED = re.compile(
    r"(?P<high>0[0-9a-f]{7})-(?P<low>[0-9a-f]{4})-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


def pushed_at(message_id: str) -> float | None:
    """Return when a producer of this package made a message, in seconds since 1970, from the id of
    the message, which begins with that time. None for an id of another form."""
    match = _TIMED.fullmatch(message_id)
    return int(match["high"] + match["low"], 16) / 1000 if match else None


def delivered_receipt(
    raw: object, index: int, message_id: str, receipts: object, offset: int = 0
) -> str:
    """Return the receipt (the id of one delivery) of a raw article that came in a message.

    It is item `index` of the message's list `receipts`; if there is none, the article's own key
    `receipt`; else one made from `message_id` and the article's number in the message. That number
    is `index` plus `offset`: a message may have several lists of articles, `index` counts in one
    list, and `offset` is the number of articles in the lists before it.
    """
    receipt = receipts[index] if isinstance(receipts, list) and index < len(receipts) else None
    receipt = receipt or (raw.get("receipt") if isinstance(raw, Mapping) else None)
    if isinstance(receipt, str) and is_receipt(receipt):
        return receipt
    return derived_receipt(message_id, offset + index)


def derived_receipt(message_id: str, index: int) -> str:
    """Return the receipt (id of a delivery) of an article that came without one.

    It is a hash of the message's id and the article's index in the message. So it is the same each
    time the broker delivers the message, and the article is stored once.
    """
    name = f"{message_id}\0{index}".encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=16).hexdigest()


def reused_receipt(receipt: str, payload_hash: str) -> str:
    """Return a new receipt (id of a delivery) for an article whose receipt was used before for
    another one.

    It is made from that receipt and the hash of the article's JSON. So if the article is delivered
    again, it gets the same new receipt.
    """
    name = f"{receipt}\0{payload_hash}".encode("utf-8", "surrogatepass")
    return f"reused-{blake2b(name, digest_size=16).hexdigest()}"


def undeliverable_receipt(queue: str, entry: bytes) -> str:
    """Return the id under which an undeliverable message is stored as a dead letter.

    The broker lists such messages for each `queue`, and `entry` is the item of the list with this
    message, as bytes. The id is a hash of both, so a message that is moved to the store twice is
    stored once.
    """
    digest = blake2b(queue.encode() + b"\0" + entry, digest_size=16).hexdigest()
    return f"undeliverable-{digest}"


def replay_receipt(letter_id: str, seen: int) -> str:
    """Return the receipt (id of a delivery) under which a dead letter is sent through the workers
    again.

    `seen` is how often its article has failed. Sending it twice under one receipt has no further
    effect. If the article fails again, `seen` is larger, so the next replay has a new receipt.
    """
    return "".join(replay_parts(letter_id, str(seen)))


def replay_parts(letter_id: ReceiptPart, seen: ReceiptPart) -> tuple[str | ReceiptPart, ...]:
    """Return the pieces of the receipt (id of a delivery) under which a dead letter is sent again.

    Joined, they are what replay_receipt() returns. They are returned singly so that an SQL query
    can join them: `letter_id` and `seen`, how often the article has failed, may be table columns.
    """
    return REPLAY_PREFIX, letter_id, "-", seen


def is_replay(receipt: str) -> bool:
    """Return whether a receipt (the id of one delivery) was made to process a dead letter again: a
    raw article that could not be processed at first."""
    return receipt.startswith(REPLAY_PREFIX)


def reclean_receipt(article_id: str, revision: int, cleaner: str) -> str:
    """Return the id of one piece of work: cleaning a stored revision of an article again.

    `cleaner` is the version of the cleaner that does it. The same work always gets the same id, and
    the store writes only one outcome for an id. So doing the work twice has no further effect.
    """
    return "".join(reclean_parts(article_id, str(revision), cleaner))


def reclean_parts(
    article_id: ReceiptPart, revision: ReceiptPart, cleaner: ReceiptPart
) -> tuple[str | ReceiptPart, ...]:
    """Return the pieces of the id for cleaning a revision of an article again.

    Joined, they are what reclean_receipt() returns. They are returned singly so that an SQL query
    can join them: each argument may be a table column. `cleaner` is the version of the cleaner.
    """
    return RECLEAN_PREFIX, article_id, "-", revision, "-", cleaner


class RecleanWork(NamedTuple):
    """Work that a message orders: to clean revision `number` of an article again with the
    version `cleaner` of the cleaner. The id of the work, stored like a receipt, is made of
    these."""

    article_id: str
    number: int  # of the revision
    cleaner: str


def reclean_work(receipt: str) -> RecleanWork | None:
    """Return which revision was to be cleaned again under this id, made by reclean_receipt(). None
    for the id of a delivery."""
    article_id, _, rest = receipt.removeprefix(RECLEAN_PREFIX).partition("-")
    number, _, cleaner = rest.partition("-")
    if not receipt.startswith(RECLEAN_PREFIX) or not (number.isascii() and number.isdigit()):
        return None
    return RecleanWork(article_id, int(number), cleaner)


def replayed_letter(receipt: str) -> str:
    """Return the id of the dead letter that was sent again under this receipt (id of a delivery),
    which replay_receipt() has made; "" for any other receipt."""
    if not is_replay(receipt):
        return ""
    return receipt.removeprefix(REPLAY_PREFIX).rpartition("-")[0]


def lint_receipt(number: int) -> str:
    """Return a receipt (id of a delivery) for article number `number` in a dry run by `worker
    lint`, where no article is delivered: the number as text."""
    return str(number)


def _uuid7() -> str:
    """Return a new UUIDv7 (RFC 9562, 5.7). Its text sorts by the millisecond of its creation."""
    stamp = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    noise = bytearray(secrets.token_bytes(10))
    noise[0] = 0x70 | (noise[0] & 0x0F)
    noise[2] = 0x80 | (noise[2] & 0x3F)
    digits = (stamp + noise).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
