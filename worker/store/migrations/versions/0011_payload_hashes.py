"""Store with each receipt, the id of a delivery, a hash of the raw article that was delivered under
it.

By it a receipt that comes again with another article is recognised. Receipts that were stored
earlier have no hash; what comes again under one of them counts as the same article.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    payload_hash = sa.Column("payload_hash", sa.Text, nullable=False, server_default="")
    op.add_column("receipts", payload_hash)


def downgrade() -> None:
    op.drop_column("receipts", "payload_hash")
