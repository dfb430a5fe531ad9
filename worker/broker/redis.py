"""kombu's Redis transport, with delivery that loses nothing. Same keys and formats as stock.

What is different: a message goes from waiting to leased in one script (stock pops it first and
writes it down later); leases carry the server's time under a fencing tag; an ack that fails is
kept and sent again; what can't be delivered moves to `<queue>.dead`; small messages of one task
are handed to the worker as one execution. The scripts and the key layout stand in lua/.
"""

import json
import logging
import uuid
from collections.abc import Iterable
from itertools import chain
from queue import Empty
from threading import Lock
from time import monotonic, time
from typing import Any

from kombu.transport import redis as stock
from kombu.transport import virtual
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisError, ResponseError

from worker.broker import QUARANTINE, REPLAY, scripts
from worker.broker.gate import gate
from worker.broker.scripts import members

log = logging.getLogger("worker.broker")

_SWEPT_AT_ONCE = 500  # expired leases restored by one sweep
_WARN_EVERY_S = 30.0


class LateAcks:
    """Acks that could not be sent. They are safe to send later: the tag is the fence."""

    def __init__(self) -> None:
        self._tags: set[str] = set()
        self._lock = Lock()

    def add(self, tag: str) -> None:
        with self._lock:
            self._tags.add(tag)

    def tags(self) -> list[str]:
        with self._lock:
            return sorted(self._tags)

    def sent(self, tags: Iterable[str]) -> None:
        with self._lock:
            self._tags.difference_update(tags)


late_acks = LateAcks()


