"""Store with each article a hash of the raw article that was processed last, so that an unchanged
one is recognised before it is cleaned.

It is NULL for articles stored before: the next delivery of each is cleaned, and stores it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("articles", sa.Column("raw_mark", sa.LargeBinary))


def downgrade() -> None:
    op.drop_column("articles", "raw_mark")
