"""Add a table for texts that are stored but not shown: those of pages that suddenly gave much less
text than was known of their article."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TEXTS = ("receipt", "title", "text", "url")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "held_revisions",
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("since", moment),
        sa.Column("last", moment, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("words", "known_words")),
        sa.Column("flags", Json, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("received", moment, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "content_hash", name="pk_held_revisions"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.article_id"], name="fk_held_revisions_article_id"
        ),
    )


def downgrade() -> None:
    op.drop_table("held_revisions")
