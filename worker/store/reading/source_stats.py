"""What sources send: counts of each, and one in detail."""

from collections import Counter
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.schema import articles, dead_letters, receipts, revisions, sources
from worker.store.database.statements import ids_of
from worker.store.values import RemovedLineCount, SourceSeen

_REPEATED = ("learned", "pinned")  # rules of lines that a source repeats
_MOST_READ = 10_000  # revisions


def all_sources(connection: Connection) -> list[SourceSeen]:
    order = (sources.c.last_seen.desc(), sources.c.source)
    rows = connection.execute(sa.select(sources).order_by(*order)).mappings()
    return [_seen(row) for row in rows]


def one_source(connection: Connection, name: str) -> dict[str, Any] | None:
    """Raises nothing for an unknown one: it is None."""
    row = connection.execute(sa.select(sources).where(sources.c.source == name)).mappings().first()
    if row is None:
        return None
    number = sa.func.count()
    outcomes = sa.select(receipts.c.outcome, number).where(receipts.c.source == name)
    letters = sa.select(dead_letters.c.reason, number).where(dead_letters.c.source == name)
    by_outcome = connection.execute(outcomes.group_by(receipts.c.outcome).order_by(number.desc()))
    by_reason = connection.execute(letters.group_by(dead_letters.c.reason).order_by(number.desc()))
    return {
        "source": _seen(row),
        "outcomes": {row[0]: row[1] for row in by_outcome},
        "dead_letters": {row[0]: row[1] for row in by_reason},
    }


def removed_lines(connection: Connection, source: str) -> list[RemovedLineCount]:
    """Of its newest revisions that have such lines."""
    written = sa.cast(revisions.c.dropped, sa.Text)
    repeated = sa.or_(*(written.like(f'%"{rule}"%') for rule in _REPEATED))
    of_source = revisions.join(articles, articles.c.article_id == revisions.c.article_id)
    found = (
        sa.select(revisions.c.dropped, revisions.c.received)
        .select_from(of_source)
        .where(articles.c.source == source, repeated)
        .order_by(revisions.c.id.desc())
        .limit(_MOST_READ)
    )
    last: dict[tuple[str, str], RemovedLineCount] = {}
    times: Counter[tuple[str, str]] = Counter()
    for dropped, received in connection.execute(found):
        for each in dropped:
            if each["rule"] in _REPEATED:
                its = (each["rule"], each["line"].casefold())
                times[its] += 1
                given = {**each, "times": 1, "last": received}
                last.setdefault(its, RemovedLineCount(**given))
    return [replace(last[its], times=n) for its, n in times.most_common()]


def _seen(row: sa.RowMapping) -> SourceSeen:
    ids = ids_of(row)
    own = {field: row[field] for field in ("source", "receipts", "dead", "first_seen", "last_seen")}
    return SourceSeen(**own, ids=ids, distrusted=ids.distrusted)
