"""Add a table of access tokens and a table that lists who did what, and an index by which dead
letters are listed page by page.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("scopes", _JSON, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("hash", name="uq_access_tokens_hash"),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("details", _JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dead_letters_last_letter_id", "dead_letters", ["last", "letter_id"])


def downgrade() -> None:
    op.drop_index("ix_dead_letters_last_letter_id", "dead_letters")
    op.drop_table("audit_log")
    op.drop_table("access_tokens")
