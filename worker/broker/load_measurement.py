"""Measure how full the broker is, so that producers can be told to slow down or stop.

This is not in worker.broker.backpressure because that module is imported to read the config, which
must not import kombu.
"""

from collections.abc import Sequence
from typing import Any

from worker.broker.backpressure import Load
from worker.broker.kombu_internals import queue_key


def measure_load(channel: Any, queues: Sequence[str]) -> Load:
    """Ask the broker for its load, in one round trip.

    The load is the number of messages on `queues`, the number that workers have taken and not
    finished, and the memory in use and allowed. Raises RedisError or OSError.
    """
    keys = [queue_key(channel, queue, step) for queue in queues for step in channel.priority_steps]
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        pipe.info("memory")
        pipe.hlen(channel.unacked_key)
        for key in keys:
            pipe.llen(key)
        memory, leased, *waiting = pipe.execute()
    return Load(
        waiting=sum(waiting),
        leased=leased,
        used_bytes=memory["used_memory"],
        limit_bytes=memory.get("maxmemory", 0),
    )
