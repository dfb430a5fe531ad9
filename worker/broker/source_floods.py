"""Find sources that push a flood of articles, and keep these from delaying other sources.

The broker counts the articles of each source, for all producers together, in periods of time. A
source with more than a limit is a flood. Its articles are pushed to the bulk lane, a queue that
workers serve after the others, and its messages that still wait on the live queue move there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from redis import Redis

from worker.broker import BULK, lua_scripts
from worker.broker.bodies import articles
from worker.broker.kombu_internals import queue_key
from worker.broker.messages import InvalidMessage, read
from worker.model.admission import source_of

# Of the waiting messages the newest are searched: those of the flood itself are among them.
_SEARCHED = 600
_SEARCHED_BYTES = 50_000_000
_PAGE = 20


def count_command(
    channel: Any, queue: str, counts: Mapping[str, int], window_s: int
) -> list[str | int]:
    """Return the Redis command that adds articles to the counts of their sources.

    `counts` maps each source to the number of articles to add; a negative number takes back
    articles that were counted but not pushed. Counts are kept in periods of `window_s` seconds. The
    command replies, for each source, with its articles in this period and the one before.
    """
    key = f"{channel.global_keyprefix}flood:{queue}"
    pairs = [part for source, number in counts.items() for part in (_field(source), number)]
    return ["EVAL", lua_scripts.COUNT, 1, key, window_s, *pairs]


def find_floods(
    channel: Any, queue: str, counts: Mapping[str, int], totals: Sequence[int], limit: int
) -> set[str]:
    """Return the sources that have pushed more than `limit` articles, which is a flood.

    `counts` maps each source to the articles just added; `totals`, the reply to `count_command`,
    has the total of each source in the same order. When these articles take a source over the
    limit, its newest messages that wait on `queue` move to the bulk lane, a queue that workers
    serve last. Raises RedisError or OSError.
    """
    total_of = dict(zip(counts, totals, strict=True))
    floods = {source for source, total in total_of.items() if total > limit}
    if new := {source for source in floods if total_of[source] - counts[source] <= limit}:
        _move_waiting(channel, queue, new)
    return floods


def _field(source: str) -> str:
    """The name under which a source is counted: short, whatever the source is called."""
    return blake2b(source.encode("utf-8", "replace"), digest_size=9).hexdigest()


def _move_waiting(channel: Any, queue: str, sources: Collection[str]) -> None:
    """Move the waiting messages that hold articles of these sources only, the oldest first."""
    keys = [queue_key(channel, queue, 0), queue_key(channel, queue + BULK, 0)]
    newest_first = [message for message in _waiting(channel, keys[0]) if _is_of(message, sources)]
    for message in reversed(newest_first):
        channel.eval(lua_scripts.RELOCATE, keys, [message])


def _waiting(channel: Any, key: str) -> Iterator[bytes]:
    client: Any = Redis(connection_pool=channel.pool)
    size = 0
    for start in range(0, _SEARCHED, _PAGE):
        page = client.lrange(channel.global_keyprefix + key, start, start + _PAGE - 1)
        yield from page
        size += sum(map(len, page))
        if len(page) < _PAGE or size > _SEARCHED_BYTES:
            return


def _is_of(message: bytes, sources: Collection[str]) -> bool:
    try:
        return all(source_of(raw) in sources for _, raw in articles(read(message)))
    except InvalidMessage:
        return False
