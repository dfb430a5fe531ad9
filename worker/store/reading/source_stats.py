"""Read statistics about the sources of articles: counts of all sources, and the details of one."""

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.receipts import RECLEAN_PREFIX
from worker.store.database.schema import (
    aliases,
    articles,
    dead_letters,
    receipts,
    revisions,
    sources,
)
from worker.store.database.statements import external_ids_of
from worker.store.reading.outcome_stats import outcome_totals
from worker.store.values import RemovedLineCount, SourceDetails, SourceSeen

_REPEATED = ("learned", "pinned")  # rules of lines that a source repeats
_FEW = 2_000  # articles of a source, which are all looked at
_MOST_READ = 20_000  # revisions of the whole store, for a larger source


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
        outcomes=_outcomes(connection, name, row["receipts"]),
        dead_letters={row[0]: row[1] for row in by_reason},
    )


def _outcomes(connection: Connection, name: str, deliveries: int) -> dict[str, int]:
    """Return outcome -> number of deliveries that had it, the largest number first.

    Old receipts are removed, so the running totals count. Those of a store that an earlier version
    filled may still be added up, so that they are less than `deliveries`; then its receipts count.
    """
    counts = {str(kind): n for kind, n in outcome_totals(connection, name).outcomes.items()}
    if sum(counts.values()) < deliveries:
        number = sa.func.count()
        stored = sa.select(receipts.c.outcome, number).where(
            receipts.c.source == name,
            ~receipts.c.receipt.startswith(RECLEAN_PREFIX, autoescape=True),
        )
        for outcome, receipts_ in connection.execute(stored.group_by(receipts.c.outcome)):
            counts[outcome] = max(receipts_, counts.get(outcome, 0))
    by_size = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {outcome: count for outcome, count in by_size if count}


def removed_lines(connection: Connection, source: str) -> list[RemovedLineCount]:
    """Return the lines that cleaning removed from this source's articles as boilerplate, with
    counts.

    These are lines that the source repeats in many articles. The most frequent line comes first.
    Of a source with more than 2,000 articles, only the revisions among the newest 20,000 of the
    whole store are looked at.
    """
    written = sa.cast(revisions.c.dropped, sa.Text)
    repeated = sa.or_(*(written.like(f'%"{rule}"%') for rule in _REPEATED))
    of_source = revisions.join(articles, articles.c.article_id == revisions.c.article_id)
    statement = (
        sa.select(revisions.c.dropped, revisions.c.received)
        .select_from(of_source)
        .where(articles.c.source == source, _looked_at(connection, source), repeated)
        .order_by(revisions.c.id.desc())
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


def _looked_at(connection: Connection, source: str) -> sa.ColumnElement[bool]:
    number = sa.select(sources.c.articles).where(sources.c.source == source)
    if (connection.scalar(number) or 0) <= _FEW:
        owned = sa.select(aliases.c.article_id).where(aliases.c.source == source)
        return revisions.c.article_id.in_(owned)
    newest = connection.scalar(sa.select(sa.func.max(revisions.c.id))) or 0
    return revisions.c.id > newest - _MOST_READ


def _seen(row: sa.RowMapping) -> SourceSeen:
    ids = external_ids_of(row)
    own = {field: row[field] for field in ("source", "receipts", "dead", "first_seen", "last_seen")}
    return SourceSeen(**own, ids=ids, distrusted=ids.distrusted)
