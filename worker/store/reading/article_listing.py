"""List stored articles page by page, the newest first, and count the values to narrow the list by.

No page looks at more than 2,500 articles, whatever the query is and however many articles are
stored. If words, tag or source of the query have few articles, these alone are looked at.
Otherwise the articles are looked at from the newest on, and if none of 2,500 matches, the page is
empty and says where to go on.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import UtcDateTime
from worker.store.database.packing import unpack_text
from worker.store.database.schema import (
    aliases,
    article_tags,
    articles,
    dated,
    revisions,
    sources,
)
from worker.store.database.statements import IS_NEWEST, NEWEST, estimated_rows, is_one_of
from worker.store.listing_values import (
    ArticleFacets,
    ArticlePage,
    ArticlePosition,
    Estimate,
    FacetCount,
    RawPayload,
    RevisionSummary,
    RevisionText,
)
from worker.store.reading.broad_words import refuse_broad_words
from worker.store.reading.lookup import tagged
from worker.store.reading.search import (
    hit_rows,
    restrictions,
    snippet,
    split_terms,
    word_conditions,
)
from worker.store.reading.stored_tags import WITH_TAGS, has_tag, tag_names_in, tagged_articles
from worker.store.values import Query

MOST_EXACT = 10_000  # rows; a larger number is estimated
MOST_FACETED = 500  # articles over which the values of facets are counted
_WINDOWS = (200, 600, 1_700)  # articles looked at one after another, 2,500 in all
_FEW = 2_000  # articles; so many are sorted in 10 to 20 ms
_MOST_EXPECTED = 4 * _FEW  # articles; if the database expects more, they are not looked for
_MOST_VALUES = 12  # values of a facet
_ORDER = (dated.desc(), revisions.c.id.desc())


def article_page(
    connection: Connection,
    query: Query,
    after: ArticlePosition | None,
    *,
    with_facets: bool = False,
) -> ArticlePage:
    """Return the articles that match the query and come after a position, the newest first.

    At most `query.limit` articles are returned. None stands for the beginning of the list. Facets
    are counted over the newest 500 of the articles that match and come after the position.
    """
    most = max(query.limit, MOST_FACETED if with_facets else 0) + 1
    found, stopped_at = _matching_ids(connection, query, after, most)
    shown = found[: query.limit]
    rows = hit_rows(connection, shown)
    required_terms, _ = split_terms(query.words)
    snippets = [snippet((row["text"], row["summary"]), required_terms) for row in rows]
    last = shown[-1] if len(found) > query.limit else stopped_at
    position = _position(connection, last) if last else None
    return ArticlePage(
        hits=tuple(tagged(connection, rows, snippets)),
        next=position,
        facets=_facets(connection, found, stopped_at) if with_facets else None,
    )


def article_facets(connection: Connection, query: Query) -> ArticleFacets:
    """Count the sources, tags, languages and so on of the newest 500 articles that match."""
    return _facets(connection, *_matching_ids(connection, query, None, MOST_FACETED + 1))


def _facets(connection: Connection, found: Sequence[int], stopped_at: int | None) -> ArticleFacets:
    """Count over the newest 500 of the revisions that `_matching_ids` found."""
    counted = found[:MOST_FACETED]
    columns = (articles.c.source, articles.c.verdict, revisions.c.language, revisions.c.flags)
    statement = sa.select(
        *columns, articles.c.article_id, dated.label("dated"), article_tags.c.tags
    ).select_from(WITH_TAGS)
    is_counted = is_one_of(connection, revisions.c.id, counted)
    rows = connection.execute(statement.where(is_counted)).all()
    counts = {
        "source": _counted(row.source for row in rows),
        "tag": _tag_counts(connection, {row.article_id: row.tags for row in rows}),
        "language": _counted(row.language for row in rows),
        "verdict": _counted(row.verdict for row in rows),
        "flag": _counted(flag for row in rows for flag in row.flags),
        "day": _day_counts([row.dated for row in rows]),
    }
    complete = len(found) <= MOST_FACETED and stopped_at is None
    return ArticleFacets(articles=len(counted), is_complete=complete, counts=counts)


def article_total(connection: Connection) -> Estimate:
    """Return the number of stored articles, an estimate if there are more than 10,000."""
    listed = articles.c.newest.is_not(None)  # deleted articles keep their rows
    some = sa.select(articles.c.seq).where(listed).limit(MOST_EXACT + 1).subquery()
    number = connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0
    if number <= MOST_EXACT:
        return Estimate(number, is_exact=True)
    if connection.dialect.name == "postgresql":
        size = sa.text("SELECT reltuples::bigint FROM pg_class WHERE oid = 'articles'::regclass")
        estimate = connection.scalar(size)
    else:  # the number of the last one
        estimate = connection.scalar(sa.select(sa.func.max(articles.c.seq)))
    return Estimate(max(number, int(estimate or 0)), is_exact=False)


def raw_payload(connection: Connection, article_id: str, revision: int | None) -> RawPayload | None:
    """Return the raw article of one revision of an article, by default of the newest.

    Returns None if there is no such revision. `article_id` must be a whole id.
    """
    columns = (revisions.c.number, revisions.c.received, revisions.c.payload)
    statement = sa.select(*columns).where(revisions.c.article_id == article_id)
    if revision is not None:
        statement = statement.where(revisions.c.number == revision)
    row = connection.execute(statement.order_by(revisions.c.number.desc()).limit(1)).first()
    if row is None:
        return None
    return RawPayload(
        article_id=article_id,
        revision=row.number,
        received=row.received,
        payload=unpack_text(row.payload),
    )


def revision_page(
    connection: Connection, article_id: str, before: int | None, limit: int
) -> list[RevisionSummary]:
    """Return up to `limit` revisions of an article with numbers below `before`, the newest first.

    None stands for the beginning of the list. `article_id` must be a whole id.
    """
    names = ("number", "received", "change", "words", "title")
    columns = [revisions.c[name] for name in names]
    statement = sa.select(*columns).where(revisions.c.article_id == article_id)
    if before is not None:
        statement = statement.where(revisions.c.number < before)
    rows = connection.execute(statement.order_by(revisions.c.number.desc()).limit(limit + 1)).all()
    numbers_before = [*(row.number for row in rows[1:]), None]
    return [
        RevisionSummary(**row._mapping, before=number)
        for row, number in zip(rows[:limit], numbers_before, strict=False)
    ]


def revision_texts(
    connection: Connection, article_id: str, numbers: Sequence[int]
) -> dict[int, RevisionText]:
    """Return the texts of these revisions of an article, by number; unknown ones are left out.

    `article_id` must be a whole id.
    """
    columns = (revisions.c.number, revisions.c.title, revisions.c.text)
    statement = sa.select(*columns).where(
        revisions.c.article_id == article_id, revisions.c.number.in_(numbers)
    )
    rows = connection.execute(statement)
    return {row.number: RevisionText(title=row.title, text=row.text) for row in rows}


def _matching_ids(
    connection: Connection, query: Query, after: ArticlePosition | None, most: int
) -> tuple[list[int], int | None]:
    """The row ids of up to `most` revisions that match, and the last one that was looked at.

    That is None if all articles have been looked at, or `most` revisions were found.
    """
    refuse_broad_words(connection, query.words)
    few = _few(connection, query)
    if few is not None:
        matches = (*restrictions(connection, query), *word_conditions(connection, query.words))
        statement = sa.select(revisions.c.id).select_from(NEWEST).where(few, *matches)
        statement = statement.where(*_after(after)).order_by(*_ORDER).limit(most)
        return list(connection.scalars(statement)), None
    others = _other_conditions(connection, query)
    found: list[int] = []
    looked_at: list[int] = []
    for window in _windows(connection, query, after):
        among = (min(window, default=0), max(window, default=0))
        words = word_conditions(connection, query.words, among=among)
        in_window = is_one_of(connection, revisions.c.id, window)
        matching = connection.scalars(sa.select(revisions.c.id).where(in_window, *words, others))
        is_matching = set(matching)
        found += [revision_id for revision_id in window if revision_id in is_matching]
        if len(found) >= most:
            return found[:most], None
        looked_at += window
    return found, looked_at[-1] if len(looked_at) == sum(_WINDOWS) else None


def _other_conditions(connection: Connection, query: Query) -> sa.ColumnElement[bool]:
    """Whether a revision is the newest of its article and matches a query, but for its words, and
    for its time, which is a condition on the windows.

    It is a subquery for each revision that has the words. If it were a join, PostgreSQL would read
    all articles for it.
    """
    conditions = list(restrictions(connection, replace(query, tag="", since=None, until=None)))
    if query.tag:  # of each article that is looked at: others may have the tag a million times
        conditions.append(has_tag(connection, query))
    statement = sa.select(sa.true()).where(IS_NEWEST, *conditions)
    return statement.correlate(revisions).scalar_subquery()


def _windows(
    connection: Connection, query: Query, after: ArticlePosition | None
) -> Iterator[list[int]]:
    """Yield the row ids of the next 200, 600 and 1,700 revisions; the last list may be shorter."""
    # These are conditions on the index by which the revisions are read.
    days = list(restrictions(connection, Query(since=query.since, until=query.until)))
    for size in _WINDOWS:
        statement = sa.select(revisions.c.id).where(*_after(after), *days).order_by(*_ORDER)
        window = list(connection.scalars(statement.limit(size)))
        yield window
        if len(window) < size:
            return
        after = _position(connection, window[-1])


def _few(connection: Connection, query: Query) -> sa.ColumnElement[bool] | None:
    """A condition that names the articles to look at, if the query restricts them to few."""
    statement: sa.Select[Any]
    required_terms, _ = split_terms(query.words)
    if required_terms:
        words = word_conditions(connection, query.words, most=_FEW + 1, in_order=False)
        statement = sa.select(revisions.c.id).where(*words)
        if estimated_rows(connection, statement) <= _MOST_EXPECTED:
            revision_ids = connection.scalars(statement.limit(_FEW + 1)).all()
            if len(revision_ids) <= _FEW:
                return is_one_of(connection, revisions.c.id, revision_ids)
    if query.tag:
        numbers = connection.scalars(tagged_articles(connection, query).limit(_FEW + 1)).all()
        if len(numbers) <= _FEW:
            return is_one_of(connection, articles.c.seq, numbers)
    if query.source:
        number = sa.select(sources.c.articles).where(sources.c.source == query.source)
        if (connection.scalar(number) or 0) <= _FEW:
            owned = sa.select(aliases.c.article_id).where(aliases.c.source == query.source)
            return articles.c.article_id.in_(owned)
    return None


def _after(position: ArticlePosition | None) -> list[sa.ColumnElement[bool]]:
    if position is None:
        return []
    at = sa.literal(position.dated, UtcDateTime)
    earlier_row = sa.and_(dated == at, revisions.c.id < position.revision_id)
    # The first condition lets the database begin in the middle of its index.
    return [dated <= at, sa.or_(dated < at, earlier_row)]


def _position(connection: Connection, revision_id: int) -> ArticlePosition:
    statement = sa.select(dated).where(revisions.c.id == revision_id)
    return ArticlePosition(connection.execute(statement).scalar_one(), revision_id)


def _counted(values: Iterator[str]) -> tuple[FacetCount, ...]:
    most = Counter(filter(None, values)).most_common(_MOST_VALUES)
    return tuple(FacetCount(value, value, number) for value, number in most)


def _tag_counts(connection: Connection, stored: Mapping[str, str | None]) -> tuple[FacetCount, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    labels: dict[tuple[str, str], str] = {}
    for tag in tag_names_in(connection, stored):
        key = tag.scheme, tag.code
        counts[key] += 1
        labels[key] = min(labels.get(key, tag.label), tag.label)
    most = sorted(counts, key=lambda key: (-counts[key], key))[:_MOST_VALUES]
    return tuple(FacetCount(":".join(key), labels[key], counts[key]) for key in most)


def _day_counts(moments: Sequence[datetime]) -> tuple[FacetCount, ...]:
    days = Counter(f"{at:%Y-%m-%d}" for at in moments)
    newest = sorted(days, reverse=True)[:_MOST_VALUES]
    return tuple(FacetCount(day, day, days[day]) for day in newest)
