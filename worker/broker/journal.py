"""The journal: a stream in the broker that notes which articles producers have enqueued.

A message and its journal entry are pushed in one step. The entry holds the message's id and the
receipts of its articles, the ids under which the store records their outcomes. A background loop of
each worker moves the entries to the store, which so knows which articles have no outcome yet. The
loop stores an entry before it deletes it, so several workers may do this at once, and any may die.
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
_MESSAGES_PER_SEARCH = 1000
_PAGES_SEARCHED = 100


def start(app: Any, enter: StoreEntries) -> background.BackgroundLoop:
    """Start the background loop that moves the broker's list of enqueued articles to the store.

    That list, the journal, has an entry for each message that a producer pushed; the loop stores
    the entries by `enter`. It runs every 2 s, so the store knows even of an article that is lost
    before a worker processes it. `app` is the Celery app.
    """
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
    """Move the entries of the journal, the broker's list of enqueued articles, to the store.

    `enter` is called with lists of entries, one entry for each article, and stores them. Returns
    how many articles that were. Raises Unavailable when the store does not answer.
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


def find_receipt(channel: Any, receipt: str, since: datetime | None) -> JournalEntry | None:
    """Return the journal entry of a receipt (the id of one delivery), unless it was moved to the
    store already or is unknown.

    `since` is a time before the article was pushed; None if that is unknown. The oldest 100,000
    messages of the journal from then on are read.
    """
    client: Any = Redis(connection_pool=channel.pool)
    key = channel.global_keyprefix + channel.journal
    first = str(int(since.timestamp() * 1000)) if since else "-"
    for _ in range(_PAGES_SEARCHED):
        page = client.xrange(key, min=first, count=_MESSAGES_PER_SEARCH)
        for id_, fields in page:
            if found := next((e for e in _entries(id_, fields) if e.receipt == receipt), None):
                return found
        if len(page) < _MESSAGES_PER_SEARCH:
            break
        first = "(" + page[-1][0].decode()
    return None


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
