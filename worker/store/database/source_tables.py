"""The tables of sources, and of what was counted for each source and hour.

`worker.store.database.schema` has all tables, and says how they belong together.
"""

from sqlalchemy import BigInteger, Column, Integer, Table

from worker.store.database.columns import KeyText, UtcDateTime
from worker.store.database.table_metadata import metadata

sources = Table(
    "sources",
    metadata,
    Column("source", KeyText, primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("receipts", Integer, nullable=False),
    Column("dead", Integer, nullable=False),
    # Counters of bad external ids; see worker.model.source_trust.
    *(
        Column(count, Integer, nullable=False, server_default="0")
        for count in ("without_id", "reused_ids", "changed_ids")
    ),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
)

hourly_outcomes = Table(
    "hourly_outcomes",
    metadata,
    Column("source", KeyText, primary_key=True),
    # Hours since 1970 in UTC; 0: the running total of all hours, which no clean-up lowers.
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("outcome", KeyText, primary_key=True),
    Column("reason", KeyText, primary_key=True),  # of dead letters, else ""
    Column("articles", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # the rows of a source lie side by side
)

hourly_traits = Table(
    "hourly_traits",
    metadata,
    Column("source", KeyText, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # since 1970 in UTC
    Column("trait", KeyText, primary_key=True),  # see worker.store.writing.article_traits
    Column("articles", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # the rows of a source lie side by side
)

source_snoozes = Table(
    "source_snoozes",
    metadata,
    Column("source", KeyText, primary_key=True),
    Column("until", UtcDateTime, nullable=False),  # no alarm about the source before this time
)
