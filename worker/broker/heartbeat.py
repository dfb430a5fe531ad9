"""A file that the worker touches while it makes progress; `worker health` checks the file's age.

A worker can be alive and connected, and still finish no message. So the file is touched every 10 s
only if a message was finished in that time, or if there is nothing to do. It is also touched while
broker, store or index are down, because a restart of the worker would not help then.

The same background loop writes to the broker that the worker runs, so that commands on other hosts
can list it (worker.broker.presence).
"""

import atexit
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery.signals import worker_shutdown

from worker import background
from worker.broker import held_messages, kombu_internals
from worker.broker.batch_counters import lane_of
from worker.broker.circuit_breaker import circuit_breaker
from worker.broker.connection import BrokerConnection
from worker.broker.pauses import lane_pauses
from worker.broker.presence import WorkerState, announce, leave
from worker.broker.request import FinishedMessages
from worker.errors import Unavailable
from worker.model.private_files import FILE_MODE, FOLDER_MODE

log = logging.getLogger("worker.broker")

EVERY_S = 10.0


def start(
    app: Any, file: Path, describe: Callable[[], WorkerState] | None = None
) -> background.BackgroundLoop:
    """Start the background loop that touches `file` every 10 s while the worker makes progress.

    The file is removed when the process exits. `describe` returns a description of the worker, with
    its version and memory; the loop writes it to the broker every 10 s, also while the worker makes
    no progress, and deletes it when the worker ends. With None, nothing is written to the broker.
    """
    atexit.register(file.unlink, missing_ok=True)
    connection, queue = BrokerConnection(app), app.conf.task_default_queue
    finished: int | None = None
    ends = False

    def turn() -> None:
        nonlocal finished
        if makes_progress(app, finished):
            finished = FinishedMessages.count
            _touch(file)
        if describe is not None and not ends:
            _announce(connection, queue, describe())

    def end(**_: object) -> None:
        nonlocal ends
        ends = True
        if describe is not None:
            node = describe().node
            _leave(BrokerConnection(app), queue, node)
            log.info("worker.ended node=%s", node)

    worker_shutdown.connect(end, weak=False)
    return background.start_loop("heartbeat", turn, pause_s=EVERY_S)


def makes_progress(app: Any, finished_before: int | None) -> bool:
    """Whether the worker works as it should, so that it needs no restart.

    It does if it finished a message since the last check, or waits for a store or index that is
    down. It also does if it has nothing to do: no message waits in the broker, except on lanes
    (queues) that are paused, and none in this worker has run too long. `finished_before` is the
    number of messages that the process had finished at the last check; None at the first check,
    which returns True.
    """
    if FinishedMessages.count != finished_before or circuit_breaker.paused_for:
        return True
    return not held_messages.overdue(app.conf.task_time_limit) and _queues_are_empty(app)


def _queues_are_empty(app: Any) -> bool:
    """Whether no message waits on the queues that this worker consumes, but for paused lanes.

    True also when the broker does not answer.
    """
    connection = BrokerConnection(app)
    try:
        with connection.channel() as channel:
            waiting = [
                queue
                for queue in app.amqp.queues.consume_from
                if kombu_internals.queue_size(channel, queue)
            ]
            paused = lane_pauses(channel, app.conf.task_default_queue) if waiting else {}
            return all(lane_of(queue) in paused for queue in waiting)
    except Unavailable as e:
        log.debug("heartbeat.unknown error=%s", e)
        return True
    finally:
        connection.close()


def _announce(connection: BrokerConnection, queue: str, state: WorkerState) -> None:
    """Say in the broker that this worker is at work.

    Nothing happens when the broker does not answer: others say so, as a warning.
    """
    try:
        with connection.channel() as channel:
            announce(channel, queue, state)
    except Unavailable as e:
        log.debug("presence.unwritten error=%s", e)


def _leave(connection: BrokerConnection, queue: str, node: str) -> None:
    """Delete from the broker that this worker runs.

    Nothing happens when the broker does not answer: the worker is no longer listed after 35 s.
    """
    try:
        with connection.channel() as channel:
            leave(channel, queue, node)
    except Unavailable as e:
        log.debug("presence.undeleted error=%s", e)
    finally:
        connection.close()


def _touch(file: Path) -> None:
    try:
        file.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        file.touch(FILE_MODE)
    except OSError as e:
        log.warning("heartbeat.unwritten error=%s", e)
