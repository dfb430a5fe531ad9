"""Read statistics about the sources of articles: counts of all sources, and the details of one."""

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.receipts import RECLEAN_PREFIX
from worker.store.database.schema import articles, dead_letters, receipts, revisions, sources
from worker.store.database.statements import external_ids_of
from worker.store.reading.outcome_stats import outcome_totals
from worker.store.values import RemovedLineCount, SourceDetails, SourceSeen

_REPEATED = ("learned", "pinned")  # rules of lines that a source repeats
_MAX_READ = 10_000  # revisions


def all_sources(connection: Connection) -> list[SourceSeen]:
    """Return all sources (publishers of articles) with counts of what they delivered.

    The source that last delivered something comes first.
    """
    order = (sources.c.last_seen.desc(), sources.c.source)
    rows = connection.execute(sa.select(sources).order_by(*order)).mappings()
    return [_seen(row) for row in rows]


def one_source(connection: Connection, name: str) -> SourceDetails | None:
    """Return one source with its deliveries counted by outcome and its failed articles by reason.

    Returns None if the source has never delivered anything.
    """
    row = connection.execute(sa.select(sources).where(sources.c.source == name)).mappings().first()
    if row is None:
        return None
    number = sa.func.count()
    letters = sa.select(dead_letters.c.reason, number).where(dead_letters.c.source == name)
    by_reason = connection.execute(letters.group_by(dead_letters.c.reason).order_by(number.desc()))
    return SourceDetails(
        source=_seen(row),
        outcomes=_outcomes(connection, name),
        dead_letters={row[0]: row[1] for row in by_reason},
    )


def _outcomes(connection: Connection, name: str) -> dict[str, int]:
    """Return outcome -> number of deliveries that had it, the largest number first.

    Old receipts are removed, so the running totals count. Those of a store that an earlier version
    filled may still be added up; then its receipts count.
    """
    number = sa.func.count()
    stored = sa.select(receipts.c.outcome, number).where(
        receipts.c.source == name,
        ~receipts.c.receipt.startswith(RECLEAN_PREFIX, autoescape=True),
    )
    counts = {row[0]: row[1] for row in connection.execute(stored.group_by(receipts.c.outcome))}
    for kind, total in outcome_totals(connection, name).outcomes.items():
        counts[kind.value] = max(total, counts.get(kind.value, 0))
    by_size = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {outcome: count for outcome, count in by_size if count}


def removed_lines(connection: Connection, source: str) -> list[RemovedLineCount]:
    """Return the lines that cleaning removed from this source's articles as boilerplate, with
    counts.

    These are lines that the source repeats in many articles. The most frequent line comes first.
    Only the newest 10,000 revisions from which such a line was removed are counted.
    """
    written = sa.cast(revisions.c.dropped, sa.Text)
    repeated = sa.or_(*(written.like(f'%"{rule}"%') for rule in _REPEATED))
    of_source = revisions.join(articles, articles.c.article_id == revisions.c.article_id)
    statement = (
        sa.select(revisions.c.dropped, revisions.c.received)
        .select_from(of_source)
        .where(articles.c.source == source, repeated)
        .order_by(revisions.c.id.desc())
        .limit(_MAX_READ)
    )
    last: dict[tuple[str, str], RemovedLineCount] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for dropped, received in connection.execute(statement):
        for line in dropped:
            if line["rule"] in _REPEATED:
                key = (line["rule"], line["line"].casefold())
                counts[key] += 1
                fields = {**line, "times": 1, "last": received}
                last.setdefault(key, RemovedLineCount(**fields))
    return [replace(last[key], times=n) for key, n in counts.most_common()]


def _seen(row: sa.RowMapping) -> SourceSeen:
    ids = external_ids_of(row)
    own = {field: row[field] for field in ("source", "receipts", "dead", "first_seen", "last_seen")}
    return SourceSeen(**own, ids=ids, distrusted=ids.distrusted)
