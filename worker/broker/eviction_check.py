"""Refuse to start a worker with a broker on which messages would not be safe.

Such a broker may drop messages when its memory is full, or forbid the scripts that move them.
"""

from typing import Any

from celery import bootsteps

from worker.broker.broker_outage import CONSUMER, broker_outage
from worker.broker.celery_internals import CONNECTION_STEP
from worker.broker.connection import BrokerConnection
from worker.broker.server_info import server_info
from worker.errors import Unavailable


class NoEviction(bootsteps.StartStopStep):
    """A step of Celery's start-up that ends the worker if its broker is unfit to hold the queue.

    Celery runs it each time the worker has connected to the broker.
    """

    requires = (CONNECTION_STEP,)

    def start(self, parent: Any) -> None:
        connection = BrokerConnection(parent.app)
        try:
            with connection.channel() as channel:
                reason = server_info(channel).unfit_because
        except Unavailable:
            return  # the connection is lost again: the next one is checked
        finally:
            connection.close()
        broker_outage.end(CONSUMER)
        if reason:
            raise SystemExit(f"worker: {reason}")