class QoS(stock.QoS):
    """What is delivered and not yet acked, under leases of the broker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._born = monotonic()
        self._detours: set[str] = set()

    def append(self, message: Any, delivery_tag: str) -> None:
        if ":" not in delivery_tag:  # not claimed by us: basic_get, or a message being refused
            super().append(message, delivery_tag)
            return
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Never raises, and gives the prefetch credit back whatever happens: a worker without
        credit sends no command, so it would never notice that the broker is back."""
        try:
            self.channel.eval(scripts.ACK, self._index_keys(), members([delivery_tag]))
        except (RedisError, OSError, AttributeError) as e:  # AttributeError: torn-down channel
            log.warning("ack.deferred tag=%s error=%s", delivery_tag, e)
            late_acks.add(delivery_tag)
        virtual.QoS.ack(self, delivery_tag)

    def detour(self, delivery_tag: str) -> None:
        """When this one is requeued, it goes to the quarantine lane instead of its queue."""
        self._detours.add(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Back to the queue, to the quarantine lane, or to the dead list: nothing is dropped."""
        quarantine = delivery_tag in self._detours
        self._detours.discard(delivery_tag)
        try:
            for tag in members([delivery_tag]):
                if requeue or quarantine:
                    self.restore_by_tag(tag, quarantine=quarantine)
                else:
                    self.bury(tag, "rejected")
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
                scripts.EXPIRED, self._index_keys()[:1], [self.visibility_timeout, _SWEPT_AT_ONCE]
            )
            for tag in tags:
                self.restore_by_tag(_text(tag), delivered=True)
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
        quarantine: bool = False,
    ) -> None:
        """Back to the front of its queue, or to the end of the quarantine lane, marked."""
        leased = self._leased(tag)
        if leased is None:
            return
        try:
            message, _, queue = json.loads(leased)
            headers = message["headers"]
            headers["redelivered"] = True
            if delivered:
                headers["x-delivery-count"] = int(headers.get("x-delivery-count") or 0) + 1
            if quarantine:
                headers["x-quarantine"] = True
                live = queue.removesuffix(QUARANTINE).removesuffix(REPLAY)
                queue, leftmost = live + QUARANTINE, True
            message["properties"]["delivery_info"]["redelivered"] = True
            priority = self.channel._get_message_priority(message, reverse=False)
        except (ValueError, TypeError, KeyError):
            self.bury(tag, "malformed")
            return
        waiting = self.channel._q_for_pri(queue, priority)
        self._move(tag, waiting, json.dumps(message), "LPUSH" if leftmost else "RPUSH")

    def bury(self, tag: str, reason: str) -> None:
        """To the dead list: a line that says why, then the message as it was."""
        leased = self._leased(tag)
        if leased is None:
            return
        head, _, tail = leased.rpartition(b',"","')
        queue = _text(tail[:-2]) if head else "unknown"
        why = {"reason": reason, "queue": queue, "at": time()}
        log.warning("message.dead queue=%s reason=%s tag=%s", queue, reason, tag)
        self._move(tag, f"{queue}.dead", json.dumps(why).encode() + b"\n" + head[1:], "LPUSH")

    def _leased(self, tag: str) -> bytes | None:
        with self.channel.conn_or_acquire() as client:
            found = client.hget(self.unacked_key, tag)
        if found is None:
            return None
        return found if isinstance(found, bytes) else found.encode("utf-8", "surrogateescape")

    def _move(self, tag: str, to: str, message: str | bytes, side: str) -> None:
        self.channel.eval(scripts.MOVE, [*self._index_keys(), to], [tag, message, side])

    def _index_keys(self) -> list[str]:
        return [self.unacked_index_key, self.unacked_key]


class Channel(stock.Channel):
    """Claims, waits, and hands what it claimed to the worker."""

    QoS = QoS

    coalesce: dict[str, str] = {}  # task name -> name of the task that takes a group of them
    coalesce_messages = 50
    coalesce_bytes = 262_144
    journal = ""  # key of the stream that takes the receipts of what is pushed, "" for none
    # A peek blocks on one list; the others are looked at this often, in seconds.
    idle_poll = 0.25
    from_transport_options = (
        *stock.Channel.from_transport_options,
        *("coalesce", "coalesce_messages", "coalesce_bytes", "journal"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._asked = "claim"
        self._fence = ""
        self._warned = 0.0
        super().__init__(*args, **kwargs)

    def eval(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script on prefixed keys. One command, safe to repeat."""
        named = [self.global_keyprefix + key for key in keys]
        with self.conn_or_acquire() as client:
            return client.execute_command("EVAL", script, len(named), *named, *arguments)

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        """A message whose properties hold `receipts` is pushed and journalled in one step."""
        properties = dict(message["properties"])  # a copy: kombu tries again with the same one
        receipts = properties.pop("receipts", None)
        message = {**message, "properties": properties}
        if receipts is None or not self.journal:
            super()._put(queue, message, **kwargs)
            return
        waiting = self._q_for_pri(queue, self._get_message_priority(message, reverse=False))
        arguments = [json.dumps(message), message["headers"]["id"], json.dumps(receipts)]
        self.eval(scripts.PUSH, [waiting, self.journal], arguments)

    def _brpop_start(self, timeout: float | None = None) -> None:
        """Send the next command of the consuming connection; `_brpop_read` takes the reply."""
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        waiting = [(q, self._q_for_pri(q, pri)) for pri in self.priority_steps for q in queues]
        self._in_poll = connection = self.client.connection
        self._brpop_sent_at = monotonic()
        connection.send_command(*self._command(waiting))

    def _command(self, waiting: list[tuple[str, str]]) -> list[Any]:
        prefix = self.global_keyprefix
        first = prefix + waiting[0][1]
        if gate.closed_for and self._asked == "claim":
            self._asked = "rest"
        if self._asked == "wait":
            # Moves the last message onto its own place: waits for one, and removes nothing.
            return ["BLMOVE", first, first, "RIGHT", "RIGHT", self.idle_poll]
        if self._asked == "rest":
            # Out of memory the broker refuses BLMOVE; BRPOP on a key that never exists is a pause.
            return ["BRPOP", f"{first}.never", 0.5]
        self._fence = uuid.uuid4().hex
        keys = [self.unacked_key, self.unacked_index_key, *(key for _, key in waiting)]
        limits = [self._fence, self._most(), self.coalesce_bytes]
        names = [queue for queue, _ in waiting]
        return ["EVAL", scripts.CLAIM, len(keys), *(prefix + k for k in keys), *limits, *names]

    def _most(self) -> int:
        return self.coalesce_messages if self.coalesce else 1

    def _brpop_read(self, **options: Any) -> bool:
        asked, self._asked = self._asked, "claim"
        try:
            reply = self._reply(asked, options)
            if asked != "claim" or not reply:
                self._asked = "wait" if asked == "claim" and self._asked == "claim" else self._asked
                raise Empty
            queue = _text(reply[0])
            self._queue_cycle.rotate(queue)
            self._take(queue, reply[1:])
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _reply(self, asked: str, options: dict[str, Any]) -> Any:
        command = {"claim": "EVAL", "wait": "BLMOVE", "rest": "BRPOP"}[asked]
        try:
            return self.client.parse_response(self.client.connection, command, **options)
        except ResponseError as e:  # OutOfMemory, LOADING, BUSY, READONLY: pause, then go on
            if monotonic() - self._warned > _WARN_EVERY_S:
                log.warning("broker.refused command=%s error=%s", command, e)
                self._warned = monotonic()
            self._asked = "rest"
            return None
        except self.connection_errors:
            self.client.connection.disconnect()
            raise

    def _take(self, queue: str, bodies: list[bytes]) -> None:
        """Deliver what a claim brought, the small messages of one task as one."""
        singles: list[dict[str, Any]] = []
        groups: dict[str, list[dict[str, Any]]] = {}
        for place, body in enumerate(bodies):
            tag = f"{self._fence}:{place}"
            message = _parsed(body)
            if message is None:
                self.qos.bury(tag, "malformed")
                continue
            message["properties"]["delivery_tag"] = tag
            group = self.coalesce.get(message["headers"]["task"])
            if group and not _stands_alone(message["headers"]):
                groups.setdefault(group, []).append(message)
            else:
                singles.append(message)
        grouped = [m[0] if len(m) == 1 else _group(task, m) for task, m in groups.items()]
        for message in chain(singles, grouped):
            self._hand_over(message, queue)

    def _hand_over(self, message: dict[str, Any], queue: str) -> None:
        tag = message["properties"]["delivery_tag"]
        try:
            self.connection._deliver(message, queue)
        except (RedisError, OSError):
            raise
        except Exception as e:  # noqa: BLE001 - any error here must cost one message only
            # kombu counts KeyError among connection errors: one bad message would reconnect for
            # ever. Whatever it is, this message is at fault, and is kept on the dead list.
            log.warning("message.undeliverable tag=%s error=%r", tag, e)
            for single in members([tag]):
                self.qos.bury(single, f"undeliverable: {type(e).__name__}")
            # Else the credit it was delivered on is gone, and a worker without credit stands still.
            virtual.QoS.ack(self.qos, tag)

    def _restore(self, message: Any, leftmost: bool = False) -> None:
        for tag in members([message.delivery_tag]):
            self.qos.restore_by_tag(tag, leftmost=leftmost)


class Transport(stock.Transport):
    Channel = Channel


class SentinelChannel(stock.SentinelChannel, Channel):
    QoS = QoS
    from_transport_options = tuple(
        dict.fromkeys(stock.SentinelChannel.from_transport_options + Channel.from_transport_options)
    )


class SentinelTransport(Transport):
    Channel = SentinelChannel
    default_port = 26379


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _parsed(body: bytes) -> dict[str, Any] | None:
    """A message of task protocol 2, or None when it can't be one."""
    try:
        message = json.loads(body)
        headers, properties = message["headers"], message["properties"]
        if not isinstance(properties["delivery_info"], dict):
            return None
        named = isinstance(headers["task"], str) and isinstance(headers["id"], str)
        return message if named and isinstance(message["body"], str) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _stands_alone(headers: dict[str, Any]) -> bool:
    """What was given back before, or has a time of its own, never runs in a group."""
    return any(headers.get(name) for name in ("redelivered", "eta", "expires"))


def _group(task: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """One message that carries several, under a tag that stands for all of theirs."""
    tags = [m["properties"]["delivery_tag"] for m in messages]
    fence = tags[0].partition(":")[0]
    places = ",".join(tag.partition(":")[2] for tag in tags)
    carried = [
        [
            m["headers"]["id"],
            m.get("content-type"),
            m.get("content-encoding"),
            m["properties"].get("body_encoding"),
            m["body"],
        ]
        for m in messages
    ]
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    group_id = str(uuid.uuid4())
    first = messages[0]
    return {
        "body": json.dumps([[carried], {}, embed]),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {
            **first["headers"],
            "task": task,
            "id": group_id,
            "root_id": group_id,
            "parent_id": None,
            "argsrepr": f"[{len(messages)} messages]",
            "kwargsrepr": "{}",
        },
        "properties": {
            **first["properties"],
            "body_encoding": None,
            "correlation_id": group_id,
            "delivery_tag": f"{fence}:{places}",
        },
    }
