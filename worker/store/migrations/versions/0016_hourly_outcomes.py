"""Add a table that counts the outcomes of the articles of each source by hour, and a table that
stores how far long jobs have come.

Both are empty at first, so that the migration is fast. The outcomes stored before are counted
afterwards, in short transactions (worker.store.writing.missed_outcomes).
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "hourly_outcomes",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("articles", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", "outcome", "reason", name="pk_hourly_outcomes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_progress",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("job_progress")
    op.drop_table("hourly_outcomes")
