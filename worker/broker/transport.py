"""kombu's Redis transport, changed so that no message is lost. It uses the same keys and formats.

A script moves a message from its queue to a lease, the record that a worker has it, in one step;
kombu removes it first and records it later. An ack that fails is repeated. A message that can't be
processed moves to the list `<queue>.dead`. Several small messages of one task reach the worker as
one. The folder lua/ holds the scripts and documents the keys.

The module is as long as its class: kombu calls all these methods on one object for each connection,
and they share what was sent on it last.
"""

import json
import logging
import uuid
from collections.abc import Callable, Sequence
from queue import Empty
from time import monotonic
from typing import Any

from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from worker.broker import kombu_internals, lua_scripts
from worker.broker.broker_outage import CLAIM, WAIT, broker_outage
from worker.broker.built_messages import for_celery
from worker.broker.circuit_breaker import circuit_breaker
from worker.broker.claim_order import ClaimOrder
from worker.broker.known_pauses import KnownPauses
from worker.broker.kombu_internals import KombuTransport, RedisChannel
from worker.broker.lua_scripts import message_tag, split_group_tags
from worker.broker.messages import ClaimedMessage, InvalidMessage, read, text
from worker.broker.pauses import pauses_key
from worker.broker.qos import QoS

log = logging.getLogger("worker.broker")

_REPLY_QUEUE = ".pidbox"  # suffix of queues with replies to remote control commands
_REPLY_TTL_MS = 60_000  # then a reply is deleted that nobody read, because its client is gone

# The commands of the consuming connection, by what they do.
_COMMANDS = {
    "claim": "EVAL",
    "wait": "BLMOVE",
    "rest": "BRPOP",
    "read-only": "XREAD",
    "receive": "BRPOP",
}
_REST_S = 0.5


