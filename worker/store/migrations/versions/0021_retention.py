"""Add tables for facts of old receipts (outcomes of deliveries) that are needed after these are
removed, and for the sizes of tables.

All are empty at first, so that the migration is fast. A fact is copied in the transaction that
removes its receipt (worker.store.retention.moved_facts), whichever version has stored the receipt.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "revision_origins",
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.Column("verdict", sa.Text),
        sa.Column("signal", sa.Text),
        sa.Column("rival", sa.Text),
        sa.Column("scores", Json),
        sa.Column("thresholds", Json),
        sa.Column("version", sa.Text),
        sa.PrimaryKeyConstraint("article_id", "number", name="pk_revision_origins"),
    )
    op.create_index("ix_revision_origins_receipt", "revision_origins", ["receipt"])
    op.create_table(
        "reclean_marks",
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("cleaner", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "number", name="pk_reclean_marks"),
    )
    op.create_table(
        "ledger_days",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("journaled", sa.Boolean, nullable=False),
        sa.Column("receipts", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "outcome", "journaled", name="pk_ledger_days"),
    )
    op.create_table(
        "table_sizes",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "name", name="pk_table_sizes"),
    )
    for column in ("replay_ended", "replay_outcome", "replay_article"):
        op.add_column("dead_letters", sa.Column(column, sa.Text))


def downgrade() -> None:
    for column in ("replay_article", "replay_outcome", "replay_ended"):
        op.drop_column("dead_letters", column)
    for table in ("table_sizes", "ledger_days", "reclean_marks", "revision_origins"):
        op.drop_table(table)
