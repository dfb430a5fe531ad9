"""Read the titles of articles to show them to people, and find articles by key or link."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import storable
from worker.store.database.schema import (
    LINK_PREFIX_LENGTH,
    aliases,
    articles,
    link_prefix,
    revisions,
    sources,
)
from worker.store.database.statements import NEWEST, chunks
from worker.store.values import DisplayTitle


def titles(connection: Connection, article_ids: Sequence[str]) -> dict[str, DisplayTitle]:
    """Return article id -> title and source, to show to people in place of the id.

    A withdrawn or unknown article has no entry.
    """
    title_of = {}
    columns = (articles.c.article_id, articles.c.source, revisions.c.title)
    for chunk in chunks(sorted(set(article_ids))):
        statement = sa.select(*columns).select_from(NEWEST)
        for row in connection.execute(statement.where(articles.c.article_id.in_(chunk))).mappings():
            title_of[row["article_id"]] = DisplayTitle(**row)
    return title_of


def find_articles(
    connection: Connection, keys: Sequence[str], urls: Sequence[str]
) -> Sequence[str]:
    """Return the ids of the articles that have one of these keys or one of these links.

    A key, such as "id:…", "url:…" or "text:…", identifies an article within its source. Links must
    be without tracking parameters, as they are stored.
    """
    article_ids = {*_with_keys(connection, keys), *_with_urls(connection, urls)}
    statement = sa.select(articles.c.article_id).where(articles.c.article_id.in_(article_ids))
    return connection.scalars(statement.order_by(articles.c.seq)).all()


def _with_keys(connection: Connection, keys: Sequence[str]) -> Sequence[str]:
    # Begin with the sources, which are few: the index of aliases is on source and key together.
    name: sa.ColumnElement[str] = sources.c.source
    if connection.dialect.name == "sqlite":
        name = sa.literal_column("+sources.source")  # which SQLite can't look up
    same = sa.and_(aliases.c.source == name, aliases.c.key.in_(keys))
    statement = sa.select(aliases.c.article_id).select_from(sources.join(aliases, same))
    return connection.scalars(statement).all() if keys else []


def _with_urls(connection: Connection, urls: Sequence[str]) -> Sequence[str]:
    prefixes = [storable(url)[:LINK_PREFIX_LENGTH] for url in urls]
    # SQLite would put a single address into the condition before, which then fits no index.
    whole = sa.func.coalesce(revisions.c.url, "")
    statement = sa.select(revisions.c.article_id).where(link_prefix.in_(prefixes), whole.in_(urls))
    return connection.scalars(statement).all() if urls else []
