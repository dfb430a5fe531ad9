"""Decide how long a push to a Sentinel set waits for replicas, and keep the unconfirmed pushes.

A Sentinel set is a Redis primary with replicas, and Sentinel processes that promote a replica when
the primary fails. A push is one message that a producer puts on a queue. A primary answers a push
before its replicas have the message, which is lost if the primary dies then or another server was
promoted. So a producer waits until every replica that Sentinel could promote has the message; in a
planned failover, any of them may be promoted.

When the replicas do not confirm in time, the push still succeeds, because the message is on the
queue, and an error would make callers send it again and again. The message is kept in memory, and
is pushed again if another server becomes the primary. Receipts make a second push harmless.
"""

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, NamedTuple

log = logging.getLogger("worker.broker")

LIMIT_S = 2.0  # a push waits so long for its replicas
STEP_S = 0.25  # between two looks whether Sentinel names another primary
BRIEF_S = 0.05  # the wait of each push after one that was not confirmed
WARN_EVERY_S = 30.0
REPLICAS_FOR_S = 10.0  # how long the number of replicas counts that Sentinel named
KEPT_MESSAGES = 1000
KEPT_BYTES = 64 * 2**20


class Push(NamedTuple):
    """What is needed to push one message to the broker, and to push it again after a failover.

    These are the keys and arguments of the script lua/push.lua.
    """

    keys: tuple[str, ...]
    arguments: tuple[str, ...]

    @property
    def size(self) -> int:
        """The length in characters of the message and of the ids of its articles, by which the
        memory for pushes that are kept is limited."""
        return sum(map(len, self.arguments))


def replicas_to_wait_for(states: Iterable[Mapping[str, Any]]) -> int:
    """The number of replicas that must have a message before it survives the loss of the primary.

    `states` are the replicas as redis-py returns them from `SENTINEL REPLICAS`. Sentinel promotes
    neither a replica that it takes for dead nor one with priority 0. The result is at least 1.
    """
    promotable = [
        state
        for state in states
        if not (state.get("is_sdown") or state.get("is_odown"))
        and state.get("slave-priority", 100) != 0
    ]
    return max(1, len(promotable))


class PushConfirmation:
    """The state of one producer that waits, after each push of a message, until the replicas of its
    broker (a set watched by Sentinel) have the message, too.

    It says how long a push may wait, and for how many replicas. Pushes that these did not confirm
    in time are kept in memory, to be pushed again after a failover. `total` is how many there ever
    were; the oldest are no longer kept. Only the thread of the producer may use it.
    """

    def __init__(self) -> None:
        self.total = 0
        self.history = ""  # replication id of the primary that took the kept pushes
        self._kept: deque[Push] = deque()
        self._kept_bytes = 0
        self._failed_at: float | None = None  # when a full wait was last in vain
        self._warned_at: float | None = None
        self._replicas = 1
        self._replicas_at: float | None = None

    @property
    def kept(self) -> tuple[Push, ...]:
        """The pushes kept in memory because replicas did not confirm them, oldest first."""
        return tuple(self._kept)

    def limit_s(self, now: float | None = None) -> float:
        """Return for how many seconds the next push may wait until the replicas have it.

        That is 2 s. After a push that they did not confirm in time it is 0.05 s, so that a Sentinel
        set whose replicas are down does not slow a producer down; every 30 s one push waits 2 s
        again.
        """
        now = monotonic() if now is None else now
        is_full = self._failed_at is None or now - self._failed_at >= WARN_EVERY_S
        return LIMIT_S if is_full else BRIEF_S

    def replicas(self, now: float | None = None) -> int | None:
        """Return how many replicas must confirm a push; None if Sentinel must be asked again.

        That is so when the number is over 10 s old, or was never set. The caller then asks
        Sentinel, and calls `set_replicas`.
        """
        now = monotonic() if now is None else now
        if self._replicas_at is None or now - self._replicas_at >= REPLICAS_FOR_S:
            return None
        return self._replicas

    def set_replicas(self, count: int | None, now: float | None = None) -> int:
        """Set how many replicas must confirm a push, as counted by Sentinel, and return the number.

        With None, which means that no Sentinel answered, the number stays as it was.
        """
        self._replicas_at = monotonic() if now is None else now
        self._replicas = self._replicas if count is None else count
        return self._replicas

    def confirm(self) -> None:
        """Forget all kept pushes, because the replicas have confirmed the last message.

        Replicas receive messages in order, so they have all earlier messages too.
        """
        self._kept.clear()
        self._kept_bytes = 0
        self._failed_at = None

    def keep(
        self, push: Push, *, acks: int, needed: int, history: str, now: float | None = None
    ) -> None:
        """Keep a push that too few replicas confirmed, so that it can be pushed again after a
        failover.

        `acks` replicas confirmed it, and `needed` should have. `history` is the replication id of
        the primary server that took it, by which a new primary is recognised. Above 1,000 pushes or
        64 MiB the oldest are forgotten. Logs a warning, at most every 30 s.
        """
        now = monotonic() if now is None else now
        self.total += 1
        self.history = history
        self._kept.append(push)
        self._kept_bytes += push.size
        while len(self._kept) > KEPT_MESSAGES or self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= self._kept.popleft().size
        if self._failed_at is None or now - self._failed_at >= WARN_EVERY_S:
            self._failed_at = now
        if self._warned_at is None or now - self._warned_at >= WARN_EVERY_S:
            self._warned_at = now
            log.warning(
                "push.unconfirmed replicas=%d needed=%d total=%d; a failover may lose these "
                "messages. Only a journal of the producer's own, Producer(journal=…), lists their "
                "receipts then",
                *(acks, needed, self.total),
            )
