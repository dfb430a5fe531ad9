"""Keeps the leases of messages in flight, sends late acks and gives late ones back: a thread of
the main process.

It has a connection of its own, so it goes on across a rebuilt channel, a broker that comes back,
and a draining pool. Its part of the blueprint has no stop: leases are renewed to the end.
"""

import logging
import time
from typing import Any

from celery import bootsteps
from celery.worker import state

from worker import background
from worker.broker import lua_scripts
from worker.broker.connection import BrokerConnection, is_ours
from worker.broker.qos import DeferredAcks, QoS, late_acks, late_returns
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

_MARGIN_S = 15.0  # seconds that killing a batch at its limit may take on a busy machine


class LeaseKeeper(bootsteps.StartStopStep):
    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        if not is_ours(parent.app):
            theirs = parent.app.connection_for_write().get_transport_cls().__module__
            raise SystemExit(f"worker: {theirs} would lose messages; see worker.broker")
        background.keep("leases", lambda: _keep(parent.app))

    def stop(self, parent: Any) -> None:
        """A warm shutdown still works on messages: the thread ends with the process."""


def running() -> set[str]:
    """Delivery tags of messages that a child works on."""
    return {r.message.delivery_tag for r in _requests((state.active_requests,)) if not _done(r)}


def in_flight() -> list[str]:
    """Delivery tags of all messages this process holds, started or not."""
    return lua_scripts.members({request.message.delivery_tag for request in _held()})


def overdue(limit_s: float) -> list[str]:
    """Delivery tags of messages that should have ended.

    A running message is overdue after `limit_s` plus a margin. One that waits for a process is
    overdue after twice that limit plus the margin, because it may wait for one whole batch.
    """
    now = time.monotonic()

    def late(request: Any) -> bool:
        if request.running_since is not None:
            return bool(now - request.running_since > limit_s + _MARGIN_S)
        return bool(now - request.held_since > 2 * limit_s + _MARGIN_S)

    return lua_scripts.members({r.message.delivery_tag for r in _held() if late(r)})


def unstarted() -> list[str]:
    """Delivery tags of messages that no child has begun to work on."""
    reserved = _requests((state.reserved_requests,))
    waiting = [r for r in reserved if r not in state.active_requests and not _done(r)]
    return [request.message.delivery_tag for request in waiting]


def _held() -> list[Any]:
    held = (state.active_requests, state.reserved_requests, state.scheduled_requests)
    return [request for request in _requests(held) if not _done(request)]


def _done(request: Any) -> bool:
    return bool(request.acknowledged)


def _requests(sets: tuple[Any, ...]) -> list[Any]:
    for _ in range(100):
        try:
            return [request for requests in sets for request in tuple(requests)]
        except RuntimeError:  # a WeakSet changed under us: the main thread has no lock for it
            time.sleep(0)
    return []


def _keep(app: Any) -> None:
    timeout_s = app.conf.broker_transport_options["visibility_timeout"]
    limit_s = app.conf.task_time_limit
    link = BrokerConnection(app)
    while True:
        pause_s = timeout_s / 4
        try:
            with link.channel() as channel:
                _renew(channel, limit_s)
        except Unavailable as e:
            log.warning("leases.retry error=%s", e)
            pause_s = 0.5
        if DeferredAcks.added.wait(pause_s):
            time.sleep(0.1)  # what comes together goes together
            DeferredAcks.added.clear()


def _renew(channel: Any, limit_s: float) -> None:
    late = late_acks.tags()
    if late:
        channel.eval(
            lua_scripts.ACK,
            [channel.unacked_index_key, channel.unacked_key],
            lua_scripts.members(late),
        )
        late_acks.sent(late)
        log.info("ack.late count=%d", len(late))
    for tag in lua_scripts.members(late_returns.tags()):
        QoS(channel).restore_by_tag(tag)
        late_returns.sent([tag])
    late_ones = overdue(limit_s)
    if late_ones:  # not renewed: when a lease expires, another worker claims the message
        log.error("leases.overdue messages=%d limit-s=%g", len(late_ones), limit_s)
    tags = sorted(set(in_flight()) - set(late_ones))
    if tags:
        channel.eval(lua_scripts.RENEW, [channel.unacked_index_key], tags)
