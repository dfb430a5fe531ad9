"""Store with each receipt its worker and number of deliveries, and index receipts by time.

The ledger uses the index to count receipts that have no journal entry.
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
