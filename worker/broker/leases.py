"""Renew the leases of the messages this worker holds, and restore messages of vanished workers.

A lease is the broker's record that a worker has a message; when it expires, the message goes back
to its queue. Two background loops of the worker's main process do this, each over a connection of
its own. So they continue while a channel is rebuilt, while the broker restarts, and while the pool
finishes its last batches. The first one also does deferred acks and requeues.
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
from worker.broker.qos import RESTORED_PER_SWEEP, QoS
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

_RETRY_S = 0.5  # pause after the broker did not answer
_GATHER_S = 0.1  # after a deferred ack: those that follow at once are sent with it


class LeaseKeeper(bootsteps.StartStopStep):
    """A step of a worker's start-up: starts the loops that renew leases and restore expired ones.

    A lease reserves a message for a worker. A worker with another transport than this package's
    would lose messages, and is not started.
    """

    requires = (POOL_STEP,)

    def start(self, parent: Any) -> None:
        if not uses_our_transport(parent.app):
            transport = parent.app.connection_for_write().get_transport_cls().__module__
            raise SystemExit(f"worker: {transport} would lose messages; see worker.broker")
        start(parent.app)
        start_sweeps(parent.app)

    def stop(self, parent: Any) -> None:
        """Do nothing when the worker stops, so that its messages keep their leases until it exits.

        A lease reserves a message for a worker. Pool processes work on messages until the process
        exits, so the background loop that renews the leases must run as long.
        """


def start(app: Any) -> background.BackgroundLoop:
    """Start the background loop that renews this worker's leases, and repeats failed acks.

    A lease reserves a message for this worker until it expires; the loop renews it four times in
    that time. When an ack, or putting a message back on its queue, has failed, the loop runs at
    once and tries it again. `app` is the Celery app.
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


def start_sweeps(app: Any) -> background.BackgroundLoop:
    """Start the background loop that puts messages back on their queues if their worker has
    vanished, that is has not renewed its claim on them (the lease) in time.

    The loop has a connection of its own, so it goes on when the one that consumes messages breaks
    again and again.
    """
    options = app.conf.broker_transport_options
    pause_s = min(options["unacked_restore_interval"], options["visibility_timeout"] / 4)
    connection = BrokerConnection(app)

    def turn() -> float | None:
        try:
            with connection.channel() as channel:
                while QoS(channel).sweep() == RESTORED_PER_SWEEP:
                    continue
        except Unavailable as e:
            log.debug("sweep.retry error=%s", e)  # leases.retry says the same, as a warning
            return _RETRY_S
        return None

    return background.start_loop("sweeps", turn, pause_s=pause_s)


def send_deferred(channel: Any) -> None:
    """Tell the broker to ack messages, or put them back on queues, where it failed before.

    Such failures, as when the broker did not answer, are kept in worker.broker.deferred_acks, and
    removed from there once the broker has done its part. Raises RedisError when it does not.
    """
    tags = deferred_acks.tags()
    if tags:
        keys = [channel.unacked_index_key, channel.unacked_key]
        arguments = lua_scripts.ack_arguments(lua_scripts.split_group_tags(tags))
        channel.eval(lua_scripts.ACK, keys, arguments)
        deferred_acks.remove(tags)
        log.info("ack.late count=%d", len(tags))
    for group in deferred_requeues.tags():
        for tag in lua_scripts.split_group_tags([group]):
            QoS(channel).restore_by_tag(tag)
        deferred_requeues.remove([group])


def renew_leases(channel: Any, limit_s: float) -> None:
    """Keep all messages of this process reserved for it, except those that take too long.

    A lease is the broker's record that a worker has a message. A message that has run or waited too
    long, compared with `limit_s`, the time limit of a task in seconds, is not renewed: its lease
    expires, and it goes back to its queue for another worker.
    """
    expiring = overdue(limit_s)
    if expiring:
        log.error("leases.overdue messages=%d limit-s=%g", len(expiring), limit_s)
    tags = sorted(set(in_flight()) - set(expiring))
    if tags:
        channel.eval(lua_scripts.RENEW, [channel.unacked_index_key], tags)
