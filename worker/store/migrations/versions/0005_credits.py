"""Add columns to table `revisions` for contributors, keywords, lead image, and place and agency."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_LISTS = ("contributors", "keywords")
_TEXTS = ("image", "place", "agency")


def upgrade() -> None:
    for name in _LISTS:
        kind = sa.JSON().with_variant(JSONB(), "postgresql")
        op.add_column("revisions", sa.Column(name, kind, nullable=False, server_default="[]"))
    for name in _TEXTS:
        op.add_column("revisions", sa.Column(name, sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    for name in (*_LISTS, *_TEXTS):
        op.drop_column("revisions", name)
