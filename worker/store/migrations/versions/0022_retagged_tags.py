"""Add a column to the change feed that says which tags an article gained and lost.

It is NULL for entries written before this migration, and for those of other kinds than `retagged`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("changes", sa.Column("tags", sa.JSON().with_variant(JSONB(), "postgresql")))


def downgrade() -> None:
    op.drop_column("changes", "tags")
