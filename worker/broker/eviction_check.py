"""Refuse a broker that may evict the queue when its memory is full."""

from typing import Any

from celery import bootsteps

from worker.broker.celery_internals import CONNECTION_STEP
from worker.broker.connection import BrokerConnection
from worker.broker.server_info import EVICTS, UNKNOWN_POLICY, server_info
from worker.errors import Unavailable


class NoEviction(bootsteps.StartStopStep):
    """Step of each connection's start that ends a worker whose broker may evict the queue."""

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
