"""Mends three faults of Celery's consumer: lost messages, forgotten messages, leaked pool slots.

Celery acks what it can't decode, and writes bodies into the log: the dead list keeps such messages,
and their text is not shown. When a connection ends or the worker does, it forgets what no process
has begun: such messages go back, uncounted. And when handing a message to the pool raises, Celery
never releases the slot that was acquired for it.
"""

import logging
from functools import partial
from typing import Any

from celery.exceptions import TaskRevokedError
from celery.worker import consumer

from worker.broker import leases
from worker.broker.qos import late_returns

log = logging.getLogger("worker.broker")


class Consumer(consumer.Consumer):
    def __init__(self, *args: Any, controller: Any = None, **options: Any) -> None:
        super().__init__(*args, controller=controller, **options)
        # Celery looks this up for each message, after it acquired a slot of the pool.
        controller._process_task = partial(_hand_to_pool, controller)

    def on_close(self) -> None:
        forgotten = leases.unstarted()
        super().on_close()
        if forgotten:
            late_returns.add(*forgotten)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        _refuse(message, "undecodable")

    def on_unknown_message(self, body: Any, message: Any) -> None:
        _refuse(message, "unknown-message")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        _refuse(message, "unknown-task")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        _refuse(message, "invalid-task")


def _hand_to_pool(controller: Any, request: Any) -> None:
    try:
        request.execute_using_pool(controller.pool)
    except TaskRevokedError:
        _give_slot_back(controller)
    except Exception as e:  # noqa: BLE001 - release the slot after any error
        _give_slot_back(controller)
        request.fail(f"not handed to the pool: {e!r}", error=type(e).__name__)


def _give_slot_back(controller: Any) -> None:
    release = getattr(controller, "_quick_release", None)  # a pool without slots has none
    if release is not None:
        release()


def _refuse(message: Any, reason: str) -> None:
    message.channel.qos.blame(message.delivery_tag, {0: reason})
    message.reject_log_error(log, message.channel.connection_errors)
