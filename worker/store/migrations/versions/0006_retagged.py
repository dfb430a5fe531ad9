"""Add a column for when the tags of an article last changed without a new revision.

A trigger on it adds an entry of kind `retagged` to the change feed, the list of all changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

IN_POSTGRES = """
CREATE TRIGGER articles_retagged_change AFTER UPDATE OF retagged_at ON articles
FOR EACH ROW WHEN (new.withdrawn_at IS NULL) EXECUTE FUNCTION note_change('retagged')"""
IN_SQLITE = """
CREATE TRIGGER articles_retagged_change AFTER UPDATE OF retagged_at ON articles
WHEN new.withdrawn_at IS NULL BEGIN
    INSERT INTO changes(at, kind, article_id, revision)
    VALUES (new.retagged_at, 'retagged', new.article_id, new.revision);
END"""


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    op.add_column("articles", sa.Column("retagged_at", sa.DateTime(timezone=True)))
    op.get_bind().exec_driver_sql(IN_POSTGRES if postgres else IN_SQLITE)


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    on = " ON articles" if postgres else ""
    op.get_bind().exec_driver_sql(f"DROP TRIGGER articles_retagged_change{on}")
    op.drop_column("articles", "retagged_at")
