"""The tables of clusters, which are groups of articles with the same text.

`worker.store.database.schema` has all tables, and says how they belong together.
"""

from sqlalchemy import Column, Integer, Table

from worker.store.database.columns import FreeText, JsonColumn, KeyText, SerialColumn, UtcDateTime
from worker.store.database.table_metadata import metadata

clusters = Table(
    "clusters",
    metadata,
    Column("cluster_id", KeyText, primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
)

moves = Table(
    "moves",
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("article_id", KeyText, nullable=False, index=True),
    Column("left", KeyText, nullable=False),  # cluster
    Column("joined", KeyText, nullable=False),  # cluster
    Column("reason", KeyText, nullable=False),
    Column("by", KeyText, nullable=False),
    Column("rival", KeyText, nullable=False),
    Column("scores", JsonColumn, nullable=False),
    Column("thresholds", JsonColumn, nullable=False),
    Column("version", KeyText, nullable=False),
    Column("note", FreeText, nullable=False),
    sqlite_autoincrement=True,
)

pins = Table(
    "pins",
    metadata,
    Column("article_id", KeyText, primary_key=True),
    Column("cluster_id", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("note", FreeText, nullable=False),
)
