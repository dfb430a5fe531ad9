"""kombu's Redis transport, with delivery that loses nothing. Same keys and formats as stock.

What is different: a message goes from waiting to leased in one script (stock pops it first and
writes it down later); leases carry the server's time under a fencing tag; an ack that fails is
kept and sent again; what can't be delivered moves to `<queue>.dead`; small messages of one task
are handed to the worker as one execution. The scripts and the key layout stand in lua/.
"""

import json
import logging
import uuid
from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import redis as stock
from kombu.transport import virtual
from redis.exceptions import RedisError, ResponseError

from worker.broker import lua_scripts
from worker.broker.circuit_breaker import gate
from worker.broker.lua_scripts import members
from worker.broker.messages import ClaimedMessage, InvalidMessage, for_celery, read, text
from worker.broker.qos import QoS

log = logging.getLogger("worker.broker")

_WARN_EVERY_S = 30.0
_ANSWERS = ".reply.celery.pidbox"  # ends the queue of who waits for answers to a command


class Channel(stock.Channel):
    """Claims, waits, and hands what it claimed to the worker."""

    QoS = QoS

    coalesce_messages = 1  # messages: at most so many small ones run as one
    coalesce_bytes = 262_144  # bytes: at most so many of them together
    quarantine_passes = 3  # failures in the quarantine lane, then a message is dead
    journal = ""  # key of the stream that takes the receipts of what is pushed, "" for none
    # A peek blocks on one list; the others are looked at this often, in seconds.
    idle_poll = 0.25
    from_transport_options = (
        *stock.Channel.from_transport_options,
        *("coalesce_messages", "coalesce_bytes", "quarantine_passes", "journal"),
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
        self.eval(lua_scripts.PUSH, [waiting, self.journal], arguments)

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
        limits = [self._fence, self.coalesce_messages, self.coalesce_bytes]
        names = [queue for queue, _ in waiting]
        return ["EVAL", lua_scripts.CLAIM, len(keys), *(prefix + k for k in keys), *limits, *names]

    def _brpop_read(self, **options: Any) -> bool:
        asked, self._asked = self._asked, "claim"
        try:
            reply = self._reply(asked, options)
            if asked != "claim" or not reply:
                self._asked = "wait" if asked == "claim" and self._asked == "claim" else self._asked
                raise Empty
            queue = text(reply[0])
            self._queue_cycle.rotate(queue)
            if queue.endswith(_ANSWERS):
                self._pass_on(queue, reply[1:])
            else:
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

    def _pass_on(self, queue: str, bodies: list[bytes]) -> None:
        """Deliver answers to control commands as they are, to the client that asked for them."""
        tags = [f"{self._fence}:{place}" for place in range(len(bodies))]
        self.eval(lua_scripts.ACK, [self.unacked_index_key, self.unacked_key], tags)
        for tag, body in zip(tags, bodies, strict=True):
            try:
                message = json.loads(body)
                message["properties"]["delivery_tag"] = tag
                self.connection._deliver(message, queue)
            except (RedisError, OSError):
                raise
            except Exception as e:  # noqa: BLE001 - no answer of a worker
                log.warning("control.ignored error=%r", e)

    def _take(self, queue: str, bodies: list[bytes]) -> None:
        """Deliver the claimed messages: the small ones as one group, the others one by one."""
        singles: list[tuple[str, ClaimedMessage]] = []
        together: list[tuple[str, ClaimedMessage]] = []
        for place, body in enumerate(bodies):
            tag = f"{self._fence}:{place}"
            try:
                message = read(body)
            except InvalidMessage as e:
                self.qos.bury(tag, str(e))
                continue
            (singles if message.stands_alone else together).append((tag, message))
        for each in singles:
            self._hand_over([each], queue)
        if together:
            self._hand_over(together, queue)

    def _hand_over(self, claimed: list[tuple[str, ClaimedMessage]], queue: str) -> None:
        tag = lua_scripts.group_tag([tag for tag, _ in claimed])
        try:
            self.connection._deliver(for_celery([m for _, m in claimed], tag, queue), queue)
        except (RedisError, OSError):
            raise
        except Exception as e:  # noqa: BLE001 - any error here must cost one message only
            # kombu counts KeyError among connection errors: one bad message would reconnect for
            # ever. Whatever it is, this message is at fault, and is kept on the dead list.
            log.warning("message.undeliverable tag=%s error=%r", tag, e)
            for single, _ in claimed:
                self.qos.bury(single, f"undeliverable: {type(e).__name__}")
            # Else the credit it was delivered on is gone, and a worker without credit stands still.
            virtual.QoS.ack(self.qos, tag)

    def _receive_one(self, c: Any) -> Any:
        try:
            return super()._receive_one(c)
        except RecursionError as e:  # the JSON is nested too deep for the parser
            log.warning("control.ignored error=%r", e)
            raise Empty from e

    def _deliver_fanout_message(self, message: Any, exchange: str) -> bool:
        """Log and ignore control commands that are malformed: any client of the broker can publish
        one, and it must not end the worker."""
        try:
            return bool(super()._deliver_fanout_message(message, exchange))
        except (RedisError, OSError):
            raise
        except Exception as e:  # noqa: BLE001 - whatever somebody published
            log.warning("control.ignored error=%r", e)
            return True

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
