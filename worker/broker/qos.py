"""What a worker holds of the broker's messages: leases, acks, and where a message goes back to."""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from threading import Event, Lock
from time import monotonic, time
from typing import Any

from kombu.transport import redis as stock
from kombu.transport import virtual
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisError, ResponseError

from worker.broker import QUARANTINE, REPLAY, UNKNOWN, lua_scripts
from worker.broker.lua_scripts import members
from worker.broker.messages import count, given_back, text

log = logging.getLogger("worker.broker")

_SWEPT_AT_ONCE = 500  # expired leases restored by one sweep


# Names of queues as they may stand in a lease. Another application's queue may be among them.
_QUEUE = re.compile(r"[\w.:@-]{1,200}", re.ASCII)


def _unpacked(leased: bytes) -> tuple[bytes, str]:
    """A leased message byte for byte, and its queue; UNKNOWN, and all that is there, for what is
    no lease. Ours are written around the bytes as they came, kombu's as one JSON text."""
    message, _, rest = leased.rpartition(b',"","')
    if message.startswith(b"[") and rest.endswith(b'"]'):
        message, queue = message[1:], text(rest[:-2])
    else:
        try:
            whole, _, queue = json.loads(leased)
            message = json.dumps(whole).encode()
        except (ValueError, TypeError, RecursionError):
            return leased, UNKNOWN
    known = isinstance(queue, str) and _QUEUE.fullmatch(queue)
    return (message, queue) if known else (leased, UNKNOWN)


class DeferredAcks:
    """Tags of messages that are acked or given back later: that is safe, the tag is the fence."""

    added = Event()  # to one or the other

    def __init__(self) -> None:
        self._tags: set[str] = set()
        self._lock = Lock()

    def add(self, *tags: str) -> None:
        with self._lock:
            self._tags.update(tags)
        self.added.set()

    def tags(self) -> list[str]:
        with self._lock:
            return sorted(self._tags)

    def sent(self, tags: Iterable[str]) -> None:
        with self._lock:
            self._tags.difference_update(tags)


late_acks = DeferredAcks()
late_returns = DeferredAcks()


