"""Refuse to start in a database of the broker that another Celery application uses as well.

A lease is the broker's record that a worker has a message. Celery applications keep the leases of
all messages under the same keys, so the workers of one would put the other's messages back on their
queues by a timeout that is not theirs, and tasks would run several times.

Evidence of another application is a message, leased or on a queue that is not this worker's, of a
task that this package does not have; or a running worker without this package's tasks. No evidence
is the binding of a queue that no longer exists, a worker of this package with another queue, a
monitor such as Flower, or a client that pushes to this worker's queue.
"""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from celery import bootsteps
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from worker.broker import INGEST, lua_scripts
from worker.broker.celery_internals import CONNECTION_STEP
from worker.broker.connection import BrokerConnection
from worker.broker.kombu_internals import queue_key
from worker.broker.messages import TASKS, bounded, text
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

REFUSAL = (
    "another Celery application uses this database of the broker ({evidence}), and tasks of both "
    "would run several times; give this worker a database of its own, such as redis://host/1, or "
    "its own keys by ?global_keyprefix=news:"
)
_BINDINGS = "_kombu.binding."
# Exchanges of remote control, its replies and events. Monitors and every worker bind queues there.
_SHARED_EXCHANGES = frozenset(("celery.pidbox", "reply.celery.pidbox", "celeryev"))
_SEPARATOR = b"\x06\x16"  # between routing key, pattern and queue of a binding
_SCAN_S = 1.0  # a database with millions of keys is not searched to its end
_ANSWER_S = 1.0  # Celery's own timeout for the replies of other workers at a start


class NoForeignApp(bootsteps.StartStopStep):
    """A step of Celery's start-up that ends the worker if another application uses its database.

    It checks when the worker connects for the first time, and not when it connects again.
    """

    requires = (CONNECTION_STEP,)
    checked = False

    def start(self, parent: Any) -> None:
        if NoForeignApp.checked:
            return
        connection = BrokerConnection(parent.app)
        try:
            with connection.channel() as channel:
                evidence = find_foreign_app(parent.app, channel)
        except Unavailable:
            return  # the connection is lost again: the next one is checked
        finally:
            connection.close()
        NoForeignApp.checked = True
        if evidence:
            raise SystemExit(f"worker: {REFUSAL.format(evidence=evidence)}")


def find_foreign_app(app: Any, channel: Any) -> str:
    """Describe what shows that another Celery application uses this database of the broker.

    Returns "" when nothing shows it, or when the broker forbids the check. If other queues than
    this worker's are bound in the database, running workers are asked for their tasks, which takes
    a second. Raises RedisError or OSError.
    """
    own = list(app.amqp.queues)
    try:
        leased = channel.eval(
            lua_scripts.FOREIGN, [channel.unacked_key], [len(own), *own, *sorted(TASKS)]
        )
        if leased:
            return _named(*map(text, leased))
        queues = sorted(set(_bound_queues(channel)) - set(own))
        waiting = next(_waiting(channel, queues), "")
    except ResponseError as e:  # a key of another type, or a command that is not permitted
        log.info("foreign-apps.unchecked error=%s", e)
        return ""
    return waiting or (_running_worker(app) if queues else "")


def _named(queue: str, task: str) -> str:
    return f"task {bounded(task, 60)} on queue {bounded(queue, 60)}"


def _bound_queues(channel: Any) -> Iterator[str]:
    """The queues that Celery clients have bound to exchanges, without those of remote control."""
    client: Any = Redis(connection_pool=channel.pool)
    prefix = f"{channel.global_keyprefix}{_BINDINGS}"
    deadline = time.monotonic() + _SCAN_S
    keys = {f"{prefix}celery".encode()}  # of Celery's default queue
    for key in client.scan_iter(f"{prefix}*", count=10_000, _type="set"):
        keys.add(key)
        if time.monotonic() > deadline:
            break
    for key in keys:
        if text(key).removeprefix(prefix) not in _SHARED_EXCHANGES:
            for binding in client.smembers(key):
                yield text(binding.rpartition(_SEPARATOR)[2])


def _waiting(channel: Any, queues: Sequence[str]) -> Iterator[str]:
    """Describe waiting messages of tasks that are not this package's, by the ends of each list."""
    client: Any = Redis(connection_pool=channel.pool)
    for queue in queues:
        for step in channel.priority_steps:
            key = channel.global_keyprefix + queue_key(channel, queue, step)
            for index in (-1, 0):
                task = _task(client.lindex(key, index) or b"")
                if task and task not in TASKS:
                    yield _named(queue, task)


def _task(message: bytes) -> str:
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        task = json.loads(message)["headers"]["task"]
        return task if isinstance(task, str) else ""
    return ""


def _running_worker(app: Any) -> str:
    """Describe a running worker without this package's tasks; "" if none answers in a second."""
    try:
        replies = app.control.inspect(timeout=_ANSWER_S).registered() or {}
    except (RedisError, OSError, OperationalError) as e:
        log.info("foreign-apps.unchecked error=%s", e)
        return ""
    for node, tasks in sorted(replies.items()):
        if not isinstance(tasks, list) or not any(INGEST in str(task) for task in tasks):
            return f"its worker {bounded(node, 60)}"
    return ""
