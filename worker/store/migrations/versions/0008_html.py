"""The body as safe markup, for whoever asks for it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("revisions", sa.Column("html", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("revisions", "html")