class QoS(stock.QoS):
    """What is delivered and not yet acked, under leases of the broker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._born = monotonic()
        self._detours: dict[str, str] = {}  # delivery tag -> what went wrong
        self._blames: dict[
            str, Mapping[int, str]
        ] = {}  # delivery tag -> place in its group -> reason

    def append(self, message: Any, delivery_tag: str) -> None:
        if ":" not in delivery_tag:  # not claimed by us: basic_get, or a message being refused
            super().append(message, delivery_tag)
            return
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Never raises, and gives the prefetch credit back whatever happens: a worker without
        credit sends no command, so it would never notice that the broker is back."""
        try:
            self.channel.eval(lua_scripts.ACK, self._index_keys(), members([delivery_tag]))
        except (RedisError, OSError, AttributeError) as e:  # AttributeError: torn-down channel
            log.warning("ack.deferred tag=%s error=%s", delivery_tag, e)
            late_acks.add(delivery_tag)
        virtual.QoS.ack(self, delivery_tag)

    def detour(self, delivery_tag: str, error: str) -> None:
        """On reject, send this delivery to the quarantine lane, whatever `requeue` says; or to the
        dead list, if it failed there too often."""
        self._detours[delivery_tag] = error

    def blame(self, delivery_tag: str, reasons: Mapping[int, str]) -> None:
        """On reject, move the messages at these places of the group to the dead list with their
        reasons, and ack the others."""
        self._blames[delivery_tag] = reasons

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Put every message back on its queue, into the quarantine lane or on the dead list; ack
        those of a group that `blame` did not name."""
        failed = self._detours.pop(delivery_tag, None)
        tags = members([delivery_tag])
        reasons = self._blames.pop(delivery_tag, dict.fromkeys(range(len(tags)), "rejected"))
        done = []
        try:
            for place, tag in enumerate(tags):
                if requeue or failed is not None:
                    self.restore_by_tag(tag, failed=failed)
                elif place in reasons:
                    self.bury(tag, reasons[place])
                else:
                    done.append(tag)
            if done:
                self.channel.eval(lua_scripts.ACK, self._index_keys(), done)
        except AttributeError as e:
            raise NotConnected("channel is closed") from e
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """Put back what a vanished worker held. A channel younger than a lease stays quiet: after
        a broker restart every worker first gets the chance to renew what it still works on."""
        if monotonic() - self._born < self.visibility_timeout:
            return
        try:
            tags = self.channel.eval(
                lua_scripts.EXPIRED, self._index_keys(), [self.visibility_timeout, _SWEPT_AT_ONCE]
            )
            for tag in tags:
                self.restore_by_tag(text(tag), delivered=True)
        except ResponseError as e:
            log.warning("sweep.refused error=%s", e)

    def restore_unacked(self, client: Any = None) -> list[Any]:
        """Called when the channel closes. What still runs keeps its lease and acks by its tag."""
        from worker.broker.leases import running  # Celery's state, only there inside a worker

        self._flush()
        busy = running()
        try:
            for tag in [tag for tag in self._delivered if tag not in busy]:
                for single in members([tag]):
                    self.restore_by_tag(single)
        except (RedisError, OSError, AttributeError) as e:
            log.warning("restore.skipped error=%s; leases will expire by themselves", e)
        self._delivered.clear()
        return []

    def restore_by_tag(
        self,
        tag: str,
        client: Any = None,
        leftmost: bool = False,
        *,
        delivered: bool = False,
        failed: str | None = None,
    ) -> None:
        """Put a message back at the front of its queue. With `failed`, put it at the end of the
        quarantine lane, or on the dead list after `quarantine_passes` failures there."""
        leased = self._leased(tag)
        if leased is None:
            return
        try:
            data, queue = _unpacked(leased)
            message = json.loads(data)
            passes = count(message["headers"].get("x-quarantine"))
            message = given_back(
                message, delivered=delivered, quarantined=failed is not None, error=failed or ""
            )
            priority = self.channel._get_message_priority(message, reverse=False)
            waiting = json.dumps(message)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.bury(tag, "malformed")
            return
        if queue == UNKNOWN:
            self.bury(tag, "malformed: the lease names no queue")
            return
        if failed is not None:
            if queue.endswith(QUARANTINE) and passes >= self.channel.quarantine_passes:
                self.bury(tag, f"failed {passes} times in quarantine: {failed}")
                return
            queue = queue.removesuffix(QUARANTINE).removesuffix(REPLAY) + QUARANTINE
            leftmost = True
        to = self.channel._q_for_pri(queue, priority)
        self._move(tag, to, waiting, "LPUSH" if leftmost else "RPUSH")

    def bury(self, tag: str, reason: str) -> None:
        """To the dead list: a line that says why, then the message as it was."""
        leased = self._leased(tag)
        if leased is None:
            return
        message, queue = _unpacked(leased)
        why = {"reason": reason, "queue": queue, "at": time()}
        log.warning("message.dead queue=%s reason=%s tag=%s", queue, reason, tag)
        self._move(tag, f"{queue}.dead", json.dumps(why).encode() + b"\n" + message, "LPUSH")

    def _leased(self, tag: str) -> bytes | None:
        with self.channel.conn_or_acquire() as client:
            found = client.hget(self.unacked_key, tag)
        if found is None:
            return None
        return found if isinstance(found, bytes) else found.encode("utf-8", "surrogateescape")

    def _move(self, tag: str, to: str, message: str | bytes, side: str) -> None:
        """What the broker refuses stays leased, and is tried again when the lease is over."""
        try:
            self.channel.eval(lua_scripts.MOVE, [*self._index_keys(), to], [tag, message, side])
        except ResponseError as e:
            log.warning("move.refused tag=%s to=%s error=%s", tag, to, e)

    def _index_keys(self) -> list[str]:
        return [self.unacked_index_key, self.unacked_key]
