"""Add a column for the text of a revision as safe HTML. It is filled only if the config enables
it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("revisions", sa.Column("html", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("revisions", "html")
