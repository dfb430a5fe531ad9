"""Store with each receipt a hash of the payload that it was used for.

A receipt that comes again with other content is recognised by it. Receipts stored earlier have
none; whatever comes again under one of them counts as the same content.
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
