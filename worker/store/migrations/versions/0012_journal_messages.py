"""Store the number of each message that a producer pushed, so that the ledger finds lost ones."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "journal_messages",
        sa.Column("producer", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_journal_messages_at", "journal_messages", ["at"])


def downgrade() -> None:
    op.drop_table("journal_messages")
