"""A file that is touched while the worker does its work: `worker health` looks at its age.

A worker can be alive and connected, and still finish nothing. So the file is touched when a message
ended since the last look, or when no message waits and none that it holds is overdue. It is also
touched while broker, store or index are down: a restart would not help.
"""

import atexit
import logging
import time
from pathlib import Path
from typing import Any

from worker import background
from worker.broker import leases
from worker.broker.circuit_breaker import gate
from worker.broker.connection import BrokerConnection
from worker.broker.request import TaskEnd
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

EVERY_S = 10.0


def start(app: Any, file: Path) -> None:
    """Touch `file` for as long as this process works, in a thread of its own; then remove it."""
    atexit.register(file.unlink, missing_ok=True)
    background.keep("heartbeat", lambda: _keep(app, file))


def at_work(app: Any, ended_before: int | None) -> bool:
    """Whether more than `ended_before` messages ended, or consuming is paused for a service that is
    down, or no message waits and none is overdue."""
    if TaskEnd.count != ended_before or gate.closed_for:
        return True
    return not leases.overdue(app.conf.task_time_limit) and _none_waits(app)


def _none_waits(app: Any) -> bool:
    """Whether the queues this worker consumes are empty, or nobody can say."""
    link = BrokerConnection(app)
    try:
        with link.channel() as channel:
            return not any(channel._size(queue) for queue in app.amqp.queues.consume_from)
    except Unavailable as e:
        log.debug("heartbeat.unknown error=%s", e)
        return True
    finally:
        link.close()


def _keep(app: Any, file: Path) -> None:
    ended: int | None = None
    while True:
        if at_work(app, ended):
            ended = TaskEnd.count
            _touch(file)
        time.sleep(EVERY_S)


def _touch(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as e:
        log.warning("heartbeat.unwritten error=%s", e)
