"""Write all keys of the broker's database to a file, and put them back.

Each key is a line of JSON with the bytes of the command DUMP, which the command RESTORE of the same
or a later version of the server reads. Keys that expire within an hour, such as the list of workers
at work, are left out.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from redis import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from worker.broker import UNKNOWN
from worker.broker.kombu_internals import queue_key
from worker.errors import Unavailable

_SCANNED = 1_000  # keys
_DUMPED = 100  # keys in one round trip
_BRIEF_MS = 3_600_000
_TRIED, _TRIED_MS = "restore.tried", 1_000  # name and life of a key that is only tried
_INDEX_PREFIX = b"aw:"  # of the similarity index; all other keys are those of messages

OnKeys = Callable[[int], None]


def count_keys(channel: Any) -> int:
    """Count the keys in the broker's database that a dump would have."""
    client = Redis(connection_pool=channel.pool)
    return sum(len(_lasting(client, page)) for page in _pages(_names(channel, client), _SCANNED))


def dump_keys(channel: Any, queues: Sequence[str], file: IO[str], on_keys: OnKeys) -> int:
    """Write the keys of the broker's database to a file, and return how many they are.

    `queues` are the names of the queues of messages. The keys of messages are read in one
    transaction, so that no message that moves is missed; the keys of the similarity index are read
    one after another. `on_keys` is called with the number of keys after each part. Raises
    RedisError or OSError when the broker does not answer.
    """
    client = Redis(connection_pool=channel.pool)
    prefix = channel.global_keyprefix.encode()
    names = sorted(_names(channel, client))
    of_index = [name for name in names if name.startswith(prefix + _INDEX_PREFIX)]
    of_messages = [name for name in names if name not in set(of_index)]
    of_messages += [key for key in _message_keys(channel, queues) if key not in set(of_messages)]
    written = _write(client, of_messages, file, len(prefix))
    on_keys(written)
    for page in _pages(iter(of_index), _DUMPED):
        count = _write(client, page, file, len(prefix))
        on_keys(count)
        written += count
    return written


def try_keys(channel: Any, lines: Iterator[str]) -> None:
    """Find out whether the broker can read a dump of keys, of which `lines` are the lines: it
    restores the first key for a second, under another name.

    Raises Unavailable if it can't, because a later version of the server has written the dump.
    """
    first = next(lines, "")
    if first:
        name = (channel.global_keyprefix + _TRIED).encode()
        _restore(Redis(connection_pool=channel.pool), name, json.loads(first), _TRIED_MS)


def restore_keys(channel: Any, lines: Iterator[str], on_keys: OnKeys) -> int:
    """Put the keys of a dump, of which `lines` are the lines, into the broker's database, and
    return how many they are. `on_keys` is called with 1 after each key.

    All other keys of the database are removed first. Raises Unavailable if the server can't read
    what a later version has written, or has not enough memory, and RedisError or OSError when it
    does not answer.
    """
    client = Redis(connection_pool=channel.pool)
    prefix = channel.global_keyprefix.encode()
    for page in _pages(_names(channel, client), _SCANNED):
        client.unlink(*page)
    restored = 0
    for line in lines:
        entry = json.loads(line)
        _restore(client, prefix + b64decode(entry["key"]), entry, entry["ttl_ms"])
        restored += 1
        on_keys(1)
    return restored


def _restore(client: Any, name: bytes, entry: dict[str, str], ttl_ms: int) -> None:
    try:
        client.restore(name, ttl_ms, b64decode(entry["dump"]), replace=True)
    except OutOfMemoryError as e:
        detail = "it has too little memory for the backup: raise maxmemory, and restore again"
        raise Unavailable("broker", detail) from e
    except ResponseError as e:
        raise Unavailable(
            "broker", f"it can't read a key of the backup ({e}): use the server's version"
        ) from e


def _write(client: Any, names: Sequence[bytes], file: IO[str], prefix_length: int) -> int:
    if not names:
        return 0
    with client.pipeline(transaction=True) as pipe:
        for name in names:
            pipe.pttl(name)
            pipe.dump(name)
        answers = pipe.execute()
    written = 0
    for name, ttl_ms, value in zip(names, answers[::2], answers[1::2], strict=True):
        if value is None or 0 <= ttl_ms < _BRIEF_MS:
            continue
        entry = {
            "key": b64encode(name[prefix_length:]).decode(),
            "ttl_ms": max(0, ttl_ms),
            "dump": b64encode(value).decode(),
        }
        file.write(json.dumps(entry) + "\n")
        written += 1
    return written


def _names(channel: Any, client: Any) -> Iterator[bytes]:
    """Yield the names of all keys with the prefix of this broker; a name may come twice."""
    pattern = _escaped(channel.global_keyprefix) + "*"
    yield from dict.fromkeys(client.scan_iter(match=pattern, count=_SCANNED))


def _message_keys(channel: Any, queues: Sequence[str]) -> list[bytes]:
    """The keys to which a message may move between two reads, even if they do not exist yet."""
    names = [channel.unacked_key, channel.unacked_index_key]
    names += [queue_key(channel, q, step) for q in queues for step in channel.priority_steps]
    names += [f"{queue}.dead" for queue in (*queues, UNKNOWN)]
    return [(channel.global_keyprefix + name).encode() for name in names]


def _lasting(client: Any, names: Sequence[bytes]) -> list[bytes]:
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.pttl(name)
        times = pipe.execute()
    return [n for n, ttl_ms in zip(names, times, strict=True) if not 0 <= ttl_ms < _BRIEF_MS]


def _pages(names: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    page: list[bytes] = []
    for name in names:
        page.append(name)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


def _escaped(prefix: str) -> str:
    return "".join(f"\\{c}" if c in "*?[]\\^-" else c for c in prefix)
