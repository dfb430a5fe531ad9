"""What becomes of messages that Celery would lose or forget.

It acks what it can't decode, and writes bodies into the log: the dead list keeps such messages,
and their text is not shown. When a connection ends or the worker does, it forgets what no process
has begun: such messages go back, uncounted.
"""

import logging
from typing import Any

from celery.worker import consumer

from worker.broker import leases
from worker.broker.qos import late_returns

log = logging.getLogger("worker.broker")


class Consumer(consumer.Consumer):
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


def _refuse(message: Any, reason: str) -> None:
    message.channel.qos.blame(message.delivery_tag, reason)
    message.reject_log_error(log, message.channel.connection_errors)
