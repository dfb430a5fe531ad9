"""Order the articles of a cluster (a group of copies) on a time line by when they were first
seen."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from worker.store.view_values import ClusterRow


class SeenCopy(NamedTuple):
    """An article of a cluster (a group of copies) on the time line: when it was first seen, and how
    long after the first article.

    `position` is its place on the line, from 0 (the first article) to 98 (the last). `is_shown` is
    true for the article whose page this is, and `is_earliest` for one with the earliest date of
    publication.
    """

    article_id: str
    title: str
    source: str
    verdict: str
    first_seen: datetime
    delay: str
    position: float
    is_shown: bool
    published: datetime | None
    is_earliest: bool


def timeline(members: Sequence[ClusterRow], shown_id: str, original_id: str) -> list[SeenCopy]:
    """Return the articles of a cluster (a group of copies) for its time line, the first seen first.

    Of articles that came in the same second, the original comes first. `shown_id` is the article
    whose page this is, `original_id` the one of which the others are copies.
    """
    in_order_of_storage = list(reversed(members))  # which decides between equal times

    def order(member: ClusterRow) -> tuple[datetime, bool]:
        second = member["first_seen"].replace(microsecond=0)
        return second, member["article_id"] != original_id

    ordered = sorted(in_order_of_storage, key=order)
    if not ordered:
        return []
    first = ordered[0]["first_seen"]
    whole = (ordered[-1]["first_seen"] - first) / timedelta(seconds=1) or 1.0
    earliest = min((m["published"] for m in ordered if m["published"]), default=None)
    return [
        SeenCopy(
            article_id=member["article_id"],
            title=member["title"],
            source=member["source"],
            verdict=member["verdict"],
            first_seen=member["first_seen"],
            delay=delay(member["first_seen"] - first) if number else "first",
            position=_position(member["first_seen"] - first, whole),
            is_shown=member["article_id"] == shown_id,
            published=member["published"],
            is_earliest=earliest is not None and member["published"] == earliest,
        )
        for number, member in enumerate(ordered)
    ]


def _position(after: timedelta, whole_s: float) -> float:
    return round(98 * max(0.0, after / timedelta(seconds=1)) / max(whole_s, 1.0), 1)


def delay(after: timedelta) -> str:
    """Write how long after the first an article was seen, such as `+5 min`."""
    seconds = max(0, int(after.total_seconds()))
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"+{seconds // unit} {name}"
    return f"+{seconds} s" if seconds else "at once"
