"""List all messages in the broker, to find where the articles that a producer sent are now."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from redis import Redis

from worker.broker import UNKNOWN
from worker.broker.bodies import receipts_in
from worker.broker.kombu_internals import queue_key
from worker.broker.lease_format import unpack_lease

_PAGE = 20  # messages read at a time; one has up to 1.4 MB


class MessageState(StrEnum):
    """Where a message is: waiting on a queue, leased to a worker, or undeliverable on a dead list.

    A dead list holds the messages of a queue that could not be processed.
    """

    WAITING = "waiting"
    LEASED = "leased"
    UNDELIVERABLE = "undeliverable"


def list_messages(channel: Any, queues: Sequence[str]) -> Iterator[tuple[MessageState, list[str]]]:
    """List where all messages in the broker are: on `queues`, on their dead lists, or with workers.

    Yields the state of each message, and the receipts of its articles, the ids by which a producer
    asks for their outcome. A message that moves meanwhile may be listed twice or not at all, so a
    caller that does not find an article must list the messages again.
    """
    client = Redis(connection_pool=channel.pool)
    prefix = channel.global_keyprefix
    for queue in queues:
        for step in channel.priority_steps:
            for message in _list_items(client, prefix + queue_key(channel, queue, step)):
                yield MessageState.WAITING, receipts_in(message)
    for _, lease in client.hscan_iter(prefix + channel.unacked_key, count=_PAGE):
        yield MessageState.LEASED, receipts_in(unpack_lease(lease)[0])
    for queue in (*queues, UNKNOWN):
        for entry in _list_items(client, f"{prefix}{queue}.dead"):
            yield MessageState.UNDELIVERABLE, receipts_in(entry.partition(b"\n")[2])


def _list_items(client: Any, key: str) -> Iterator[bytes]:
    """The items of a Redis list, read page by page from the left, the end where messages are added.

    An addition meanwhile moves the other items to higher indexes, so that some are read twice and
    none is missed. A removal from the right moves no item.
    """
    start = 0
    while page := client.lrange(key, start, start + _PAGE - 1):
        yield from page
        start += len(page)
