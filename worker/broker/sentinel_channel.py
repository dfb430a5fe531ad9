"""The transport for sentinel:// addresses: a producer's push waits until the replicas of the server
have the message, too.

worker.broker.push_confirmation explains the wait. Workers do not wait for replicas. If a failover
loses what a worker has written, such as an ack, the message is delivered again; its articles are
recognised by their receipts (ids), and not stored twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import NoPermissionError, ResponseError

from worker.broker import kombu_internals, lua_scripts
from worker.broker.kombu_internals import KombuSentinelChannel
from worker.broker.push_confirmation import STEP_S, Push, PushConfirmation, replicas_to_wait_for
from worker.broker.qos import QoS
from worker.broker.transport import Channel, Transport

_Command = tuple[Any, ...]


class SentinelChannel(KombuSentinelChannel, Channel):
    """The channel of worker.broker.transport for the primary server that Sentinel names.

    With the transport option `push_confirmation`, a push waits until the replicas have the message.
    """

    QoS = QoS
    push_confirmation: PushConfirmation | None = None
    from_transport_options = (
        *dict.fromkeys(
            KombuSentinelChannel.from_transport_options + Channel.from_transport_options
        ),
        "push_confirmation",
    )

    def push_with_receipts(self, keys: list[str], arguments: list[str]) -> None:
        """Push a message and the receipts (ids) of its articles to the primary server.

        For producers it also waits until the replicas have the message. If another server has
        become the primary, messages that replicas did not confirm are pushed to it first. Raises a
        connection error when this server is no longer the primary; the caller then tries again.
        """
        confirmation = self.push_confirmation
        if confirmation is None:
            super().push_with_receipts(keys, arguments)
            return
        push = Push(tuple(self.global_keyprefix + key for key in keys), tuple(arguments))
        with self._connection_to_primary() as connection:
            self._repeat_kept(connection, confirmation)
            acks, needed = self._push(connection, [push], confirmation)
            if acks >= needed:
                confirmation.confirm()
            else:
                confirmation.keep(
                    push, acks=acks, needed=needed, history=_replication_id(connection)
                )

    def confirm_kept(self) -> None:
        """Try to get the confirmation of replicas for messages that lack it, before a producer
        ends.

        If a failover made another server the primary, the messages are pushed to it again. Then
        this call waits a short time for the replicas. Raises RedisError or OSError.
        """
        confirmation = self.push_confirmation
        if confirmation is None or not confirmation.kept:
            return
        with self._connection_to_primary() as connection:
            self._repeat_kept(connection, confirmation)
            if confirmation.kept:  # the last one stands for all: replicas get them in order
                acks, needed = self._push(connection, confirmation.kept[-1:], confirmation)
                if acks >= needed:
                    confirmation.confirm()

    @contextmanager
    def _connection_to_primary(self) -> Iterator[Any]:
        """Take a connection from the pool for a `with` block, so that WAIT follows its push."""
        connection = self.pool.get_connection()
        try:
            yield connection
        except BaseException:
            connection.disconnect()  # a reply may be left unread
            raise
        finally:
            self.pool.release(connection)

    def _repeat_kept(self, connection: Any, confirmation: PushConfirmation) -> None:
        """Push the kept messages to this server, unless it is the primary that took them."""
        if not confirmation.kept:
            return
        history = _replication_id(connection)
        if history != confirmation.history:
            acks, needed = self._push(connection, confirmation.kept, confirmation)
            confirmation.history = history
            if acks >= needed:
                confirmation.confirm()

    def _push(
        self, connection: Any, pushes: Sequence[Push], confirmation: PushConfirmation
    ) -> tuple[int, int]:
        """Push messages in one round trip; return how many replicas have them, and must have them.

        While too few have them, Sentinel is asked for the replicas and the primary. Raises a
        connection error when it names another primary.
        """
        needed = confirmation.replicas() or self._ask_for_replicas(confirmation)
        limit_s = confirmation.limit_s()
        deadline = monotonic() + limit_s
        evals = [_eval(push) for push in pushes]
        acks = _send(connection, [*evals, _wait(needed, min(limit_s, STEP_S))])
        while acks < needed:
            needed = self._ask_for_replicas(confirmation)
            self._check_primary(connection)
            left_s = deadline - monotonic()
            if acks >= needed or left_s <= 0:
                break
            acks = _send(connection, [_wait(needed, min(left_s, STEP_S))])
        return acks, needed

    def _ask_for_replicas(self, confirmation: PushConfirmation) -> int:
        states = kombu_internals.replica_states(self)
        return confirmation.set_replicas(None if states is None else replicas_to_wait_for(states))

    def _check_primary(self, connection: Any) -> None:
        address = kombu_internals.primary_address(self)
        if address not in (None, (connection.host, connection.port)):
            raise NotConnected("Sentinel names another primary")


def _replication_id(connection: Any) -> str:
    """The id of the data that a primary and its replicas share; each promotion makes another one.

    It begins with the address of the server, and is only that if INFO is forbidden.
    """
    connection.send_command("INFO", "replication")
    with suppress(ResponseError):
        for line in connection.read_response().decode().splitlines():
            if line.startswith("master_replid:"):
                return f"{connection.host}:{connection.port} {line}"
    return f"{connection.host}:{connection.port}"


def _eval(push: Push) -> _Command:
    return ("EVAL", lua_scripts.PUSH, len(push.keys), *push.keys, *push.arguments)


def _wait(replicas: int, limit_s: float) -> _Command:
    return ("WAIT", replicas, max(1, round(limit_s * 1000)))  # 0 would wait without a limit


def _send(connection: Any, commands: Sequence[_Command]) -> int:
    """Send pushes and a WAIT, and return the number of replicas in the reply to WAIT.

    Raises the first error among the replies to the pushes. An error of WAIT is a connection error:
    the server has become a replica; but if WAIT is forbidden, no replica counts.
    """
    connection.send_packed_command(connection.pack_commands(commands))
    *pushed, waited = [_reply(connection) for _ in commands]
    for reply in pushed:
        if isinstance(reply, ResponseError):
            raise reply
    if isinstance(waited, NoPermissionError):
        return 0
    if isinstance(waited, ResponseError):
        raise NotConnected(f"no longer the primary: {waited}")
    return int(waited)


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as e:  # the replies to the commands after it must be read as well
        return e


class SentinelTransport(Transport):
    """This package's transport for sentinel:// broker addresses."""

    Channel = SentinelChannel
    default_port = 26379
