"""End workers from another host: they take no more messages, and end when they have finished.

The request goes through the broker, by Celery's remote control. A worker that has ended deletes its
entry in the broker, the list of workers that run now.
"""

from collections.abc import Collection, Iterator
from time import monotonic, sleep
from typing import Any, NamedTuple

from worker.broker.presence import present_workers

_ANSWER_S = 1.0  # time for all workers to answer
_LOOK_S = 0.2  # pause between two looks at the list of workers


class EndedWorker(NamedTuple):
    """A worker that has ended, by its name in Celery, and after how many seconds."""

    node: str
    after_s: float


def running_nodes(app: Any, channel: Any, queue: str) -> set[str]:
    """Return the names in Celery of all workers that run now on any host, such as `celery@host`.

    These are the workers that have said so in the broker, and those that answer to Celery's remote
    control, which workers of 0.2.0 and before do only. `queue` is the name of the live queue.
    Raises RedisError or OSError when the broker does not answer.
    """
    present = {worker.state.node for worker in present_workers(channel, queue)}
    return present | _answering(app, ())


def nodes_of(name: str, nodes: Collection[str]) -> list[str]:
    """Return those of the workers `nodes` that have this name or run on the host of this name.

    A worker has a name such as `celery@host`, and a host may have several.
    """
    return sorted(node for node in nodes if name in (node, node.partition("@")[2]))


def drain_workers(
    app: Any, channel: Any, queue: str, nodes: Collection[str], limit_s: float
) -> Iterator[EndedWorker]:
    """Ask the workers `nodes` to end once they have finished their messages, and yield each of them
    when it has ended.

    Those that have not after `limit_s` seconds are left out. Raises RedisError or OSError when the
    broker does not answer.
    """
    began = monotonic()
    listed = {worker.state.node for worker in present_workers(channel, queue)}
    app.control.broadcast("shutdown", destination=sorted(nodes))
    left = set(nodes)
    while left and monotonic() - began < limit_s:
        sleep(_LOOK_S)
        running = {worker.state.node for worker in present_workers(channel, queue)}
        # A worker of an earlier version is not listed. One that drains does not answer for long.
        if unlisted := left - listed:
            running |= _answering(app, unlisted)
        for node in sorted(left - running):
            yield EndedWorker(node, monotonic() - began)
        left &= running


def _answering(app: Any, nodes: Collection[str]) -> set[str]:
    """The workers that answer to Celery's remote control; all of them without `nodes`."""
    destination = sorted(nodes) or None
    answers = app.control.ping(destination=destination, timeout=_ANSWER_S) or []
    return {node for answer in answers for node in answer}
