"""Keep a note in the broker about whether all sources are well.

What is in it is for worker.monitoring. It is no part of what must survive: it is written again
within a minute, and vanishes if nobody writes it.
"""

from typing import Any

_KEPT_S = 600


def sources_key(queue: str) -> str:
    """Return the key under which the broker keeps the note about whether all sources are well.
    `queue` is the name of the live queue."""
    return f"{queue}.sources"


def write_source_note(channel: Any, queue: str, text: str) -> None:
    """Keep in the broker, for ten minutes, what a process found when it judged whether all sources
    deliver as usual, so that other processes need not judge them, too.

    `text` is that judgement as JSON, and replaces the one before; `worker status` and the metrics
    read it with the state of the broker. `queue` is the name of the queue of new articles: all keys
    of a group of workers begin with it, so that several groups can share a broker. Raises
    RedisError or OSError, also when the broker is out of memory.
    """
    with channel.conn_or_acquire() as client:
        client.set(channel.global_keyprefix + sources_key(queue), text, ex=_KEPT_S)
