"""Add tables for moves of articles between clusters and for pins, and columns about edits and ids.

A cluster is an article and its copies; a pin binds an article to one. The columns tell how much a
revision changed the article, and count a source's missing, reused and changed external ids.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTS = ("without_id", "reused_ids", "changed_ids")


def upgrade() -> None:
    op.add_column("revisions", sa.Column("change", sa.Text, nullable=False, server_default=""))
    for count in COUNTS:
        column = sa.Column(count, sa.Integer, nullable=False, server_default="0")
        op.add_column("sources", column)
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "moves",
        sa.Column("id", Serial, nullable=False, autoincrement=True),
        sa.Column("at", moment, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("article_id", "left", "joined")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("reason", "by", "rival")),
        *(sa.Column(name, Json, nullable=False) for name in ("scores", "thresholds")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("version", "note")),
        sa.PrimaryKeyConstraint("id", name="pk_moves"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_moves_article_id", "moves", ["article_id"])
    op.create_table(
        "pins",
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("cluster_id", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("article_id", name="pk_pins"),
    )
    withdrawn = sa.text("withdrawn_at IS NOT NULL")
    op.create_index(
        "ix_articles_withdrawn",
        "articles",
        ["article_id"],
        sqlite_where=withdrawn,
        postgresql_where=withdrawn,
    )


def downgrade() -> None:
    op.drop_index("ix_articles_withdrawn", "articles")
    op.drop_table("pins")
    op.drop_table("moves")
    for count in COUNTS:
        op.drop_column("sources", count)
    op.drop_column("revisions", "change")
