"""Add a column that says how much an article is about a name that it is tagged with; NULL for tags
that were stored before, and for topics."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("tags", sa.Column("salience", sa.Float))


def downgrade() -> None:
    op.drop_column("tags", "salience")
