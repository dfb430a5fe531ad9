"""Requests of Celery for claimed messages."""

import redis

from tests.support.transport import Peer
from worker.broker.request import Request
from worker.tasks import app, ingest


def requested(worker: Peer) -> Request:
    """The next message as Celery's consumer hands it on."""
    [taken] = worker.take()
    return Request(
        taken,
        on_ack=taken.ack_log_error,
        on_reject=taken.reject_log_error,
        app=app,
        task=ingest,
        hostname="celery@test",
        connection_errors=(redis.RedisError,),
    )
