"""Add columns about sending a dead letter through the worker again, and an index of links.

A dead letter is an article or message that could not be processed. The columns hold the receipt
(id) and time of the last attempt, and the queue of a message that could not be delivered. The index
serves to find articles by link.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("dead_letters", sa.Column("queue", sa.Text, nullable=False, server_default=""))
    op.add_column("dead_letters", sa.Column("replay", sa.Text))
    op.add_column("dead_letters", sa.Column("replay_at", sa.DateTime(timezone=True)))
    # Links can be longer than an index row.
    op.create_index("ix_revisions_link", "revisions", [sa.text("substr(url, 1, 200)")])


def downgrade() -> None:
    op.drop_index("ix_revisions_link", "revisions")
    for column in ("replay_at", "replay", "queue"):
        op.drop_column("dead_letters", column)
