"""Measure how full the broker is, so that producers can be told to slow down or stop.

This is not in worker.broker.backpressure because that module is imported to read the config, which
must not import kombu.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from worker.broker import BULK
from worker.broker.backpressure import Load
from worker.broker.kombu_internals import queue_key


def measure_load(channel: Any, queues: Sequence[str]) -> Load:
    """Ask the broker for its load: the messages on `queues`, the leased messages, and its memory.

    It takes one round trip. The memory is unknown, and counts as 0, if the broker does not tell it.
    Raises RedisError or OSError.
    """
    load, _ = measure_load_and_run(channel, queues, None)
    return load


def measure_load_and_run(
    channel: Any, queues: Sequence[str], command: Sequence[Any] | None
) -> tuple[Load, Any]:
    """Measure how full the broker is, and run one more command in the same round trip.

    Returns the load and the reply to `command`; the reply is None if there is no command or the
    broker refused it. `queues` are those whose messages are counted. Keys in `command` must begin
    with the broker's key prefix. Raises RedisError or OSError.
    """
    lists = [(queue, step) for queue in queues for step in channel.priority_steps]
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        pipe.info("memory")
        pipe.hlen(channel.unacked_key)
        for queue, step in lists:
            pipe.llen(queue_key(channel, queue, step))
        if command:
            pipe.execute_command(*command)
        memory, leased, *replies = pipe.execute(raise_on_error=False)
    waiting = replies[: len(lists)]
    if error := next((r for r in (leased, *waiting) if isinstance(r, Exception)), None):
        raise error
    fields = memory if isinstance(memory, Mapping) else {}  # INFO may be forbidden
    load = Load(
        waiting=sum(waiting),
        bulk=sum(n for (queue, _), n in zip(lists, waiting, strict=True) if queue.endswith(BULK)),
        leased=leased,
        used_bytes=fields.get("used_memory", 0),
        limit_bytes=fields.get("maxmemory", 0),
    )
    reply = replies[-1] if command else None
    return load, None if isinstance(reply, Exception) else reply
