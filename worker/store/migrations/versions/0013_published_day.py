"""Add columns to table `revisions` for the day of publication in the publisher's own time zone, and
for that zone. They are NULL in revisions that were stored before, until these are cleaned again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("revisions", sa.Column("published_day", sa.Date))
    op.add_column("revisions", sa.Column("published_zone", sa.Text))


def downgrade() -> None:
    op.drop_column("revisions", "published_zone")
    op.drop_column("revisions", "published_day")
