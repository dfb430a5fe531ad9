"""What a channel does with the messages it delivered: ack, put back, quarantine, or dead list.

Each delivered message has a lease in the broker until one of these is done.
"""

import json
import logging
from collections.abc import Mapping
from time import monotonic, time
from typing import Any

from redis.exceptions import RedisError, ResponseError

from worker.broker import QUARANTINE, REPLAY, UNKNOWN, kombu_internals, lua_scripts
from worker.broker.deferred_acks import deferred_acks
from worker.broker.kombu_internals import RedisQoS
from worker.broker.lease_format import unpack_lease
from worker.broker.lua_scripts import split_group_tags
from worker.broker.messages import count, given_back, text

log = logging.getLogger("worker.broker")

_RESTORED_PER_SWEEP = 500  # expired leases


class QoS(RedisQoS):
    """kombu's record of a channel's delivered messages, changed so that no failure loses one.

    Each message is named by its delivery tag. It stays leased in the broker until it is acked or
    moved, and an ack that the broker does not take is repeated later.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._created = monotonic()
        self._started: set[str] = set()  # delivery tags that a pool process works on
        self._errors: dict[str, str] = {}  # delivery tag -> error that sends it to quarantine
        # delivery tag -> index in its group -> reason why that message is dead
        self._reject_reasons: dict[str, Mapping[int, str]] = {}

    def append(self, message: Any, delivery_tag: str) -> None:
        """Record a delivered message in memory.

        A message that was not claimed is also leased by kombu. The claim of a claimed message has
        leased it in the broker already.
        """
        if ":" in delivery_tag:
            self.record_delivery(message, delivery_tag)
        else:  # not claimed by us: basic_get, or a message that is being refused
            super().append(message, delivery_tag)

    def mark_started(self, delivery_tag: str) -> None:
        """Note that a pool process works on a message; `restore_unacked` leaves it alone then."""
        self._started.add(delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Delete an acked message and its lease.

        When the broker does not answer, the ack is deferred. The background loop of
        worker.broker.leases repeats it. `ack` never raises, and always releases the prefetch
        credit: a worker without credit sends no command, so it would never notice that the broker
        is back.
        """
        try:
            self.channel.eval(lua_scripts.ACK, self._index_keys(), split_group_tags([delivery_tag]))
        except (RedisError, OSError, AttributeError) as e:  # AttributeError: torn-down channel
            log.debug("ack.deferred tag=%s error=%s", delivery_tag, e)
            deferred_acks.add(delivery_tag)
        self._release(delivery_tag)

    def route_to_quarantine(self, delivery_tag: str, error: str) -> None:
        """Make a later `reject` move this message to the quarantine queue.

        The `requeue` given to `reject` is ignored then. `error` is kept as the reason. After too
        many failures in that queue, `reject` moves the message to the dead list instead.
        """
        self._errors[delivery_tag] = error

    def set_reject_reasons(self, delivery_tag: str, reasons: Mapping[int, str]) -> None:
        """Make a later `reject` of a group move only some of its messages to the dead list.

        It acks the others. `reasons` maps the index of such a message in the group to the reason.
        """
        self._reject_reasons[delivery_tag] = reasons

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Move a message back to its queue, to the quarantine queue or to the dead list.

        It goes to its queue with `requeue`, else to the dead list, unless `route_to_quarantine` or
        `set_reject_reasons` was called before. Each message of a group is moved by itself. It never
        raises, because that would end the worker when a pool process dies while the broker is away:
        the message keeps its lease then, and is delivered again when that has expired.
        """
        error = self._errors.pop(delivery_tag, None)
        tags = split_group_tags([delivery_tag])
        reasons = self._reject_reasons.pop(
            delivery_tag, dict.fromkeys(range(len(tags)), "rejected")
        )
        accepted = []
        try:
            for index, tag in enumerate(tags):
                if requeue or error is not None:
                    self.restore_by_tag(tag, error=error)
                elif index in reasons:
                    self.dead_letter(tag, reasons[index])
                else:
                    accepted.append(tag)
            if accepted:
                self.channel.eval(lua_scripts.ACK, self._index_keys(), accepted)
        except (RedisError, OSError, AttributeError) as e:  # AttributeError: torn-down channel
            log.warning("reject.failed tag=%s error=%s; its lease will expire", delivery_tag, e)
        finally:
            self._release(delivery_tag)

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """Put messages whose lease expired, because their worker vanished, back on their queues.

        kombu calls this at intervals; its arguments are ignored. A channel younger than the
        duration of a lease does nothing: after a restart of the broker, every worker first gets the
        chance to renew the leases of its messages.
        """
        if monotonic() - self._created < self.visibility_timeout:
            return
        try:
            limits = [self.visibility_timeout, _RESTORED_PER_SWEEP]
            for tag in self.channel.eval(lua_scripts.EXPIRED, self._index_keys(), limits):
                self.restore_by_tag(text(tag), delivered=True)
        except ResponseError as e:
            log.warning("sweep.refused error=%s", e)

    def restore_unacked(self, client: Any = None) -> list[Any]:
        """Put delivered messages back on their queues that no pool process has started.

        kombu calls this when the channel closes. A message that a pool process works on keeps its
        lease, and is acked by its delivery tag later.
        """
        try:
            for tag in split_group_tags(t for t in self.unacked_tags() if t not in self._started):
                self.restore_by_tag(tag)
        except (RedisError, OSError, AttributeError) as e:
            log.debug("restore.skipped error=%s; leases will expire by themselves", e)
        self.forget_deliveries()
        return []

    def restore_by_tag(
        self,
        tag: str,
        client: Any = None,
        leftmost: bool = False,
        *,
        delivered: bool = False,
        error: str | None = None,
    ) -> None:
        """Put a leased message back at the front of its queue, or at the end if `leftmost`.

        `delivered` counts the delivery as failed. With `error`, the message goes to the end of the
        quarantine queue, or to the dead list after `quarantine_passes` failures there. A message
        whose lease is gone is left alone.
        """
        lease = self._read_lease(tag)
        if lease is None:
            return
        try:
            data, queue = unpack_lease(lease)
            message = json.loads(data)
            passes = count(message["headers"].get("x-quarantine"))
            message = given_back(
                message, delivered=delivered, quarantined=error is not None, error=error or ""
            )
            priority = kombu_internals.message_priority(self.channel, message)
            restored = json.dumps(message)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.dead_letter(tag, "malformed")
            return
        if queue == UNKNOWN:
            self.dead_letter(tag, "malformed: the lease names no queue")
            return
        if error is not None:
            if queue.endswith(QUARANTINE) and passes >= self.channel.quarantine_passes:
                self.dead_letter(tag, f"failed {passes} times in quarantine: {error}")
                return
            queue = queue.removesuffix(QUARANTINE).removesuffix(REPLAY) + QUARANTINE
            leftmost = True
        key = kombu_internals.queue_key(self.channel, queue, priority)
        self._move(tag, key, restored, "LPUSH" if leftmost else "RPUSH")

    def dead_letter(self, tag: str, reason: str) -> None:
        """Move a leased message to the dead list of its queue, with the reason in front of it."""
        lease = self._read_lease(tag)
        if lease is None:
            return
        message, queue = unpack_lease(lease)
        head = {"reason": reason, "queue": queue, "at": time()}
        log.warning("message.dead queue=%s reason=%s tag=%s", queue, reason, tag)
        self._move(tag, f"{queue}.dead", json.dumps(head).encode() + b"\n" + message, "LPUSH")

    def _release(self, delivery_tag: str) -> None:
        self._started.discard(delivery_tag)
        self.release_credit(delivery_tag)

    def _read_lease(self, tag: str) -> bytes | None:
        with self.channel.conn_or_acquire() as client:
            lease = client.hget(self.unacked_key, tag)
        if lease is None:
            return None
        return lease if isinstance(lease, bytes) else lease.encode("utf-8", "surrogateescape")

    def _move(self, tag: str, key: str, message: str | bytes, command: str) -> None:
        """Move a message from its lease to the list `key`, by the command LPUSH or RPUSH.

        If the broker refuses, the message stays leased, and `restore_visible` puts it back when the
        lease has expired.
        """
        try:
            self.channel.eval(lua_scripts.MOVE, [*self._index_keys(), key], [tag, message, command])
        except ResponseError as e:
            log.warning("move.refused tag=%s to=%s error=%s", tag, key, e)

    def _index_keys(self) -> list[str]:
        return [self.unacked_index_key, self.unacked_key]
