"""Add two tables on the health of sources.

`hourly_traits` counts new articles with a certain trait, such as a missing date, by source and
hour. `source_snoozes` lists the sources that raise no alerts until a given time. Both are empty at
first, and articles that were stored before are not counted. So it takes some weeks until there are
earlier numbers to compare new ones with.
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
