"""Add a column for when an article was last changed by cleaning it again, without a new revision.

Triggers on the tables add an entry of kind `refreshed` to the change feed (the list of all changes)
then, and keep full-text search up to date.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

IN_POSTGRES = """
CREATE TRIGGER articles_refreshed_change AFTER UPDATE OF refreshed_at ON articles
FOR EACH ROW WHEN (new.withdrawn_at IS NULL) EXECUTE FUNCTION note_change('refreshed')"""
IN_SQLITE = [
    """
CREATE TRIGGER articles_refreshed_change AFTER UPDATE OF refreshed_at ON articles
WHEN new.withdrawn_at IS NULL BEGIN
    INSERT INTO changes(at, kind, article_id, revision)
    VALUES (new.refreshed_at, 'refreshed', new.article_id, new.revision);
END""",
    # The search index stores no text of its own, so the old text must be removed explicitly.
    """
CREATE TRIGGER revisions_fts_update AFTER UPDATE OF title, text, summary ON revisions BEGIN
    INSERT INTO revisions_fts(revisions_fts, rowid, title, text, summary)
    VALUES ('delete', old.id, old.title, old.text, old.summary);
    INSERT INTO revisions_fts(rowid, title, text, summary)
    VALUES (new.id, new.title, new.text, new.summary);
END""",
]


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    op.add_column("articles", sa.Column("refreshed_at", sa.DateTime(timezone=True)))
    for statement in [IN_POSTGRES] if postgres else IN_SQLITE:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if not postgres:
        op.get_bind().exec_driver_sql("DROP TRIGGER revisions_fts_update")
    on = " ON articles" if postgres else ""
    op.get_bind().exec_driver_sql(f"DROP TRIGGER articles_refreshed_change{on}")
    op.drop_column("articles", "refreshed_at")
