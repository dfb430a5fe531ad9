"""Add the journal: a table of the receipts that the broker has accepted from producers.

A receipt is the id of one delivered raw article. By comparing the journal with the stored outcomes,
`worker ledger` finds articles that were lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("receipt", name="pk_journal"),
    )
    op.create_index("ix_journal_at", "journal", ["at"])


def downgrade() -> None:
    op.drop_table("journal")
