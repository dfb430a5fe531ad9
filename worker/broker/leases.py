"""Renew the leases of the messages this worker holds, and do deferred acks and requeues.

A lease is the broker's record that a worker has a message; when it expires, the message goes back
to its queue. A background loop of the worker's main process renews leases over its own connection.
So it continues while a channel is rebuilt, while the broker restarts, and while the pool finishes
its last batches.
"""

import logging
from typing import Any

from celery import bootsteps

from worker import background
from worker.broker import lua_scripts
from worker.broker.broker_outage import broker_outage
from worker.broker.celery_internals import POOL_STEP
from worker.broker.connection import BrokerConnection, uses_our_transport
from worker.broker.deferred_acks import added, deferred_acks, deferred_requeues
from worker.broker.held_messages import in_flight, overdue
from worker.broker.qos import QoS
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

_RETRY_S = 0.5  # pause after the broker did not answer
_GATHER_S = 0.1  # after a deferred ack: those that follow at once are sent with it


class LeaseKeeper(bootsteps.StartStopStep):
    """A step of a Celery worker's start-up: starts the background loop that renews leases.

    It refuses to start a worker with another transport than this package's, which would lose
    messages.
    """

    requires = (POOL_STEP,)

    def start(self, parent: Any) -> None:
        if not uses_our_transport(parent.app):
            transport = parent.app.connection_for_write().get_transport_cls().__module__
            raise SystemExit(f"worker: {transport} would lose messages; see worker.broker")
        start(parent.app)

    def stop(self, parent: Any) -> None:
        """Do nothing when the worker stops, so that the background loop goes on renewing leases.

        Messages are worked on until the process exits, and need their leases so long.
        """


def start(app: Any) -> background.BackgroundLoop:
    """Start the background loop that renews leases, and does deferred acks and requeues.

    It has a turn four times per lease duration, and at once when an ack or requeue is deferred.
    """
    pause_s = app.conf.broker_transport_options["visibility_timeout"] / 4
    limit_s = app.conf.task_time_limit
    connection = BrokerConnection(app)

    def turn() -> float | None:
        try:
            with connection.channel() as channel:
                try:
                    renew_leases(channel, limit_s)
                finally:  # an error in one of the two must not keep the other from running
                    send_deferred(channel)
        except Unavailable as e:
            broker_outage.begin("leases", e)
            return _RETRY_S
        broker_outage.end("leases")
        return None

    return background.start_loop("leases", turn, pause_s=pause_s, wake=added, gather_s=_GATHER_S)


def send_deferred(channel: Any) -> None:
    """Do the deferred acks and requeues now, and remove each from its set once the broker took it.

    Raises RedisError.
    """
    tags = deferred_acks.tags()
    if tags:
        keys = [channel.unacked_index_key, channel.unacked_key]
        channel.eval(lua_scripts.ACK, keys, lua_scripts.split_group_tags(tags))
        deferred_acks.remove(tags)
        log.info("ack.late count=%d", len(tags))
    for group in deferred_requeues.tags():
        for tag in lua_scripts.split_group_tags([group]):
            QoS(channel).restore_by_tag(tag)
        deferred_requeues.remove([group])


def renew_leases(channel: Any, limit_s: float) -> None:
    """Renew the lease of each message that this process holds, except of those that are overdue.

    `limit_s` is the time limit of a task. An overdue message is given up: when its lease expires,
    another worker claims it.
    """
    expiring = overdue(limit_s)
    if expiring:
        log.error("leases.overdue messages=%d limit-s=%g", len(expiring), limit_s)
    tags = sorted(set(in_flight()) - set(expiring))
    if tags:
        channel.eval(lua_scripts.RENEW, [channel.unacked_index_key], tags)
