"""Values that tell how sources have been delivering, to judge whether they are well."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceClock:
    """When a source was first and last seen, and when it last brought a new article.

    `last_seen` is the time of the last delivery of any kind, also of an article that had not
    changed. `newest_hour` is the hour since 1970 in UTC in which the last new article came (new, a
    copy or a variant of another one); None if there was none. `articles` is the number of articles
    that the source has brought in all. `snoozed_until` is the time until which nobody wants to be
    told about the source, None if it is not snoozed; it may be in the past.
    """

    source: str
    first_seen: datetime
    last_seen: datetime
    articles: int
    newest_hour: int | None = None
    snoozed_until: datetime | None = None


class SourceHours(NamedTuple):
    """The hours since 1970 in UTC, ascending, in which a source delivered anything (`delivered`)
    and in which at least one new article was among it (`with_new`).

    `articles` is the number of new articles in these hours.
    """

    source: str
    delivered: tuple[int, ...]
    with_new: tuple[int, ...]
    articles: int


class WindowCount(NamedTuple):
    """How many articles of a source had an outcome or a trait in a window of some hours.

    `window` is 0 for the hours that end with the present one, 1 for as many hours before, and so
    on. `what` is an outcome, such as `dead`, or a trait of new articles, such as `undated` or
    `language:en`.
    """

    source: str
    window: int
    what: str
    articles: int
