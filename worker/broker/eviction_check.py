"""Refuse to work with a broker that may delete queued messages when its memory is full."""

from typing import Any

from celery import bootsteps

from worker.broker.celery_internals import CONNECTION_STEP
from worker.broker.connection import BrokerConnection
from worker.broker.server_info import EVICTS, UNKNOWN_POLICY, server_info
from worker.errors import Unavailable


class NoEviction(bootsteps.StartStopStep):
    """A step of Celery's start-up that ends the worker if its broker may delete messages.

    A Redis server does so when its memory is full, unless its setting maxmemory-policy is
    noeviction. Celery runs this step each time the worker has connected to the broker.
    """

    requires = (CONNECTION_STEP,)

    def start(self, parent: Any) -> None:
        connection = BrokerConnection(parent.app)
        try:
            with connection.channel() as channel:
                policy = server_info(channel).policy
        except Unavailable:
            return  # the connection is lost again: the next one is checked
        finally:
            connection.close()
        if policy not in ("noeviction", UNKNOWN_POLICY):
            raise SystemExit(f"worker: {EVICTS.format(policy=policy)}")
