"""The tables of deliveries: receipts (what became of each delivery), the decisions on articles,
dead letters (articles that failed), held articles, and counts for the ledger.

`worker.store.database.schema` has all tables, and says how they belong together.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from worker.store.database.columns import FreeText, JsonColumn, KeyText, SerialColumn, UtcDateTime
from worker.store.database.table_metadata import metadata

receipts = Table(
    "receipts",
    metadata,
    Column("receipt", KeyText, primary_key=True),
    Column("outcome", KeyText, nullable=False),
    Column("article_id", KeyText, index=True),
    Column("revision", Integer, nullable=False),
    Column("letter_id", KeyText),
    Column("reason", KeyText, nullable=False),
    Column("source", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("worker", KeyText, nullable=False, server_default=""),
    Column("deliveries", Integer, nullable=False, server_default="1"),
    Column("payload_hash", KeyText, nullable=False, server_default=""),  # "" in older rows
    Column("traceparent", KeyText, nullable=False, server_default=""),  # W3C Trace Context, or ""
)

decisions = Table(
    "decisions",
    metadata,
    Column("receipt", KeyText, ForeignKey("receipts.receipt"), primary_key=True),
    Column("article_id", KeyText, nullable=False, index=True),
    Column("verdict", KeyText, nullable=False),
    Column("signal", KeyText, nullable=False),
    Column("rival", KeyText, nullable=False),
    Column("scores", JsonColumn, nullable=False),
    Column("thresholds", JsonColumn, nullable=False),
    Column("version", KeyText, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("letter_id", KeyText, primary_key=True),
    Column("reason", KeyText, nullable=False),
    Column("detail", FreeText, nullable=False),
    Column("stage", KeyText, nullable=False),
    Column("source", KeyText, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", KeyText, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("first", UtcDateTime, nullable=False),
    Column("last", UtcDateTime, nullable=False),
    Column("queue", KeyText, nullable=False, server_default=""),  # of an undeliverable message
    Column("replay", KeyText),  # receipt of the last replay; its outcome is in receipts
    Column("replay_at", UtcDateTime),
    # How the replay with the receipt `replay_ended` ended; set when that receipt is removed.
    Column("replay_ended", KeyText),
    Column("replay_outcome", KeyText),
    Column("replay_article", KeyText),  # id of the article that it led to
    Index("ix_dead_letters_last_letter_id", "last", "letter_id"),
)

held_articles = Table(
    "held_articles",  # raw articles of paused sources, which wait to go back to their queues
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    Column("receipt", KeyText, nullable=False),
    Column("digest", KeyText, nullable=False),  # of the payload: a receipt may be used twice
    Column("source", KeyText, nullable=False),
    Column("queue", KeyText, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("holds", Integer, nullable=False),  # times that it was held
    Column("held_at", UtcDateTime, nullable=False),  # the last of them
    UniqueConstraint("receipt", "digest"),
    Index("ix_held_articles_source_id", "source", "id"),
    sqlite_autoincrement=True,
)

journal = Table(
    "journal",
    metadata,
    Column("receipt", KeyText, primary_key=True),
    Column("message_id", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)

journal_messages = Table(
    "journal_messages",
    metadata,
    Column("producer", KeyText, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)

# What removed receipts said. No foreign keys: a worker of an earlier version removes revisions, but
# does not know these two tables.
revision_origins = Table(
    "revision_origins",
    metadata,
    Column("article_id", KeyText, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("receipt", KeyText, nullable=False, index=True),
    Column("outcome", KeyText, nullable=False),
    Column("source", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("worker", KeyText, nullable=False),
    Column("deliveries", Integer, nullable=False),
    # The decision; NULL if it was removed before, with the content of its article.
    Column("verdict", KeyText),
    Column("signal", KeyText),
    Column("rival", KeyText),
    Column("scores", JsonColumn),
    Column("thresholds", JsonColumn),
    Column("version", KeyText),
)

reclean_marks = Table(
    "reclean_marks",
    metadata,
    Column("article_id", KeyText, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("cleaner", KeyText, nullable=False),  # the last version that cleaned it in vain
)

ledger_days = Table(
    "ledger_days",
    metadata,
    Column("day", KeyText, primary_key=True),  # UTC, such as 2026-11-22
    Column("outcome", KeyText, primary_key=True),
    # Whether the receipts were in the journal, counted on the day of that entry; the others were
    # sent by other clients, counted on the day of the outcome.
    Column("journaled", Boolean, primary_key=True),
    Column("receipts", BigInteger, nullable=False),
)
