"""Add a column to articles with a hash of the raw article that was processed last, so that a raw
article that has not changed is recognised without being cleaned.

The column is NULL for articles stored before this migration. The next delivery of such an article
is cleaned, and its hash is stored then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("articles", sa.Column("raw_mark", sa.LargeBinary))


def downgrade() -> None:
    op.drop_column("articles", "raw_mark")
