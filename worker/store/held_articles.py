"""Store, count and release raw articles of paused sources, in SQLite and PostgreSQL databases."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import RowMapping

from worker.model.dataclass_fields import field_names, field_values
from worker.model.queue_place import QueuePlace
from worker.store.database.columns import stored_name
from worker.store.database.engine import Transaction
from worker.store.database.packing import pack_text, unpack_text
from worker.store.database.rows import Row
from worker.store.database.schema import held_articles
from worker.store.database.statements import chunks
from worker.store.database.upsert import insert
from worker.store.held_values import HeldArticle, HeldCount, StoredHeldArticle


class SqlHeldArticles:
    """Raw articles that are held in an SQL database because their source is paused.

    It implements the protocol HeldArticleStore, whose docstrings describe the methods. `reading`
    and `writing` are functions that open a transaction of the database.
    """

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    def hold(self, articles: Sequence[HeldArticle], *, now: datetime) -> None:
        rows = list({(x.receipt, x.digest): _row(x, now) for x in articles}.values())
        if not rows:
            return
        with self._writing() as connection:
            statement = insert(connection, held_articles)
            again = {"holds": held_articles.c.holds + 1, "held_at": statement.excluded.held_at}
            keys = ["receipt", "digest"]
            connection.execute(
                statement.on_conflict_do_update(index_elements=keys, set_=again), rows
            )

    def page(self, source: str, limit: int) -> list[StoredHeldArticle]:
        statement = sa.select(held_articles).where(held_articles.c.source == source)
        statement = statement.order_by(held_articles.c.id).limit(limit)
        with self._reading() as connection:
            return [_stored(row) for row in connection.execute(statement).mappings()]

    def release(self, articles: Sequence[StoredHeldArticle]) -> None:
        if not articles:
            return
        is_unchanged = sa.and_(
            held_articles.c.id == sa.bindparam("p_id"),
            held_articles.c.holds == sa.bindparam("p_holds"),
        )
        rows = [{"p_id": x.row_id, "p_holds": x.holds} for x in articles]
        with self._writing() as connection:
            connection.execute(sa.delete(held_articles).where(is_unchanged), rows)

    def counts(self) -> dict[str, HeldCount]:
        columns = held_articles.c
        statement = sa.select(
            columns.source, sa.func.count().label("articles"), sa.func.min(columns.held_at)
        ).group_by(columns.source)
        with self._reading() as connection:
            rows = connection.execute(statement.order_by(columns.source)).all()
        return {source: HeldCount(articles=count, since=since) for source, count, since in rows}

    def of_receipts(self, receipts: Sequence[str]) -> dict[str, StoredHeldArticle]:
        found: dict[str, StoredHeldArticle] = {}
        asked = {stored_name(receipt): receipt for receipt in receipts}
        with self._reading() as connection:
            for chunk in chunks(list(asked)):
                statement = sa.select(held_articles).where(held_articles.c.receipt.in_(chunk))
                for row in connection.execute(statement).mappings():
                    found[asked[row["receipt"]]] = _stored(row)
        return found

    def held_receipts(self, receipts: Sequence[str]) -> set[str]:
        asked = {stored_name(receipt): receipt for receipt in receipts}
        found: set[str] = set()
        with self._reading() as connection:
            for chunk in chunks(list(asked)):
                column = held_articles.c.receipt
                found.update(connection.scalars(sa.select(column).where(column.in_(chunk))))
        return {asked[receipt] for receipt in found}


def _row(article: HeldArticle, now: datetime) -> Row:
    return {
        "receipt": article.receipt,
        "digest": article.digest,
        "source": article.source,
        **field_values(article.place),
        "payload": article.frame or pack_text(article.text),
        "holds": 1,
        "held_at": now,
    }


def _stored(row: RowMapping) -> StoredHeldArticle:
    article = HeldArticle(
        receipt=row["receipt"],
        source=row["source"],
        text=unpack_text(row["payload"]),
        digest=row["digest"],
        place=QueuePlace(**{name: row[name] for name in field_names(QueuePlace)}),
    )
    return StoredHeldArticle(
        row_id=row["id"], holds=row["holds"], article=article, held_at=row["held_at"]
    )
