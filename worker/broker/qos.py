"""What becomes of a delivered message: acked, back to its queue, to quarantine, or to a dead list.

As long as none of these has happened, the broker keeps a lease, a record that a worker has the
message. The quarantine queue runs the articles of failed messages one at a time; a dead list keeps
what can't be processed.

The module is as long as its class: kombu calls all these methods on one object for each connection,
and they share the notes on the messages that it delivered.
"""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from time import time
from typing import Any

from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from worker.broker import BULK, QUARANTINE, UNKNOWN, kombu_internals, lua_scripts
from worker.broker.batch_counters import (
    counters_key,
    pending_counters,
)
from worker.broker.broker_outage import SWEEP, broker_outage
from worker.broker.built_messages import given_back
from worker.broker.deferred_acks import deferred_acks
from worker.broker.kombu_internals import RedisQoS
from worker.broker.lease_format import unpack_lease
from worker.broker.lua_scripts import split_group_tags
from worker.broker.messages import count, text
from worker.broker.recent_work import recent_key, recent_sums
from worker.model.plurals import several

log = logging.getLogger("worker.broker")

RESTORED_PER_SWEEP = 500  # expired leases


class QoS(RedisQoS):
    """kombu's record of the messages that a channel delivered, changed so that no error loses one.

    A message is named by its delivery tag. The broker keeps a lease, a record that the worker has
    the message, until it is acked or moved elsewhere. An ack that the broker does not take is
    repeated.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._started: set[str] = set()  # delivery tags that a pool process works on
        self._errors: dict[str, str] = {}  # delivery tag -> error that sends it to quarantine
        self._uncounted: set[str] = set()  # delivery tags whose error counts as no failure there
        # delivery tag -> index in its group -> reason why that message is dead
        self._reject_reasons: dict[str, Mapping[int, str]] = {}
        # delivery tag -> receipt -> runs in quarantine that wall-clock time alone ended
        self._stalled_runs: dict[str, Mapping[str, int]] = {}

    def append(self, message: Any, delivery_tag: str) -> None:
        """Record a delivered message in memory, and make sure that the broker has a lease of it.

        A lease is the broker's record that a worker has the message. A message that this package's
        script claimed has one already. For any other, such as one read by kombu's `basic_get`,
        kombu writes a lease now.
        """
        if ":" in delivery_tag:
            self.record_delivery(message, delivery_tag)
        else:  # not claimed by us: basic_get, or a message that is being refused
            super().append(message, delivery_tag)

    def mark_started(self, delivery_tag: str) -> None:
        """Note that a pool process works on a message, so that it is not put back on its queue.

        Otherwise `restore_unacked` would put it back when the channel closes.
        """
        self._started.add(delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Delete a processed message from the broker, with its lease, the record that this worker
        has it.

        Does not raise when the broker does not answer: a background loop (worker.broker.leases)
        then repeats the deletion later. The same call to the broker also adds the numbers of
        processed messages, which this process has collected since the last one, to the counters
        there.
        """
        counts: dict[str, int] = {}
        try:
            keys = self._index_keys()
            if self.channel.own_queues:
                queue = self.channel.own_queues[0]
                keys += [counters_key(queue), recent_key(queue)]
                counts = pending_counters.take()
            tags = split_group_tags([delivery_tag])
            arguments = lua_scripts.ack_arguments(tags, counts, recent_sums(counts))
            self.channel.eval(lua_scripts.ACK, keys, arguments)
        except (RedisError, OSError, AttributeError) as e:  # AttributeError: torn-down channel
            pending_counters.put_back(counts)
            log.debug("ack.deferred tag=%s error=%s", delivery_tag, e)
            deferred_acks.add(delivery_tag)
        self._release(delivery_tag)

    def route_to_quarantine(self, delivery_tag: str, error: str, *, counts: bool = True) -> None:
        """Make a later `reject` move this message to the quarantine queue, even with `requeue`.

        The quarantine queue runs the articles of failed messages one at a time. `error` is stored
        in the message as the reason. A message that failed too often in that queue moves to the
        dead list instead; with `counts=False` this failure does not count towards that.
        """
        self._errors[delivery_tag] = error
        if not counts:
            self._uncounted.add(delivery_tag)

    def set_reject_reasons(self, delivery_tag: str, reasons: Mapping[int, str]) -> None:
        """Choose messages that a later call of `reject` moves to the dead list of their queue.

        The dead list keeps what can't be processed. `delivery_tag` names several messages that ran
        together; `reasons` maps the position of a message among them to the reason why it can't be
        processed. `reject` acks the messages that have no reason.
        """
        self._reject_reasons[delivery_tag] = reasons

    def set_stalled_runs(self, delivery_tag: str, runs: Mapping[str, int]) -> None:
        """Note in this message how many runs of its articles took too long by the clock only, not
        by CPU time.

        `runs` maps the receipt of an article, the id of its delivery, to the number of such runs. A
        later `reject` with `requeue` writes them into a header of the message, and puts it at the
        end of its queue.
        """
        self._stalled_runs[delivery_tag] = runs

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Put a message back on its queue with `requeue`; without it, move it to the dead list.

        If `route_to_quarantine` or `set_reject_reasons` was called for the message before, it goes
        where that call says. Several messages that were delivered as one are moved one by one.
        Nothing is raised, because that would end the worker: if the broker does not answer, the
        message is delivered again when its lease, the record that this worker has it, expires.
        """
        error = self._errors.pop(delivery_tag, None)
        stalled_runs = self._stalled_runs.pop(delivery_tag, None)
        counts = delivery_tag not in self._uncounted
        self._uncounted.discard(delivery_tag)
        tags = split_group_tags([delivery_tag])
        reasons = self._reject_reasons.pop(
            delivery_tag, dict.fromkeys(range(len(tags)), "rejected")
        )
        accepted = []
        try:
            for index, tag in enumerate(tags):
                if requeue or error is not None:
                    self.restore_by_tag(tag, error=error, counts=counts, stalled_runs=stalled_runs)
                elif index in reasons:
                    self.dead_letter(tag, reasons[index])
                else:
                    accepted.append(tag)
            if accepted:
                arguments = lua_scripts.ack_arguments(accepted)
                self.channel.eval(lua_scripts.ACK, self._index_keys(), arguments)
        except (RedisError, OSError, AttributeError) as e:  # AttributeError: torn-down channel
            log.warning("reject.failed tag=%s error=%s; its lease will expire", delivery_tag, e)
        finally:
            self._release(delivery_tag)

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """Put messages back on their queues if their worker has vanished, that is has not renewed
        its claim on them (the lease) in time.

        kombu calls this at intervals; its arguments are ignored. It does nothing in a worker that
        has a background loop for it.
        """
        if not self.channel.background_sweeps:
            self.sweep()

    def sweep(self) -> int:
        """Put messages back on their queues whose worker vanished, so that their leases expired.

        A lease is the broker's record that a worker has a message. Returns how many had expired, at
        most RESTORED_PER_SWEEP; if it is that many, there may be more, and the caller should call
        again. A message that can't be put back gets a new lease, so that it does not hold up
        others.
        """
        keys = [*self._index_keys(), f"{self.unacked_index_key}.sweeps"]
        limits = [self.visibility_timeout, RESTORED_PER_SWEEP, *self.channel.own_queues]
        try:
            tags = self.channel.eval(lua_scripts.SWEEP, keys, limits)
        except (ReadOnlyError, OutOfMemoryError) as e:
            broker_outage.begin(SWEEP, e)
            return 0
        except ResponseError as e:
            log.warning("sweep.refused error=%s", e)
            return 0
        broker_outage.end(SWEEP)
        for tag in tags:
            try:
                self.restore_by_tag(tag, delivered=True)
            except (NotConnected, OSError):
                raise
            except Exception as e:  # noqa: BLE001 - any error here must cost one message only
                log.warning("sweep.skipped tag=%s error=%r", text(tag), e)
                self._renew(tag)
        return len(tags)

    def restore_unacked(self, client: Any = None) -> list[Any]:
        """Put those delivered messages back on their queues that no pool process works on yet.

        kombu calls this when the channel closes. Messages that a pool process works on stay
        reserved for this worker, and are acked later. Returns an empty list. An error of the broker
        is only logged.
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
        tag: str | bytes,
        client: Any = None,
        leftmost: bool = False,
        *,
        delivered: bool = False,
        error: str | None = None,
        counts: bool = True,
        stalled_runs: Mapping[str, int] | None = None,
    ) -> None:
        """Put a message that this worker holds back on its queue, or move it to the quarantine
        queue.

        It becomes the next message that a worker takes; with `leftmost` or `stalled_runs` the last
        one of its priority. With `error` it moves to the quarantine queue, where articles run one
        at a time, or to the dead list if it failed there too often; `counts=False` keeps this
        failure out of that number. `stalled_runs` is kept in a header of the message: by receipt
        of an article, how often its process took too long. `delivered` counts this delivery as
        one whose worker vanished. Does nothing if the broker has no lease of the message.
        """
        lease = self._read_lease(tag)
        if lease is None:
            return
        data, queue = unpack_lease(lease)
        is_failure = error is not None and (counts or not queue.endswith(QUARANTINE))
        try:
            message = json.loads(data)
            passes = count(message["headers"].get("x-quarantine"))
            message = given_back(
                message,
                delivered=delivered,
                quarantined=is_failure,
                error=error or "",
                stalled_runs=stalled_runs,
            )
            priority = kombu_internals.message_priority(self.channel, message)
            restored = json.dumps(message)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.dead_letter(tag, "malformed")
            return
        if queue == UNKNOWN:
            self.dead_letter(tag, "malformed: the lease names no queue")
        elif is_failure and queue.endswith(QUARANTINE) and passes >= self.channel.quarantine_passes:
            self.dead_letter(tag, f"failed {several(passes, 'time')} in quarantine: {error}")
        else:
            if error is not None:
                queue = queue.removesuffix(QUARANTINE).removesuffix(BULK) + QUARANTINE
            last = leftmost or error is not None or stalled_runs is not None
            key = kombu_internals.queue_key(self.channel, queue, priority)
            self._move(tag, key, restored, "LPUSH" if last else "RPUSH")

    def dead_letter(self, tag: str | bytes, reason: str) -> None:
        """Move a message that a worker holds to the dead list of its queue, with the reason.

        The dead list keeps messages that can't be processed. `tag` is the delivery tag, which names
        the message. If the message is no longer held by a worker, nothing happens. If several
        workers try to move the same message at once, only the one that succeeds logs it.
        """
        lease = self._read_lease(tag)
        if lease is None:
            return
        message, queue = unpack_lease(lease)
        head = {"reason": reason, "queue": queue, "at": time()}
        entry = json.dumps(head).encode() + b"\n" + message
        if self._move(tag, f"{queue}.dead", entry, "LPUSH"):
            log.warning("message.dead queue=%s reason=%s tag=%s", queue, reason, text(tag))

    def _release(self, delivery_tag: str) -> None:
        self._started.discard(delivery_tag)
        self.release_credit(delivery_tag)

    def _read_lease(self, tag: str | bytes) -> bytes | None:
        with self.channel.conn_or_acquire() as client:
            lease = client.hget(self.unacked_key, tag)
        if lease is None:
            return None
        return lease if isinstance(lease, bytes) else lease.encode("utf-8", "surrogateescape")

    def _move(self, tag: str | bytes, key: str, message: str | bytes, command: str) -> bool:
        """Move a message from its lease to the list `key`, by the command LPUSH or RPUSH.

        Returns whether this call moved it; False if another worker did. If the broker refuses, the
        message gets a new lease, and `sweep` puts it back when that has expired.
        """
        keys = [*self._index_keys(), key]
        try:
            return bool(self.channel.eval(lua_scripts.MOVE, keys, [tag, message, command]))
        except ResponseError as e:
            log.warning("move.refused tag=%s to=%s error=%s", text(tag), key, e)
            self._renew(tag)
            return False

    def _renew(self, tag: str | bytes) -> None:
        with suppress(ResponseError):
            self.channel.eval(lua_scripts.RENEW, [self.unacked_index_key], [tag])

    def _index_keys(self) -> list[str]:
        return [self.unacked_index_key, self.unacked_key]
