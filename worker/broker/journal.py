"""The journal: receipts that producers pushed, on their way from the broker into the store.

lua/push.lua writes it. A thread of every worker's main process collects it: entries are first
stored and then deleted, so any number of workers may collect at once and any may die in between.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from worker import background
from worker.broker.connection import BrokerConnection
from worker.errors import Unavailable
from worker.model.admission import is_receipt
from worker.model.records import JournalEntry

log = logging.getLogger("worker.broker")

Enter = Callable[[Sequence[JournalEntry]], None]

EVERY_S = 2.0
_LONGEST_PAUSE_S = 30.0
_MESSAGES = 100  # collected in one transaction: up to 10,000 receipts


def start(app: Any, enter: Enter) -> None:
    """Collect for as long as this process works, in a thread of its own."""
    background.keep("journal", lambda: _keep(app, enter))


def collect(channel: Any, enter: Enter) -> int:
    """Move what the journal holds now into the store; returns how many receipts that were.

    Raises Unavailable.
    """
    client: Any = Redis(connection_pool=channel.pool)
    key = channel.global_keyprefix + channel.journal
    collected = 0
    for _ in range(client.xlen(key) // _MESSAGES + 1):
        found = client.xrange(key, count=_MESSAGES)
        if not found:
            break
        entries = [entry for id_, fields in found for entry in _entries(id_, fields)]
        enter(entries)
        # Stored first, deleted second: dying in between, it is stored again, which does nothing.
        client.xdel(key, *(id_ for id_, _ in found))
        collected += len(entries)
    return collected


def _entries(id_: bytes, fields: dict[bytes, bytes]) -> Iterator[JournalEntry]:
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
    ) as e:  # somebody else's: in the way for ever, if kept
        log.warning("journal.malformed entry=%s error=%r", id_.decode(), e)


def _keep(app: Any, enter: Enter) -> None:
    link, pause_s = BrokerConnection(app), EVERY_S
    while True:
        time.sleep(pause_s)
        try:
            with link.channel() as channel:
                count = collect(channel, enter)
            pause_s = EVERY_S
            if count:
                log.debug("journal.collected receipts=%d", count)
        except Unavailable as e:
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            log.warning("journal.waits error=%s", e)
