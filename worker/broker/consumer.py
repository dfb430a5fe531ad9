"""Celery's consumer, changed so that it loses no message and no slot of the process pool.

Celery acks a message it can't decode, and writes its body into the log; here such a message goes to
the dead list of its queue, and its text is not shown. When a connection or the worker ends, Celery
forgets the messages that no process has started; here they are put back on their queue, and the
delivery is not counted as failed. When passing a message to the pool raises, Celery never releases
the slot that was acquired for it; here it is released.
"""

import logging
from typing import Any

from celery.exceptions import TaskRevokedError

from worker.broker import held_messages
from worker.broker.broker_outage import CONSUMER, broker_outage
from worker.broker.celery_internals import (
    CeleryConsumer,
    release_pool_slot,
    set_pool_entry,
    without_advice_on_connection_loss,
)
from worker.broker.deferred_acks import deferred_requeues

log = logging.getLogger("worker.broker")


class Consumer(CeleryConsumer):
    """Celery's message consumer in a worker, changed to lose no message and no slot of the pool.

    The setting `worker_consumer`, made in worker/celery.py, puts it in the place of Celery's own.
    """

    def __init__(self, *args: Any, controller: Any = None, **options: Any) -> None:
        super().__init__(*args, controller=controller, **options)
        set_pool_entry(controller, hand_to_pool)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """When the connection is lost, log one line, and reconnect as Celery does."""
        broker_outage.begin(CONSUMER, exc)
        with without_advice_on_connection_loss():
            super().on_connection_error_after_connected(exc)

    def on_close(self) -> None:
        """When the connection closes, also put the messages back that no pool process has started.

        Celery only forgets them.
        """
        unstarted = held_messages.unstarted()
        super().on_close()
        if unstarted:
            deferred_requeues.add(*unstarted)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Move a message that kombu can't decode to the dead list of its queue.

        Celery would log its body and ack it, so that it is lost.
        """
        _dead_letter(message, "undecodable")

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """Move a message that is in no format of a Celery task to the dead list of its queue.

        Celery would also write it into the log, and this does not.
        """
        _dead_letter(message, "unknown-message")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Move a message to the dead list of its queue when this worker does not have its task.

        Celery would also write its body into the log, and this does not.
        """
        _dead_letter(message, "unknown-task")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Move a message to the dead list of its queue when Celery can't make a request of it.

        Celery would also write its body into the log, and this does not.
        """
        _dead_letter(message, "invalid-task")


def hand_to_pool(controller: Any, request: Any) -> None:
    """Pass a request to the process pool. When that raises, release the pool slot acquired for it.

    The message then goes to the quarantine queue, unless its task was revoked.
    """
    try:
        request.execute_using_pool(controller.pool)
    except TaskRevokedError:
        release_pool_slot(controller)
    except Exception as e:  # noqa: BLE001 - release the slot after any error
        release_pool_slot(controller)
        request.fail(f"not handed to the pool: {e!r}", error=type(e).__name__)


def _dead_letter(message: Any, reason: str) -> None:
    message.channel.qos.set_reject_reasons(message.delivery_tag, {0: reason})
    message.reject_log_error(log, message.channel.connection_errors)
