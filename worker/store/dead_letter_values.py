"""Dead letters, raw articles that could not be processed, as the store returns them, and queries
for them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeadLetterState(StrEnum):
    """What was tried with a dead letter, a raw article that could not be processed.

    `dead`: it was not sent through the worker again, or failed again. `replaying`: it was sent
    again and has no outcome yet. `replayed`: it was sent again with another outcome than `dead`.
    """

    DEAD = "dead"
    REPLAYING = "replaying"  # the replay has no outcome yet
    REPLAYED = "replayed"  # the replay has an outcome other than dead


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery:
    """A search for dead letters, raw articles that could not be processed.

    `id_prefixes` are beginnings of ids, and `stage` is the step of the pipeline that failed. The
    last failure must be at `since` or later, and before `before`. With `never_replayed`, only
    letters are found that were never sent through the worker again. `states` is `dead` by default:
    not sent again, or failed again. A field that is empty or None does not restrict the search.
    """

    id_prefixes: tuple[str, ...] = ()  # of letter ids
    reason: str = ""
    source: str = ""
    stage: str = ""
    since: datetime | None = None  # last seen at or after this time
    before: datetime | None = None  # last seen before this time
    never_replayed: bool = False  # only those that were not sent again so far
    states: tuple[DeadLetterState, ...] = (DeadLetterState.DEAD,)
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeadLetter:
    """A raw article that could not be processed, as the store keeps it so that it can be sent
    again.

    `seen` counts how often it failed, from `first` to `last`; `stage` and `reason` tell where and
    why. `whole` is False if `payload`, the raw article, was cut off or deleted. `replay` is the
    receipt (id) of the last attempt to send it through the worker again, None if there was none;
    `replay_at`, `outcome` and `article_id` are about that attempt.
    """

    letter_id: str
    reason: str
    detail: str
    stage: str
    source: str
    seen: int
    first: datetime
    last: datetime
    bytes: int
    payload: str
    sha256: str = ""  # of the original payload
    whole: bool = True  # False: the payload was cut off or deleted
    queue: str = ""  # queue of an undeliverable message
    state: DeadLetterState = DeadLetterState.DEAD
    replay: str | None = None  # receipt of the last replay
    replay_at: datetime | None = None
    outcome: str | None = None  # of that receipt
    article_id: str | None = None  # the article of that outcome
