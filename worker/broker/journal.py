"""The journal: a stream in the broker that notes the receipts of each message a producer pushed.

Moved into the store, it tells which articles were sent and have no outcome yet. lua/push.lua writes
an entry together with each push. A background loop of every worker moves the entries: it stores
them first and then deletes them, so any number of workers may do so at once, and any may die in
between.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from worker import background
from worker.broker.broker_outage import broker_outage
from worker.broker.connection import BrokerConnection
from worker.errors import Unavailable
from worker.model.receipts import is_receipt
from worker.model.records import JournalEntry

log = logging.getLogger("worker.broker")

StoreEntries = Callable[[Sequence[JournalEntry]], None]

EVERY_S = 2.0
_LONGEST_PAUSE_S = 30.0
_MESSAGES_PER_PAGE = 100  # stored in one transaction: up to 10,000 receipts


def start(app: Any, enter: StoreEntries) -> background.BackgroundLoop:
    """Start the background loop that moves the journal into the store, by calling `enter`."""
    connection, pause_s = BrokerConnection(app), EVERY_S

    def turn() -> float:
        nonlocal pause_s
        try:
            with connection.channel() as channel:
                count = collect(channel, enter)
            pause_s = EVERY_S
            broker_outage.end("journal")
            if count:
                log.debug("journal.collected receipts=%d", count)
        except Unavailable as e:
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            if e.what == "broker":
                broker_outage.begin("journal", e)
            else:
                log.warning("journal.waits error=%s", e)
        return pause_s

    return background.start_loop("journal", turn, pause_s=EVERY_S, first_pause_s=EVERY_S)


def collect(channel: Any, enter: StoreEntries) -> int:
    """Move the present entries of the journal into the store, by calling `enter` for each page.

    Returns the number of receipts. Raises Unavailable when the store does not answer.
    """
    client: Any = Redis(connection_pool=channel.pool)
    key = channel.global_keyprefix + channel.journal
    collected = 0
    for _ in range(client.xlen(key) // _MESSAGES_PER_PAGE + 1):
        page = client.xrange(key, count=_MESSAGES_PER_PAGE)
        if not page:
            break
        entries = [entry for id_, fields in page for entry in _entries(id_, fields)]
        enter(entries)
        # Stored first, deleted second: after a death in between, storing again changes nothing.
        client.xdel(key, *(id_ for id_, _ in page))
        collected += len(entries)
    return collected


def _entries(id_: bytes, fields: dict[bytes, bytes]) -> Iterator[JournalEntry]:
    """The receipts in one entry of the stream, with the message id and the date of the push.

    An entry in another format yields none and is logged as a warning.
    """
    try:
        at = datetime.fromtimestamp(int(id_.partition(b"-")[0]) / 1000, UTC)
        message_id = fields[b"message"].decode()
        receipts = json.loads(fields[b"receipts"])
        if not isinstance(receipts, list) or not all(map(is_receipt, receipts)):
            raise ValueError("no list of receipts")
        for receipt in receipts:
            yield JournalEntry(receipt=receipt, message_id=message_id, at=at)
    except (
        KeyError,
        ValueError,
        TypeError,
        OverflowError,
        OSError,
        RecursionError,
    ) as e:  # not written by us; if kept, it would block the journal forever
        log.warning("journal.malformed entry=%s error=%r", id_.decode(), e)
