"""Add a table for raw articles that are held because an operator has paused their source."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = ("receipt", "digest", "source", "queue")


def upgrade() -> None:
    op.create_table(
        "held_articles",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in NAMES),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("quarantined", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("holds", sa.Integer, nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("receipt", "digest", name="uq_held_articles_receipt_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_held_articles_source_id", "held_articles", ["source", "id"])


def downgrade() -> None:
    op.drop_table("held_articles")
