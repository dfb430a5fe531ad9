"""Add a table that counts traits of new articles by source and hour, such as a missing date, and a
table of the sources about which nobody wants to be told for a while.

Both are empty at first. What was stored before is not counted: a share is compared with earlier
ones only after some weeks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "hourly_traits",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("trait", sa.Text, nullable=False),
        sa.Column("articles", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", "trait", name="pk_hourly_traits"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "source_snoozes",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("source_snoozes")
    op.drop_table("hourly_traits")
