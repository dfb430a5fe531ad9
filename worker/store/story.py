"""What the story of an article takes besides `show`: who is meant, and what others are called."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store import Title
from worker.store.columns import Name, Words
from worker.store.reading import NEWEST, chunks
from worker.store.schema import aliases, articles, link_beginning, revisions, sources


def titles(connection: Connection, article_ids: Sequence[str]) -> dict[str, Title]:
    found = {}
    columns = (articles.c.article_id, articles.c.source, revisions.c.title)
    for chunk in chunks(sorted(set(article_ids))):
        statement = sa.select(*columns).select_from(NEWEST)
        for row in connection.execute(statement.where(articles.c.article_id.in_(chunk))).mappings():
            found[row["article_id"]] = Title(**row)
    return found


def known_by(connection: Connection, keys: Sequence[str], urls: Sequence[str]) -> Sequence[str]:
    # By way of the sources, which are few: an alias is found by source and key together.
    key, url = sa.column("key", Name), sa.column("url", Words)
    its_keys = sa.values(key, name="its_keys").data([(each,) for each in keys]).cte("its_keys")
    its_urls = sa.values(url, name="its_urls").data([(each,) for each in urls]).cte("its_urls")
    alias = sa.and_(aliases.c.source == sources.c.source, aliases.c.key == its_keys.c.key)
    by_key = sa.select(aliases.c.article_id).select_from(
        its_keys.join(sources, sa.true()).join(aliases, alias)
    )
    beginning = sa.func.substr(its_urls.c.url, 1, 200)
    linked = sa.and_(link_beginning == beginning, revisions.c.url == its_urls.c.url)
    by_url = sa.select(revisions.c.article_id).select_from(its_urls.join(revisions, linked))
    found = {*connection.scalars(by_key), *connection.scalars(by_url)}
    statement = sa.select(articles.c.article_id).where(articles.c.article_id.in_(found))
    return connection.scalars(statement.order_by(articles.c.first_seen, articles.c.seq)).all()
