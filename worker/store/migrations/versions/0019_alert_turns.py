"""Add a table with the state of alerts, and a column for the trace that an article belongs to.

The table has one row, written by the worker that judges the state of the system. The column
`traceparent` of receipts is empty for articles of which no trace is known, and for those stored
before this migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "alert_turns",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.add_column("receipts", sa.Column("traceparent", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("receipts", "traceparent")
    op.drop_table("alert_turns")
