"""All private names of kombu that worker.broker uses, under public names for the other modules.

tests/broker/test_internals.py compares each private name with its expected signature, so a kombu
release that changes one fails that test.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from kombu import transport
from kombu.messaging import Consumer, Producer
from kombu.pidbox import Mailbox
from kombu.transport import redis as stock
from kombu.transport import virtual
from kombu.utils.json import dumps
from redis.exceptions import RedisError

KombuTransport = stock.Transport
KombuSentinelChannel = stock.SentinelChannel


def replace_transports(classes: Mapping[str, str]) -> None:
    """Make kombu load other transport classes than its own for broker URLs.

    `classes` maps a URL scheme such as "redis" to a class given as "module:name".
    """
    transport.TRANSPORT_ALIASES.update(classes)
    for scheme in classes:
        transport._transport_cache.pop(scheme, None)


def queue_key(channel: Any, queue: str, priority: int) -> str:
    """The key of the Redis list that holds the messages of one queue and one priority.

    kombu keeps a list for each range of priorities; the key is that of the list for `priority`. It
    does not have the prefix that the settings may put before all keys.
    """
    key: str = channel._q_for_pri(queue, priority)
    return key


def message_priority(channel: Any, message: Mapping[str, Any]) -> int:
    """The priority in a message's properties, limited to the range that the channel supports.

    A message without a valid priority gets the channel's default priority.
    """
    priority: int = channel._get_message_priority(message, reverse=False)
    return priority


def queue_size(channel: Any, queue: str) -> int:
    """The number of messages that wait on a queue, of all priorities."""
    size: int = channel._size(queue)
    return size


def replica_states(channel: Any) -> list[Mapping[str, Any]] | None:
    """The replicas that Sentinel lists for the primary server of a channel, each with its state.

    The channel must be one that connects through Sentinel. Returns None when no Sentinel answers.
    """
    for client in channel._sentinel_manager.sentinels:
        with suppress(RedisError, OSError):
            return list(client.sentinel_slaves(channel.master_name))
    return None


def primary_address(channel: Any) -> tuple[str, int] | None:
    """The address, host and port, of the server that Sentinel names as the primary for a channel.

    The channel must be one that connects through Sentinel. Returns None when no Sentinel answers or
    knows a primary.
    """
    with suppress(RedisError, OSError):
        host, port = channel._sentinel_manager.discover_master(channel.master_name)
        return host, port
    return None


def deliver(channel: Any, message: Mapping[str, Any], queue: str) -> None:
    """Pass a decoded message to the callback that consumes the queue named `queue`.

    Raises what the callback raises.
    """
    channel.connection._deliver(message, queue)


class CountingMailbox(Mailbox):
    """Sends a remote control command to all workers, and stops waiting when all of them have
    replied.

    kombu's mailbox does not know how many workers there are, so it always waits until its timeout
    is over. This one asks the broker how many workers received the command. That is possible only
    on a channel of this package; on any other channel it waits as kombu's does.
    """

    def _publish(self, *args: Any, **options: Any) -> None:
        channel = options.get("channel")
        if channel is not None and isinstance(channel, RedisChannel):
            # On this channel, not on one of a pool: it counts who receives the command.
            options["producer"] = Producer(channel, auto_declare=False)
        super()._publish(*args, **options)

    def _collect(
        self,
        ticket: str,
        limit: int | None = None,
        timeout: float | None = 1,
        callback: Callable[[Any], None] | None = None,
        channel: Any = None,
        accept: Any = None,
    ) -> list[Any]:
        replies: list[Any]
        connection: Any = self.connection
        if not isinstance(channel, RedisChannel):
            replies = super()._collect(ticket, limit, timeout, callback, channel, accept)
            return replies
        expected = min(channel.broadcast_receivers, limit or channel.broadcast_receivers)
        replies = []

        def take(body: Any, message: Any) -> None:
            self.clock.adjust(message.headers.get("clock") or 0)
            # Replies to an earlier command, that came too late for it, are not counted.
            if message.headers.get("ticket", ticket) == ticket:
                replies.append(body)
                if callback:
                    callback(body)

        consumer = Consumer(channel, [self.reply_queue], accept=accept or self.accept, no_ack=True)
        consumer.register_callback(take)
        try:
            with consumer, suppress(TimeoutError):
                while len(replies) < expected:
                    connection.drain_events(timeout=timeout)
        finally:
            channel.after_reply_message_received(self.reply_queue.name)
        return replies


class RedisChannel(stock.Channel):
    """kombu's Redis channel, whose private methods a subclass can override under public names.

    A subclass must define `poll_command` and `read_poll_reply`. The other public methods do what
    kombu does, unless the subclass overrides them.
    """

    broadcast_receivers = 0  # clients that received the last message sent to all workers

    def push_message(self, queue: str, message: dict[str, Any], **options: Any) -> None:
        """Add a message to the Redis list of a queue, as kombu does.

        A subclass overrides this method to do more. `options` are passed on to kombu.
        """
        super()._put(queue, message, **options)

    def write_bindings(self, write: Callable[[], None]) -> None:
        """Call `write`, by which kombu adds or removes the binding of a queue to an exchange.

        A subclass overrides this method to handle errors of that call.
        """
        write()

    def poll_command(self, queues: list[tuple[str, str]]) -> list[Any] | None:
        """Return the next Redis command by which the channel asks for messages; None for none now.

        `queues` are pairs of a queue and the key of one of its lists. A subclass defines this
        method, and `read_poll_reply` for the command's reply.
        """
        raise NotImplementedError

    def read_poll_reply(self, **options: Any) -> bool:
        """Read the broker's reply to the command of `poll_command`, and deliver its messages.

        Returns True after a delivery. Raises Empty when the reply holds no message. A subclass must
        define this method; `options` are arguments by which kombu calls it.
        """
        raise NotImplementedError

    def receive_broadcast(self, client: Any) -> Any:
        """Read a message sent to all workers, such as a remote control command, and deliver it.

        `client` is the Redis pub/sub connection on which it comes. Raises Empty when none has come.
        """
        return super()._receive_one(client)

    def deliver_broadcast(self, message: Any, exchange: str) -> bool:
        """Deliver a decoded message that was sent to all workers, such as a remote control command.

        `exchange` is the name of the exchange it was sent to. Returns whether it was delivered.
        """
        return bool(super()._deliver_fanout_message(message, exchange))

    def restore_message(self, message: Any, *, leftmost: bool) -> None:
        """Put a delivered message back on its queue, where workers take it next.

        With `leftmost` they take it after all other messages of its priority.
        """
        super()._restore(message, leftmost)

    def prefer_other_queues(self, queue: str) -> None:
        """Make the channel look into its other queues first the next time, and into `queue` last.

        So one full queue does not keep the others waiting.
        """
        self._queue_cycle.rotate(queue)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        bind = super()._queue_bind
        self.write_bindings(lambda: bind(exchange, routing_key, pattern, queue))

    def _delete(self, queue: str, *args: Any, **kwargs: Any) -> None:
        delete = super()._delete
        self.write_bindings(lambda: delete(queue, *args, **kwargs))

    def maybe_refresh_binding_expiry(self) -> None:
        """Renew the bindings of queues to exchanges that would expire in the broker, as kombu
        does."""
        self.write_bindings(super().maybe_refresh_binding_expiry)

    def _put(self, queue: str, message: dict[str, Any], **options: Any) -> None:
        self.push_message(queue, message, **options)

    def _put_fanout(
        self, exchange: str, message: dict[str, Any], routing_key: str, **options: Any
    ) -> None:
        if options.get("_publish_batch") is not None:
            super()._put_fanout(exchange, message, routing_key, **options)
            return
        topics, body = self._get_publish_topics(exchange, routing_key), dumps(message)
        with self.conn_or_acquire() as client:
            # Behind Sentinel a message may have two topics, for workers of both layouts.
            self.broadcast_receivers = max(client.publish(topic, body) for topic in topics)

    def _brpop_start(self, timeout: float | None = None) -> None:
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        keys = [(q, self._q_for_pri(q, pri)) for pri in self.priority_steps for q in queues]
        command = self.poll_command(keys)
        if command is None:
            return
        self._in_poll = connection = self.client.connection
        self._brpop_sent_at = monotonic()
        connection.send_command(*command)

    def _brpop_read(self, **options: Any) -> bool:
        try:
            return self.read_poll_reply(**options)
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _receive_one(self, c: Any) -> Any:
        return self.receive_broadcast(c)

    def _deliver_fanout_message(self, message: Any, exchange: str) -> bool:
        return self.deliver_broadcast(message, exchange)

    def _restore(self, message: Any, leftmost: bool = False) -> None:
        self.restore_message(message, leftmost=leftmost)


class RedisQoS(stock.QoS):
    """kombu's record of the messages that a channel has delivered and that are not acked yet.

    It gives public names to private parts of kombu's class, which the subclass in worker.broker.qos
    uses.
    """

    def record_delivery(self, message: Any, delivery_tag: str) -> None:
        """Record in memory only that a message was delivered, and is not acked yet.

        kombu's method `append` would also write the message to the broker.
        """
        virtual.QoS.append(self, message, delivery_tag)

    def release_credit(self, delivery_tag: str) -> None:
        """Forget a delivered message in memory, so that the worker may take another one.

        A worker may hold only a limited number of messages at a time. The broker is told nothing.
        """
        virtual.QoS.ack(self, delivery_tag)

    def unacked_tags(self) -> list[str]:
        """List the messages that were delivered and are not acked yet, by their delivery tags.

        A delivery tag is the name of a delivered message.
        """
        self._flush()
        return list(self._delivered)

    def forget_deliveries(self) -> None:
        """Forget all delivered messages in memory; the broker's records of them stay unchanged."""
        self._delivered.clear()
