"""A file that is touched while the worker does its work: `worker health` looks at its age.

Being alive and connected is not enough, a worker can be both and consume nothing. It does its
work when it took a message since the last look, or none waits. An outage of the broker is not the
worker's fault either: started again, it would be no better off.
"""

import atexit
import logging
import threading
import time
from pathlib import Path
from typing import Any

from celery.worker import state

from worker.broker.gate import gate
from worker.broker.link import Link
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

EVERY_S = 10.0


def start(app: Any, file: Path) -> None:
    """Touch `file` for as long as this process works, in a thread of its own; then remove it."""
    atexit.register(file.unlink, missing_ok=True)
    threading.Thread(target=_keep, args=(app, file), name="heartbeat", daemon=True).start()


def at_work(app: Any, taken_before: int | None) -> bool:
    """Whether messages were taken since there were `taken_before`, or there are none to take.

    Waiting for a store that is away is work, too: another process could not do better.
    """
    return state.all_total_count[0] != taken_before or bool(gate.closed_for) or _none_waits(app)


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
    taken: int | None = None
    while True:
        if at_work(app, taken):
            taken = state.all_total_count[0]
            _touch(file)
        time.sleep(EVERY_S)


def _touch(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as e:
        log.warning("heartbeat.unwritten error=%s", e)