class Channel(RedisChannel):
    """kombu's Redis channel, changed: it takes messages from the queues without losing one.

    It sends the broker commands that claim messages or wait for new ones, and delivers the claimed
    messages to the worker. Small messages that were claimed together are delivered as one.
    """

    QoS = QoS

    coalesce_messages = 1  # messages: at most so many small ones run as one
    coalesce_bytes = 262_144  # bytes: at most so many of them together
    processes = 1  # that share the waiting messages
    quarantine_passes = 3  # failures in the quarantine queue, then a message is dead
    # Names of queues whose expired leases this worker restores; () for those of all queues.
    own_queues: Sequence[str] = ()
    background_sweeps = False  # whether a background loop restores expired leases
    journal = ""  # key of the stream that takes the receipts of pushed messages, "" for none
    # A wait blocks on one list; the other lists are looked at this often, in seconds.
    idle_poll = 0.25
    from_transport_options = (
        *RedisChannel.from_transport_options,
        *("coalesce_messages", "coalesce_bytes", "quarantine_passes", "journal"),
        *("own_queues", "background_sweeps", "processes"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next = "claim"  # a key of _COMMANDS
        self._token = ""  # the fencing token of the last claim
        self._order = ClaimOrder()
        self._silent_until = 0.0
        self._unleased: set[str] = set()  # queues whose consumer acks nothing
        super().__init__(*args, **kwargs)
        self._pauses = KnownPauses(self.own_queues[0] if self.own_queues else "")

    def basic_consume(self, queue: str, no_ack: bool = False, *args: Any, **options: Any) -> Any:
        """Start a consumer of a queue, as kombu does, and note whether its messages get leases.

        A lease is the broker's record that a worker has a message. With `no_ack`, which Celery sets
        for replies to remote control commands, messages get none, and are delivered unchanged.
        """
        (self._unleased.add if no_ack else self._unleased.discard)(queue)
        return super().basic_consume(queue, no_ack, *args, **options)

    def eval(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        """Run the text of a Lua script in the broker in one command, and return the script's reply.

        The prefix that the settings may put before all keys is added to `keys`. `arguments` are the
        other values that the script gets.
        """
        prefixed = [self.global_keyprefix + key for key in keys]
        with self.conn_or_acquire() as client:
            return client.execute_command("EVAL", script, len(prefixed), *prefixed, *arguments)

    def push_message(self, queue: str, message: dict[str, Any], **options: Any) -> None:
        """Push a message to a queue, and note in the broker which articles it brings, in one step.

        The note goes to the journal, a stream from which the store learns of each enqueued article.
        The ids of the articles are taken from the message's property `receipts`, if it has one.
        """
        properties = dict(message["properties"])  # a copy: kombu tries again with the same one
        receipts = properties.pop("receipts", None)
        message = {**message, "properties": properties}
        if queue.endswith(_REPLY_QUEUE):
            self._push_reply(queue, message)
            return
        if receipts is None or not self.journal:
            super().push_message(queue, message, **options)
            return
        priority = kombu_internals.message_priority(self, message)
        key = kombu_internals.queue_key(self, queue, priority)
        arguments = [json.dumps(message), message["headers"]["id"], json.dumps(receipts)]
        self.push_with_receipts([key, self.journal], arguments)

    def _push_reply(self, queue: str, message: dict[str, Any]) -> None:
        """Push a reply to a remote control command, with a time to live for its queue.

        The client may have ended before it could read the reply or delete the queue.
        """
        key = kombu_internals.queue_key(self, queue, 0)
        with self.conn_or_acquire() as client, client.pipeline() as pipeline:
            pipeline.lpush(key, json.dumps(message))
            pipeline.pexpire(key, _REPLY_TTL_MS)
            pipeline.execute()

    def write_bindings(self, write: Callable[[], None]) -> None:
        """Write or delete the binding of a queue; go on if the broker refuses the command.

        This package does not need bindings. A broker that is full or read-only refuses them, and a
        worker must start all the same, to empty the queue.
        """
        try:
            write()
        except ResponseError as e:
            log.debug("binding.refused error=%s", e)

    def push_with_receipts(self, keys: list[str], arguments: list[str]) -> None:
        """Put a message on its queue, and note the receipts (ids) of its articles in the broker's
        journal of sent articles, both in one step.

        `keys` and `arguments` are those of the Lua script that does it.
        """
        self.eval(lua_scripts.PUSH, keys, arguments)

    def poll_command(self, queues: list[tuple[str, str]]) -> list[Any] | None:
        """Return the next command to send to the broker: to claim messages, to wait for one after a
        claim found none, or to pause.

        `queues` are pairs of a queue and the key of one of its Redis lists. A pause is a command
        that waits and returns nothing. It is sent while the store or the index does not answer,
        and after the broker refused a command. Returns None, so that nothing is sent for a while,
        after the broker refused a pause, too.
        """
        if monotonic() < self._silent_until:
            return None
        prefix = self.global_keyprefix
        unleased = [prefix + key for queue, key in queues if queue in self._unleased]
        queues = [(queue, key) for queue, key in queues if queue not in self._unleased]
        if unleased and (self._next in ("wait", "receive") or not queues):
            self._next = "receive"
            return ["BRPOP", *unleased, self.idle_poll]
        queues = self._order.arrange(queues)
        awaited = self._order.list_to_wait_on(
            [(queue, key) for queue, key in queues if not self._pauses.is_paused(queue)]
        )
        first = prefix + (awaited or queues[0][1])
        may_rest = circuit_breaker.paused_for and self._next == "claim"
        if may_rest or (self._next == "wait" and not awaited):  # all lanes are paused
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
        return self._claim(queues)

    def _claim(self, queues: list[tuple[str, str]]) -> list[Any]:
        """The command that claims messages from the first of these lists that has any.

        `queues` are pairs of a queue and the key of one of its lists. Lanes that are paused are
        left out by the broker.
        """
        self._token = uuid.uuid4().hex
        own = self.own_queues[0] if self.own_queues else queues[0][0]
        keys = [self.unacked_key, self.unacked_index_key, pauses_key(own)]
        keys = [self.global_keyprefix + key for key in (*keys, *(key for _, key in queues))]
        limits = [
            *(self._token, self.coalesce_messages, self.coalesce_bytes, self._pauses.version),
            self.processes,
        ]
        return [
            "EVAL",
            lua_scripts.CLAIM,
            len(keys),
            *keys,
            *limits,
            *(queue for queue, _ in queues),
        ]

    def read_poll_reply(self, **options: Any) -> bool:
        """Read the broker's reply to the command that `poll_command` returned last, and deliver the
        messages in it to the worker.

        Returns True if there were messages, and raises Empty if there were none.
        """
        sent, self._next = self._next, "claim"
        reply = self._read_reply(sent, options)
        if sent == "claim" and reply:
            reply = self._note_pauses(reply)
        if sent not in ("claim", "receive") or not reply:
            if sent == "claim" and self._next == "claim":
                self._next = "wait"
            raise Empty
        if sent == "receive":
            self._deliver_unleased(*reply)
            return True
        queue = text(reply[0])
        self.prefer_other_queues(queue)
        self._order.note(queue)
        if queue in self.active_queues:
            self._deliver_claimed(queue, reply[1:])
        else:  # its consumer was cancelled after the claim was sent
            self._put_back(len(reply) - 1)
        return True

    def _note_pauses(self, reply: list[Any]) -> list[Any]:
        """Note which lanes and sources are paused, and return the queue and the messages claimed.

        Returns an empty list if none were.
        """
        queue, version, pauses, *messages = reply
        self._pauses.take(version, pauses)
        return [queue, *messages] if messages else []

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

    def _deliver_unleased(self, key: bytes | str, body: bytes) -> None:
        """Deliver a message of a queue without leases, unchanged; log and ignore a malformed one.

        `key` is the Redis list that the message was popped from, without the key prefix.
        """
        queue = text(key).partition(self.sep)[0]
        self.prefer_other_queues(queue)
        try:
            kombu_internals.deliver(self, json.loads(body), queue)
        except (RedisError, OSError):
            raise
        except Exception as e:  # noqa: BLE001 - not a worker's reply
            log.warning("control.ignored error=%r", e)

    def _put_back(self, count: int) -> None:
        """Put the `count` messages of the last claim back on their queue, in their order."""
        for index in reversed(range(count)):
            self.qos.restore_by_tag(message_tag(self._token, index))

    def _deliver_claimed(self, queue: str, bodies: list[bytes]) -> None:
        """Deliver the messages of one claim: the small ones as one group, the others one by one.

        A message that can't be read goes to the dead list.
        """
        singles: list[tuple[str, ClaimedMessage]] = []
        group: list[tuple[str, ClaimedMessage]] = []
        for index, body in enumerate(bodies):
            tag = message_tag(self._token, index)
            try:
                message = self._pauses.mark(read(body))
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
        """Read a remote control command from the connection `client`, and deliver it as kombu does.

        A command whose JSON is nested too deep for Python is logged and ignored; then Empty is
        raised, as if no command had come.
        """
        try:
            return super().receive_broadcast(client)
        except RecursionError as e:
            log.warning("control.ignored error=%r", e)
            raise Empty from e

    def deliver_broadcast(self, message: Any, exchange: str) -> bool:
        """Deliver a remote control command as kombu does, but log and ignore one that raises an
        error.

        Any client of the broker can send such a command, and it must not end the worker. `exchange`
        is the name of the exchange it was sent to. Returns whether it was delivered; also True for
        a command that was ignored.
        """
        try:
            return super().deliver_broadcast(message, exchange)
        except (RedisError, OSError):
            raise
        except Exception as e:  # noqa: BLE001 - whatever was published
            log.warning("control.ignored error=%r", e)
            return True

    def restore_message(self, message: Any, *, leftmost: bool) -> None:
        """Put a delivered message back on its queue, where workers take it next.

        With `leftmost` they take it after all other messages of its priority. If several small
        messages were delivered as one, each of them is put back by itself.
        """
        for tag in split_group_tags([message.delivery_tag]):
            self.qos.restore_by_tag(tag, leftmost=leftmost)


class Transport(KombuTransport):
    """kombu's Redis transport with this package's Channel, for redis:// and rediss:// addresses."""

    Channel = Channel
