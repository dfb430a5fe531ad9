"""A file that is touched while the worker does its work: `worker health` looks at its age.

Being alive and connected is not enough, a worker can be both and end nothing. It does its work
when a message ended since the last look, or when none waits and it holds none beyond its limits.
An outage of the broker is not the worker's fault either: started again, it would be no better off.
"""

import atexit
import logging
import time
from pathlib import Path
from typing import Any

from worker import background
from worker.broker import leases
from worker.broker.gate import gate
from worker.broker.link import Link
from worker.broker.request import Ended
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

EVERY_S = 10.0


def start(app: Any, file: Path) -> None:
    """Touch `file` for as long as this process works, in a thread of its own; then remove it."""
    atexit.register(file.unlink, missing_ok=True)
    background.keep("heartbeat", lambda: _keep(app, file))


def at_work(app: Any, ended_before: int | None) -> bool:
    """Whether messages ended since `ended_before` had, or there are none to end.

    Waiting for a store that is away is work, too: another process could not do better.
    """
    if Ended.count != ended_before or gate.closed_for:
        return True
    return not leases.overdue(app.conf.task_time_limit) and _none_waits(app)


def _none_waits(app: Any) -> bool:
    """Whether the queues this worker consumes are empty, or nobody can say."""
    link = Link(app)
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
            ended = Ended.count
            _touch(file)
        time.sleep(EVERY_S)


def _touch(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as e:
        log.warning("heartbeat.unwritten error=%s", e)
