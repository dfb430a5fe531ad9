"""Measure how many bytes the store takes, and keep a sample a day to see how it grows."""

import shutil
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from worker.store.database.schema import articles, metadata, table_sizes
from worker.store.database.upsert import insert
from worker.store.retention_values import StoreGrowth

_OTHERS = "others"  # what belongs to no table; the whole file of SQLite if tables are not measured
_LEAST_DAYS = 1.0  # between two samples that are compared


def growth(connection: Connection, now: datetime, *, each_table: bool) -> StoreGrowth:
    """Measure the bytes of the store, and how fast it grows.

    The present size is compared with the oldest sample of the last 30 days. Without a sample, the
    size is divided by the time since the first article was stored. `each_table` says whether the
    tables of SQLite are measured, for which its whole file is read.
    """
    tables = sizes(connection, each_table=each_table)
    bytes_a_day, days, sampled = _rate(connection, sum(tables.values()), now)
    return StoreGrowth(
        tables=tables,
        bytes_a_day=bytes_a_day,
        days=days,
        sampled=sampled,
        free_bytes=_free_bytes(connection),
    )


def _rate(connection: Connection, total: int, now: datetime) -> tuple[float | None, float, bool]:
    """Return the bytes a day by which the store grows, over how many days, and whether a sample
    says so."""
    oldest = f"{now - timedelta(days=30):%Y-%m-%d}"
    c = table_sizes.c
    sample = connection.execute(
        sa.select(c.day, sa.func.sum(c.bytes).label("bytes"))
        .where(c.day >= oldest)
        .group_by(c.day)
        .order_by(c.day)
        .limit(1)
    ).first()
    if sample:
        begun = datetime.fromisoformat(f"{sample.day}T00:00:00+00:00")
        days = (now - begun) / timedelta(days=1)
        if days >= _LEAST_DAYS + 1:
            rate = max(0.0, (total - float(sample.bytes)) / days)
            return rate, days, True
    first = connection.scalar(sa.select(articles.c.first_seen).order_by(articles.c.seq).limit(1))
    if first is None:
        return None, 0, False
    days = max((now - first) / timedelta(days=1), 1.0)
    return total / days, days, False


def _free_bytes(connection: Connection) -> int | None:
    """The free bytes of the disk that has the file of an SQLite store; None for other stores."""
    if connection.dialect.name != "sqlite" or not (file := connection.engine.url.database):
        return None
    try:
        return shutil.disk_usage(file).free
    except OSError:
        return None


def store_sample(connection: Connection, now: datetime) -> None:
    """Store the sizes that the tables have today, unless that was done earlier today."""
    day = f"{now:%Y-%m-%d}"
    if connection.scalar(sa.select(sa.exists().where(table_sizes.c.day == day))):
        return
    found = sizes(connection, each_table=False)
    rows = [{"day": day, "name": name, "bytes": n} for name, n in found.items()]
    connection.execute(insert(connection, table_sizes).on_conflict_do_nothing(), rows)


def sizes(connection: Connection, *, each_table: bool) -> dict[str, int]:
    """Return how many bytes each table takes with its indexes, the largest first: table -> bytes.
    What belongs to no table of the schema is under `others`.

    For SQLite, single tables are measured only with `each_table`, because then the whole file must
    be read; otherwise the size of the file is under `others`.
    """
    if connection.dialect.name == "postgresql":
        found = _in_postgres(connection)
    else:
        found = _in_sqlite(connection, each_table=each_table)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _in_postgres(connection: Connection) -> dict[str, int]:
    rows = connection.exec_driver_sql(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    )
    return {name: size for name, size in rows if name in metadata.tables}


def _in_sqlite(connection: Connection, *, each_table: bool) -> dict[str, int]:
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    page_bytes = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    total = int(pages) * int(page_bytes)
    if not each_table:
        return {_OTHERS: total}
    try:
        rows = connection.exec_driver_sql(
            "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat AS d "
            "JOIN sqlite_schema AS m ON m.name = d.name WHERE d.aggregate = TRUE GROUP BY 1"
        ).all()
    except OperationalError:  # a library without the table dbstat
        return {_OTHERS: total}
    found = {name: int(size) for name, size in rows if name in metadata.tables}
    return {**found, _OTHERS: max(0, total - sum(found.values()))}
