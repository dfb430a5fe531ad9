"""The order in which a worker asks its queues for messages.

The bulk lane comes after all other queues, so that a flood of one source delays no other source.
Of any four claims at least one asks the bulk lane first, so that it is never left waiting either.
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
        """Return the Redis lists, as pairs of queue and key, in the order to ask them for messages.

        The list of the bulk lane is last, or first when it has not been served in the last three
        claims.
        """
        bulk = [pair for pair in lists if pair[0].endswith(BULK)]
        others = [pair for pair in lists if not pair[0].endswith(BULK)]
        is_due = self._since_bulk >= _CLAIMS_PER_BULK - 1
        return [*bulk, *others] if is_due else [*others, *bulk]

    def list_to_wait_on(self, lists: Sequence[tuple[str, str]]) -> str:
        """Return the key of the list whose next message ends an idle worker's wait at once.

        It is the live lane's, because its articles are the most urgent ones. Messages on other
        lists are found when the wait is over.
        """
        live = (key for queue, key in lists if not queue.endswith((BULK, QUARANTINE)))
        return next(live, lists[0][1])

    def note(self, queue: str) -> None:
        """Note that a claim took messages from `queue`, to know when the bulk lane is due."""
        self._since_bulk = 0 if queue.endswith(BULK) else self._since_bulk + 1
