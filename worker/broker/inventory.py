"""What the broker holds, message by message: where each is, and the receipts it carries."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from redis import Redis

from worker.broker import UNKNOWN
from worker.broker.bodies import receipts_in

_PAGE = 20  # messages read at a time; one has up to 1.4 MB


class MessagePlace(StrEnum):
    WAITING = "waiting"
    LEASED = "leased"
    UNDELIVERABLE = "undeliverable"


def census(channel: Any, queues: Sequence[str]) -> Iterator[tuple[MessagePlace, list[str]]]:
    """Every message that stays where it is while this reads. One that moves may come twice, or
    not at all: who misses it must look again.
    """
    client = Redis(connection_pool=channel.pool)
    prefix = channel.global_keyprefix
    for queue in queues:
        for step in channel.priority_steps:
            for message in _listed(client, prefix + channel._q_for_pri(queue, step)):
                yield MessagePlace.WAITING, receipts_in(message)
    for _, leased in client.hscan_iter(prefix + channel.unacked_key, count=_PAGE):
        yield MessagePlace.LEASED, receipts_in(leased[1:].rpartition(b',"","')[0])
    for queue in (*queues, UNKNOWN):
        for buried in _listed(client, f"{prefix}{queue}.dead"):
            yield MessagePlace.UNDELIVERABLE, receipts_in(buried.partition(b"\n")[2])


def _listed(client: Any, key: str) -> Iterator[bytes]:
    """From the left, where messages are added: what is added meanwhile moves the rest towards us,
    so that some come twice, and taking from the right moves nothing."""
    start = 0
    while page := client.lrange(key, start, start + _PAGE - 1):
        yield from page
        start += len(page)
