"""Add a column to withdrawn articles that tells when the publisher's withdrawal was fetched, so
that a later delivery of the article can bring it back.

The column is NULL for articles that an operator deleted, and for all that were withdrawn before
this migration: these are never brought back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("articles", sa.Column("withdrawal_fetched_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("articles", "withdrawal_fetched_at")
