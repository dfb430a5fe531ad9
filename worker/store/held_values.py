"""Values about held articles: raw articles of a source that an operator has paused.

They were taken from their queue, and wait in the store until the source is resumed. Then they go
back to the queue that they came from.
"""

from dataclasses import dataclass
from datetime import datetime

from worker.model.queue_place import QueuePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldArticle:
    """A raw article that is to be held because its source is paused.

    `receipt` is the id of its delivery, `text` its JSON, and `digest` a hash of it, which tells it
    from another article under the same receipt. `frame` is the JSON as the Zstandard frame in which
    it came, b"" if it did not. `place` says where its message came from.
    """

    receipt: str
    source: str
    text: str
    digest: str
    place: QueuePlace
    frame: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHeldArticle:
    """A raw article that is held in the store because its source is paused.

    `row_id` numbers the rows in the order in which they were stored. `holds` counts how often the
    article was held. The row is only deleted if it still has this number: so an article that was
    sent back to its queue and held again meanwhile is not lost. `held_at` is the last such time.
    """

    row_id: int
    holds: int
    article: HeldArticle
    held_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCount:
    """How many raw articles of a source are held, and since when (`since`)."""

    articles: int
    since: datetime
