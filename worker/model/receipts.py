"""Make the receipts of raw articles: one function for each kind of receipt.

A receipt is the id of one enqueued raw article, or of one piece of work on a stored article. The
store writes the outcome of a receipt once. So a receipt that is derived from what it stands for
makes the work idempotent: repeated, it has no effect. The formats are stored, and must not change.
"""

import secrets
import time
from collections.abc import Mapping
from hashlib import blake2b
from typing import TypeVar

MAX_RECEIPT_CHARS = 200  # characters
RECLEAN_PREFIX = "reclean-"

ReceiptPart = TypeVar("ReceiptPart")


def is_receipt(value: object) -> bool:
    """Whether this can be the receipt of an article: 1 to 200 printable characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_RECEIPT_CHARS and value.isprintable()


def new_receipt() -> str:
    """A new receipt for an article whose producer gives none: a UUIDv7."""
    return _uuid7()


def new_message_id() -> str:
    """A new id for a message of this package's producer: a UUIDv7, as receipts are."""
    return _uuid7()


def delivered_receipt(raw: object, index: int, message_id: str, receipts: object) -> str:
    """The receipt of the raw article at `index` in a message.

    It is the one in `receipts`, which travels with the message; else the article's own; else it is
    derived from the id of the message.
    """
    receipt = receipts[index] if isinstance(receipts, list) and index < len(receipts) else None
    receipt = receipt or (raw.get("receipt") if isinstance(raw, Mapping) else None)
    if isinstance(receipt, str) and is_receipt(receipt):
        return receipt
    return derived_receipt(message_id, index)


def derived_receipt(message_id: str, index: int) -> str:
    """The receipt of an article that came without: the same whenever its message is delivered."""
    name = f"{message_id}\0{index}".encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=16).hexdigest()


def undeliverable_receipt(queue: str, entry: bytes) -> str:
    """The receipt of an entry of a queue's dead list: moved twice, it is stored once."""
    digest = blake2b(queue.encode() + b"\0" + entry, digest_size=16).hexdigest()
    return f"undeliverable-{digest}"


def replay_receipt(letter_id: str, seen: int) -> str:
    """The receipt of the replay of a dead letter that was seen so many times.

    It changes when the article dies again: until then a repeated replay has no further effect.
    """
    return "".join(replay_parts(letter_id, str(seen)))


def replay_parts(letter_id: ReceiptPart, seen: ReceiptPart) -> tuple[str | ReceiptPart, ...]:
    """The parts of a replay receipt in their order, for values of any kind, such as SQL columns."""
    return "replay-", letter_id, "-", seen


def reclean_receipt(article_id: str, revision: int, cleaner: str) -> str:
    """The receipt of cleaning a stored revision again with a version of the cleaner."""
    return "".join(reclean_parts(article_id, str(revision), cleaner))


def reclean_parts(
    article_id: ReceiptPart, revision: ReceiptPart, cleaner: ReceiptPart
) -> tuple[str | ReceiptPart, ...]:
    """The parts of a reclean receipt in their order, for values of any kind, as above."""
    return RECLEAN_PREFIX, article_id, "-", revision, "-", cleaner


def lint_receipt(number: int) -> str:
    """The receipt of the article with this number in one run of `worker lint`."""
    return str(number)


def _uuid7() -> str:
    """A UUIDv7 (RFC 9562, 5.7): sorts by the millisecond in which it was made."""
    stamp = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    noise = bytearray(secrets.token_bytes(10))
    noise[0] = 0x70 | (noise[0] & 0x0F)
    noise[2] = 0x80 | (noise[2] & 0x3F)
    digits = (stamp + noise).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
