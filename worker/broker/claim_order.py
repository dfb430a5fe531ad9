"""The order in which a worker asks its queues for messages.

The bulk lane, the queue for floods of articles of one source, comes after all other queues, so that
a flood delays no other source. Of any four claims at least one asks the bulk lane first, so that
its articles do not wait without end either.
"""

from collections.abc import Sequence

from worker.broker import BULK, QUARANTINE

_CLAIMS_PER_BULK = 4


class ClaimOrder:
    """Decides in which order a worker asks its queues for the next messages.

    It remembers how many claims took messages from other queues since one last took some from the
    bulk lane, which must not be left out for long.
    """

    def __init__(self) -> None:
        self._since_bulk = 0  # claims of messages from other queues since the last from bulk

    def arrange(self, lists: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the Redis lists in the order in which a worker asks them for messages.

        `lists` are pairs of queue and key. The list of the bulk lane, the queue for floods of
        articles of one source, comes last; but it comes first after three claims that took nothing
        from it.
        """
        bulk = [pair for pair in lists if pair[0].endswith(BULK)]
        others = [pair for pair in lists if not pair[0].endswith(BULK)]
        is_due = self._since_bulk >= _CLAIMS_PER_BULK - 1
        return [*bulk, *others] if is_due else [*others, *bulk]

    def list_to_wait_on(self, lists: Sequence[tuple[str, str]]) -> str:
        """Choose the Redis list on which an idle worker waits for a message, and return its key.

        `lists` are pairs of queue and key, without those of paused queues: a message there would
        end each wait at once. The list of the queue of new articles is chosen, because these are
        the most urgent; a new message there ends the wait at once. Messages on other lists are only
        found when the wait is over. Returns "" if there are no lists.
        """
        live = (key for queue, key in lists if not queue.endswith((BULK, QUARANTINE)))
        return next(live, lists[0][1] if lists else "")

    def note(self, queue: str) -> None:
        """Note that a claim took messages from `queue`.

        By this, `arrange` knows after how many claims it must put the bulk lane first.
        """
        self._since_bulk = 0 if queue.endswith(BULK) else self._since_bulk + 1
