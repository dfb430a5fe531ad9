"""Celery's consumer, changed so that it loses no message and no slot of the process pool.

Celery acks a message that it can't decode and logs its body; here the message goes to the dead list
of its queue, and its body is not logged. When a connection or the worker ends, Celery forgets the
messages that no pool process has started; here they go back to their queue, and this does not count
as a failed delivery. When passing a message to the pool raises, Celery never releases the pool slot
it acquired for the message; here the slot is released.
"""

import logging
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import NoPermissionError, RedisError

from worker.broker import held_messages
from worker.broker.broker_outage import CONSUMER, broker_outage
from worker.broker.celery_internals import (
    CeleryConsumer,
    release_pool_slot,
    set_pool_entry,
    without_advice_on_connection_loss,
)
from worker.broker.deferred_acks import deferred_requeues
from worker.broker.server_info import forbidden

log = logging.getLogger("worker.broker")


class Consumer(CeleryConsumer):
    """Celery's consumer of messages in a worker, changed to lose no message and no pool slot.

    Celery creates it in place of its own consumer, because its setting `worker_consumer`, which
    worker/celery.py sets, names this class.
    """

    def __init__(self, *args: Any, controller: Any = None, **options: Any) -> None:
        super().__init__(*args, controller=controller, **options)
        set_pool_entry(controller, hand_to_pool)

    def start(self) -> None:
        """Consume messages until the worker stops.

        Raises SystemExit, with one line, when the broker forbids this user a key or a channel that
        Celery needs. Celery would print pages of traceback.
        """
        try:
            super().start()
        except (RedisError, OperationalError) as e:
            for error in (e, e.__cause__):
                if isinstance(error, NoPermissionError):
                    raise SystemExit(f"worker: {forbidden(error)}") from e
            raise

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """When the connection is lost, log one line, and reconnect as Celery does."""
        broker_outage.begin(CONSUMER, exc)
        with without_advice_on_connection_loss():
            super().on_connection_error_after_connected(exc)

    def on_close(self) -> None:
        """Put messages that no pool process works on back on their queue when a connection closes.

        This comes after Celery's own steps, which only forget such messages.
        """
        unstarted = held_messages.unstarted()
        super().on_close()
        if unstarted:
            deferred_requeues.add(*unstarted)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Move a message that kombu can't decode to the dead list of its queue, which keeps it.

        Celery would log its body and ack it, so that it is lost.
        """
        _dead_letter(message, "undecodable")

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """Move a message that is in no format of a Celery task to the dead list of its queue.

        The dead list keeps what can't be processed. Celery would also log the message, and this
        does not.
        """
        _dead_letter(message, "unknown-message")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Move a message that names a task unknown to this worker to the dead list of its queue.

        The dead list keeps what can't be processed. Celery would also log the body, and this does
        not.
        """
        _dead_letter(message, "unknown-task")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Move a message whose fields Celery finds invalid for a task to its queue's dead list.

        The dead list keeps what can't be processed. Celery would also log the body, and this does
        not.
        """
        _dead_letter(message, "invalid-task")


def hand_to_pool(controller: Any, request: Any) -> None:
    """Pass a request, Celery's object for one message, to the process pool of a worker.

    `controller` is the Celery worker. When passing the request raises an error, the pool slot that
    Celery acquired for the message is released, and the message goes to the quarantine queue.
    """
    try:
        request.execute_using_pool(controller.pool)
    except Exception as e:  # noqa: BLE001 - release the slot after any error
        release_pool_slot(controller)
        request.fail(f"not handed to the pool: {e!r}", error=type(e).__name__)


def _dead_letter(message: Any, reason: str) -> None:
    message.channel.qos.set_reject_reasons(message.delivery_tag, {0: reason})
    message.reject_log_error(log, message.channel.connection_errors)
