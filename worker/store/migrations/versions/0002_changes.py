"""Add the change feed: a table that lists what happened to articles, in the order of commits.

Triggers of the database write it, not the application. So no change is missing, whether an older
worker, a repair by hand or a later command made it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    # PostgreSQL converts an xid8 to a number only through text.
    xid = "(pg_current_xact_id()::text::bigint)" if postgres else "0"
    op.create_table(
        "changes",
        sa.Column("id", Serial, nullable=False, autoincrement=True),
        sa.Column("xid", Serial, nullable=False, server_default=sa.text(xid)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_xid_id", "changes", ["xid", "id"], unique=True)
    # Writers wait from here on: their changes are either copied below or written by triggers.
    for statement in (*(IN_POSTGRES if postgres else IN_SQLITE), STORED_BEFORE, WITHDRAWN_BEFORE):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for table, events in TRIGGERS.items():
        for event in events:
            on = f" ON {table}" if postgres else ""
            op.get_bind().exec_driver_sql(f"DROP TRIGGER {table}_{event}_change{on}")
    if postgres:
        op.get_bind().exec_driver_sql("DROP FUNCTION note_change")
    op.drop_table("changes")


STORED_BEFORE = """
INSERT INTO changes(at, kind, article_id, revision)
SELECT received, 'stored', article_id, number FROM revisions ORDER BY id"""

WITHDRAWN_BEFORE = """
INSERT INTO changes(at, kind, article_id, revision)
SELECT withdrawn_at, 'withdrawn', article_id, revision FROM articles
WHERE withdrawn_at IS NOT NULL ORDER BY withdrawn_at, seq"""

TRIGGERS = {"revisions": ["stored"], "articles": ["withdrawn", "judged"]}
WITHDRAWN_NOW = "old.withdrawn_at IS NULL AND new.withdrawn_at IS NOT NULL"
# The verdict and the cluster of a new revision are part of the change of that revision.
VERDICT_CHANGED = """
new.newest = old.newest AND (new.verdict <> old.verdict OR new.cluster_id <> old.cluster_id)"""

# Runs with the rights of the owner: accounts of older workers have none on this table.
IN_POSTGRES = [
    "LOCK TABLE articles, revisions IN SHARE ROW EXCLUSIVE MODE",  # in the order of writers
    """
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_ARGV[0] = 'stored' THEN
        INSERT INTO changes(at, kind, article_id, revision)
        VALUES (new.received, TG_ARGV[0], new.article_id, new.number);
    ELSE
        INSERT INTO changes(at, kind, article_id, revision)
        VALUES (coalesce(new.withdrawn_at, now()), TG_ARGV[0], new.article_id, new.revision);
    END IF;
    RETURN NULL;
END $$""",
    """
CREATE TRIGGER revisions_stored_change AFTER INSERT ON revisions
FOR EACH ROW EXECUTE FUNCTION note_change('stored')""",
    f"""
CREATE TRIGGER articles_withdrawn_change AFTER UPDATE OF withdrawn_at ON articles
FOR EACH ROW WHEN ({WITHDRAWN_NOW}) EXECUTE FUNCTION note_change('withdrawn')""",
    f"""
CREATE TRIGGER articles_judged_change AFTER UPDATE OF verdict, cluster_id ON articles
FOR EACH ROW WHEN ({VERDICT_CHANGED}) EXECUTE FUNCTION note_change('judged')""",
]

NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


NOTE = "INSERT INTO changes(at, kind, article_id, revision) VALUES"

IN_SQLITE = [
    "CREATE TRIGGER revisions_stored_change AFTER INSERT ON revisions "
    f"BEGIN {NOTE} (new.received, 'stored', new.article_id, new.number); END",
    "CREATE TRIGGER articles_withdrawn_change AFTER UPDATE OF withdrawn_at ON articles "
    f"WHEN {WITHDRAWN_NOW} "
    f"BEGIN {NOTE} (new.withdrawn_at, 'withdrawn', new.article_id, new.revision); END",
    "CREATE TRIGGER articles_judged_change AFTER UPDATE OF verdict, cluster_id ON articles "
    f"WHEN {VERDICT_CHANGED} "
    f"BEGIN {NOTE} ({NOW}, 'judged', new.article_id, new.revision); END",
]
