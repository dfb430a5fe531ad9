"""Resume paused sources: send their held articles back to the queues that they came from.

The pause stays in force until the last held article has gone, so that articles which arrive
meanwhile are held behind the older ones. A message is sent first, and its articles are deleted from
the store afterwards. If the process dies in between, they are sent again under the same receipts
(the ids of their deliveries), for each of which the store takes only one outcome.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from worker.broker.pauses import begin_resuming, end_resuming, read_pauses
from worker.client.batching import PackedArticle
from worker.client.producer import Producer
from worker.model.canonical_json import parse_json
from worker.store.held_values import StoredHeldArticle
from worker.store.ports import ResumingStore

_PAGE = 100  # held articles that are read at a time


def resume_source(
    channel: Any, queue: str, store: ResumingStore, producer: Producer, source: str
) -> Iterator[int]:
    """Send all held articles of a source back to their queues, oldest first, and end its pause.

    Yields after each message how many articles it has brought back. Each step waits while the
    broker is too full. It stops early if somebody pauses the source again meanwhile. `queue` is the
    name of the live queue. A source that is not paused may have held articles, too, if a worker did
    not yet know that the pause was over. Raises Unavailable, RedisError or OSError when broker or
    store do not answer; a second call then goes on.
    """
    pause = read_pauses(channel, queue).sources.get(source)
    if pause:
        pause = begin_resuming(channel, queue, source, pause)
        yield from _return_all(channel, queue, store, producer, source, pause.pause_id)
        end_resuming(channel, queue, source, pause)
    yield from _return_all(channel, queue, store, producer, source, "")


def sources_to_resume(channel: Any, queue: str, store: ResumingStore) -> dict[str, int]:
    """Return the sources that have held articles although they are not paused, or are being
    resumed, with the number of these articles.

    A resumption was interrupted there, or a worker held articles after it. `queue` is the name of
    the live queue. Raises Unavailable, RedisError or OSError.
    """
    counts = store.held.counts()
    pauses = read_pauses(channel, queue).sources if counts else {}
    return {
        source: count.articles
        for source, count in counts.items()
        if source not in pauses or pauses[source].resuming
    }


def _return_all(
    channel: Any, queue: str, store: ResumingStore, producer: Producer, source: str, pause_id: str
) -> Iterator[int]:
    """Send all held articles of a source back while it has no other pause than `pause_id`."""

    def is_paused_again() -> bool:
        pause = read_pauses(channel, queue).sources.get(source)
        return pause is not None and pause.pause_id != pause_id

    while page := store.held.page(source, _PAGE):
        for place, group in groupby(page, key=lambda held: held.article.place):
            held, sent = tuple(group), 0
            if is_paused_again():
                return
            for count in producer.return_held(map(_packed, held), place, pause_id):
                store.held.release(held[sent : sent + count])
                sent += count
                yield count
                if is_paused_again():
                    return


def _packed(held: StoredHeldArticle) -> PackedArticle:
    data = held.article.text.encode("utf-8", "surrogatepass")
    return PackedArticle(held.article.receipt, parse_json(data), len(data), held.article.source)
