"""kombu's Redis transport, changed so that no delivery is lost. It uses the same keys and formats.

The differences: one script moves a message from its queue to a lease (kombu pops it first and
records it later); a lease carries the server's time and a fencing token; an ack that fails is
repeated later; an undeliverable message moves to `<queue>.dead`; small messages of one task are
handed to the worker as one. The folder lua/ holds the scripts and documents the keys.
"""

import json
import logging
import uuid
from collections.abc import Callable
from queue import Empty
from time import monotonic
from typing import Any

from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from worker.broker import kombu_internals, lua_scripts
from worker.broker.broker_outage import CLAIM, WAIT, broker_outage
from worker.broker.circuit_breaker import circuit_breaker
from worker.broker.kombu_internals import KombuTransport, RedisChannel
from worker.broker.lua_scripts import message_tag, split_group_tags
from worker.broker.messages import ClaimedMessage, InvalidMessage, for_celery, read, text
from worker.broker.qos import QoS

log = logging.getLogger("worker.broker")

_REPLY_QUEUE = ".reply.celery.pidbox"  # suffix of queues with replies to remote control commands

# The commands of the consuming connection, by what they do.
_COMMANDS = {"claim": "EVAL", "wait": "BLMOVE", "rest": "BRPOP", "read-only": "XREAD"}
_REST_S = 0.5


