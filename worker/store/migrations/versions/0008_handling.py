"""Add columns for which worker processed a delivered article, and how often its message was
delivered.

The table of deliveries, `receipts`, also gets an index by time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    worker = sa.Column("worker", sa.Text, nullable=False, server_default="")
    deliveries = sa.Column("deliveries", sa.Integer, nullable=False, server_default="1")
    op.add_column("receipts", worker)
    op.add_column("receipts", deliveries)
    op.create_index("ix_receipts_at", "receipts", ["at"])


def downgrade() -> None:
    op.drop_index("ix_receipts_at", "receipts")
    op.drop_column("receipts", "deliveries")
    op.drop_column("receipts", "worker")