class Channel(RedisChannel):
    """A connection's view of the queues: claims messages, waits for new ones, and delivers them.

    It extends kombu's Redis channel. Small messages that one claim returns are delivered as a
    group.
    """

    QoS = QoS

    coalesce_messages = 1  # messages: at most so many small ones run as one
    coalesce_bytes = 262_144  # bytes: at most so many of them together
    quarantine_passes = 3  # failures in the quarantine queue, then a message is dead
    journal = ""  # key of the stream that takes the receipts of pushed messages, "" for none
    # A wait blocks on one list; the other lists are looked at this often, in seconds.
    idle_poll = 0.25
    from_transport_options = (
        *RedisChannel.from_transport_options,
        *("coalesce_messages", "coalesce_bytes", "quarantine_passes", "journal"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next = "claim"  # a key of _COMMANDS
        self._token = ""  # the fencing token of the last claim
        self._silent_until = 0.0
        super().__init__(*args, **kwargs)

    def eval(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        """Run a Lua script in the broker, in one command. Returns the script's reply.

        Each key gets the configured prefix. The scripts of this package are safe to repeat.
        """
        prefixed = [self.global_keyprefix + key for key in keys]
        with self.conn_or_acquire() as client:
            return client.execute_command("EVAL", script, len(prefixed), *prefixed, *arguments)

    def push_message(self, queue: str, message: dict[str, Any], **options: Any) -> None:
        """Push a message. If its properties hold `receipts`, also write them to the journal.

        Both are done in one step, and the pushed message does not contain the receipts.
        """
        properties = dict(message["properties"])  # a copy: kombu tries again with the same one
        receipts = properties.pop("receipts", None)
        message = {**message, "properties": properties}
        if receipts is None or not self.journal:
            super().push_message(queue, message, **options)
            return
        priority = kombu_internals.message_priority(self, message)
        key = kombu_internals.queue_key(self, queue, priority)
        arguments = [json.dumps(message), message["headers"]["id"], json.dumps(receipts)]
        self.push_with_receipts([key, self.journal], arguments)

    def write_bindings(self, write: Callable[[], None]) -> None:
        """Write or delete the binding of a queue, unless the broker refuses it.

        This package pushes to lists and needs no bindings. A broker that is full or read-only would
        otherwise end each worker at its start, and nothing would be drained.
        """
        try:
            write()
        except ResponseError as e:
            log.debug("binding.refused error=%s", e)

    def push_with_receipts(self, keys: list[str], arguments: list[str]) -> None:
        """Run lua/push.lua, which puts a message on its queue and its receipts into the journal."""
        self.eval(lua_scripts.PUSH, keys, arguments)

    def poll_command(self, queues: list[tuple[str, str]]) -> list[Any] | None:
        """The next command on the consuming connection: claim messages, wait for one, or pause.

        It pauses while the circuit breaker is open, and after the broker refused a command. None,
        so that no command is sent, when the broker refuses even that.
        """
        if monotonic() < self._silent_until:
            return None
        prefix = self.global_keyprefix
        first = prefix + queues[0][1]
        if circuit_breaker.paused_for and self._next == "claim":
            self._next = "rest"
        if self._next == "wait":
            # Moves the last message to where it is already: waits for one, and removes nothing.
            return ["BLMOVE", first, first, "RIGHT", "RIGHT", self.idle_poll]
        if self._next == "rest":
            # Out of memory the broker refuses BLMOVE; BRPOP on a key that never exists is a pause.
            return ["BRPOP", f"{first}.never", _REST_S]
        if self._next == "read-only":
            # A replica refuses BRPOP too, and this command only reads.
            return ["XREAD", "BLOCK", int(_REST_S * 1000), "STREAMS", f"{first}.never", "$"]
        self._token = uuid.uuid4().hex
        keys = [self.unacked_key, self.unacked_index_key, *(key for _, key in queues)]
        limits = [self._token, self.coalesce_messages, self.coalesce_bytes]
        names = [queue for queue, _ in queues]
        return ["EVAL", lua_scripts.CLAIM, len(keys), *(prefix + k for k in keys), *limits, *names]

    def read_poll_reply(self, **options: Any) -> bool:
        """Read the reply to the last `poll_command`, and deliver the messages that it claimed.

        Returns True. Raises Empty when no message was claimed.
        """
        sent, self._next = self._next, "claim"
        reply = self._read_reply(sent, options)
        if sent != "claim" or not reply:
            if sent == "claim" and self._next == "claim":
                self._next = "wait"
            raise Empty
        queue = text(reply[0])
        self.prefer_other_queues(queue)
        if queue.endswith(_REPLY_QUEUE):
            self._deliver_control_replies(queue, reply[1:])
        else:
            self._deliver_claimed(queue, reply[1:])
        return True

    def _read_reply(self, sent: str, options: dict[str, Any]) -> Any:
        try:
            reply = self.client.parse_response(self.client.connection, _COMMANDS[sent], **options)
        except ResponseError as e:  # OutOfMemory, LOADING, BUSY, READONLY: pause, then continue
            broker_outage.begin(CLAIM if sent == "claim" else WAIT, e)
            self._next = "read-only" if isinstance(e, ReadOnlyError) else "rest"
            if sent in ("rest", "read-only"):  # refused at once: no command makes a pause
                self._silent_until = monotonic() + _REST_S
                self._next = "claim"
            return None
        except self.connection_errors:
            self.client.connection.disconnect()
            raise
        if sent == "wait":  # a broker that takes this refuses nothing
            broker_outage.end(CLAIM)
            broker_outage.end(WAIT)
        return reply

    def _deliver_control_replies(self, queue: str, bodies: list[bytes]) -> None:
        """Ack replies to a remote control command, and deliver them to the client that sent it."""
        tags = [message_tag(self._token, index) for index in range(len(bodies))]
        self.eval(lua_scripts.ACK, [self.unacked_index_key, self.unacked_key], tags)
        for tag, body in zip(tags, bodies, strict=True):
            try:
                message = json.loads(body)
                message["properties"]["delivery_tag"] = tag
                kombu_internals.deliver(self, message, queue)
            except (RedisError, OSError):
                raise
            except Exception as e:  # noqa: BLE001 - not a worker's reply
                log.warning("control.ignored error=%r", e)

    def _deliver_claimed(self, queue: str, bodies: list[bytes]) -> None:
        """Deliver the messages of one claim: the small ones as one group, the others one by one.

        A message that can't be read goes to the dead list.
        """
        singles: list[tuple[str, ClaimedMessage]] = []
        group: list[tuple[str, ClaimedMessage]] = []
        for index, body in enumerate(bodies):
            tag = message_tag(self._token, index)
            try:
                message = read(body)
            except InvalidMessage as e:
                self.qos.dead_letter(tag, str(e))
                continue
            (singles if message.stands_alone else group).append((tag, message))
        for single in singles:
            self._hand_over([single], queue)
        if group:
            self._hand_over(group, queue)

    def _hand_over(self, claimed: list[tuple[str, ClaimedMessage]], queue: str) -> None:
        tag = lua_scripts.group_tag([tag for tag, _ in claimed])
        try:
            message = for_celery([message for _, message in claimed], tag, queue)
            kombu_internals.deliver(self, message, queue)
        except (RedisError, OSError):
            raise
        except Exception as e:  # noqa: BLE001 - any error here must cost one message only
            # kombu counts KeyError among connection errors: one bad message would reconnect
            # forever. Whatever was raised, the message caused it: it is kept on the dead list.
            log.warning("message.undeliverable tag=%s error=%r", tag, e)
            for single_tag, _ in claimed:
                self.qos.dead_letter(single_tag, f"undeliverable: {type(e).__name__}")
            # Or its prefetch credit is lost, and a worker without credit stands still.
            self.qos.release_credit(tag)

    def receive_broadcast(self, client: Any) -> Any:
        """Receive a remote control command as kombu does.

        One with JSON nested too deep is ignored.
        """
        try:
            return super().receive_broadcast(client)
        except RecursionError as e:
            log.warning("control.ignored error=%r", e)
            raise Empty from e

    def deliver_broadcast(self, message: Any, exchange: str) -> bool:
        """Deliver a remote control command as kombu does, but log and ignore a malformed one.

        Any client of the broker can publish one, and it must not end the worker.
        """
        try:
            return super().deliver_broadcast(message, exchange)
        except (RedisError, OSError):
            raise
        except Exception as e:  # noqa: BLE001 - whatever was published
            log.warning("control.ignored error=%r", e)
            return True

    def restore_message(self, message: Any, *, leftmost: bool) -> None:
        """Put a delivered message back on its queue: at the front, or at the end if `leftmost`.

        Each message of a group is put back by itself.
        """
        for tag in split_group_tags([message.delivery_tag]):
            self.qos.restore_by_tag(tag, leftmost=leftmost)


class Transport(KombuTransport):
    """This package's transport for redis:// and rediss:// broker addresses."""

    Channel = Channel
