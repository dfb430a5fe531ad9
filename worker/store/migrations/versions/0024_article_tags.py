"""Store the tags of an article in one row, and what many tags have in common only once.

Before, each tag of each article was a row of its own, which repeated scheme, method and version:
which list the tag is from, how it was found, and by which rules. Now a row of the new table
`article_tags` has all tags of an article, and names these facts by a number of the new table
`provenances`. A revision names what cleaned it in the same way. The store becomes smaller.

The table of tags gets the name `tag_rows`, and a view takes its old name. So a worker of an earlier
version reads and writes tags as before: it reads those in both tables, and what it writes is in
`tag_rows` until a worker of this version moves it. Nothing is moved here, so the migration takes
moments, whatever the size of the store.

The view has codes and labels in lower case, too, for a search in any letter case. They are so only
as far as the database knows letters: a worker of an earlier version on SQLite may miss a label with
other letters in capitals.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_NUMBERS = sa.JSON().with_variant(sa.ARRAY(sa.BigInteger), "postgresql")


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "provenances",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=False),
        sa.Column("facts", _JSON, nullable=False),
    )
    op.create_table(
        "article_tags",
        sa.Column("article", _SERIAL, primary_key=True, autoincrement=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("terms", _NUMBERS, nullable=False),
    )
    op.add_column("revisions", sa.Column("provenance", sa.BigInteger))
    if postgres:
        op.create_index("ix_article_tags_terms", "article_tags", ["terms"], postgresql_using="gin")
    op.rename_table("tags", "tag_rows")
    for statement in IN_POSTGRES if postgres else IN_SQLITE:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    run = op.get_bind().exec_driver_sql
    run(f"INSERT INTO tag_rows ({COLUMNS}) {OF_VALUES_IN_POSTGRES if postgres else OF_VALUES}")
    run(VERSIONS_IN_POSTGRES if postgres else VERSIONS_IN_SQLITE)
    _fold_as_before()
    run("DROP VIEW tags")
    if postgres:
        run("DROP FUNCTION write_tag_row")
    op.rename_table("tag_rows", "tags")
    op.drop_table("article_tags")
    if not postgres:
        op.drop_table("tag_index")
    op.drop_column("revisions", "provenance")
    op.drop_table("provenances")


def _fold_as_before() -> None:
    """Write the folded columns as workers do: the database folds fewer letters, and no spaces."""
    rows = sa.table("tag_rows", *map(sa.column, ("code", "label", "code_folded", "label_folded")))
    for name, folded in ((rows.c.code, rows.c.code_folded), (rows.c.label, rows.c.label_folded)):
        written = op.get_bind().execute(sa.select(name, folded).distinct())
        others = [
            {"p_name": text, "p_was": was, "p_folded": right}
            for text, was in written
            if (right := " ".join(text.casefold().split())) != was
        ]
        same = (folded == sa.bindparam("p_was"), name == sa.bindparam("p_name"))
        update = sa.update(rows).where(*same).values({folded: sa.bindparam("p_folded")})
        if others:
            op.get_bind().execute(update, others)


COLUMNS = (
    "article_id, scheme, code, label, code_folded, label_folded, "
    "score, method, rule, version, spans"
)

OF_VALUES_IN_POSTGRES = """
SELECT a.article_id, p.facts->>'scheme', t.tag->>0, t.tag->>1, lower(t.tag->>0), lower(t.tag->>1),
    (t.tag->>2)::double precision, p.facts->>'method', coalesce(t.tag->>3, ''),
    p.facts->>'version',
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'field', coalesce(s.span->>2, 'text'),
            'start', (s.span->>0)::int,
            'end', coalesce((s.span->>3)::int, (s.span->>0)::int + length(s.span->>1)),
            'surface', s.span->>1
        )) FROM json_array_elements(t.tag->4) AS s(span)
    ), '[]'::jsonb)
FROM article_tags AS v
JOIN articles AS a ON a.seq = v.article
CROSS JOIN LATERAL json_array_elements(v.tags::json) AS g(tags)
JOIN provenances AS p ON p.id = (g.tags->>0)::bigint
CROSS JOIN LATERAL json_array_elements(g.tags->1) AS t(tag)"""

OF_VALUES = """
SELECT a.article_id, json_extract(p.facts, '$.scheme'), json_extract(t.value, '$[0]'),
    json_extract(t.value, '$[1]'), lower(json_extract(t.value, '$[0]')),
    lower(json_extract(t.value, '$[1]')), json_extract(t.value, '$[2]'),
    json_extract(p.facts, '$.method'), coalesce(json_extract(t.value, '$[3]'), ''),
    json_extract(p.facts, '$.version'),
    (
        SELECT json_group_array(json_object(
            'field', coalesce(json_extract(s.value, '$[2]'), 'text'),
            'start', json_extract(s.value, '$[0]'),
            'end', coalesce(
                json_extract(s.value, '$[3]'),
                json_extract(s.value, '$[0]') + length(json_extract(s.value, '$[1]'))
            ),
            'surface', json_extract(s.value, '$[1]')
        )) FROM json_each(t.value, '$[4]') AS s
    )
FROM article_tags AS v
JOIN articles AS a ON a.seq = v.article
JOIN json_each(v.tags) AS g
JOIN provenances AS p ON p.id = json_extract(g.value, '$[0]')
JOIN json_each(g.value, '$[1]') AS t"""

VERSIONS_IN_POSTGRES = """
UPDATE revisions SET versions = p.facts || versions
FROM provenances AS p WHERE p.id = revisions.provenance"""

VERSIONS_IN_SQLITE = """
UPDATE revisions SET versions = (
    SELECT json_patch(p.facts, revisions.versions) FROM provenances AS p
    WHERE p.id = revisions.provenance
) WHERE provenance IS NOT NULL"""


def _view(of_values: str) -> str:
    return f"CREATE VIEW tags ({COLUMNS}) AS SELECT {COLUMNS} FROM tag_rows UNION ALL {of_values}"  # noqa: S608


_NEW = ", ".join(f"NEW.{column}" for column in COLUMNS.split(", "))

# What an earlier version writes replaces the value of the article as a whole: it removes all tags
# of an article before it adds others.
IN_POSTGRES = [
    _view(OF_VALUES_IN_POSTGRES),
    # Runs with the rights of the owner: accounts of older workers have none on the new tables.
    f"""
CREATE FUNCTION write_tag_row() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        DELETE FROM article_tags
        WHERE article = (SELECT seq FROM articles WHERE article_id = NEW.article_id);
        INSERT INTO tag_rows ({COLUMNS}) VALUES ({_NEW});
        RETURN NEW;
    END IF;
    DELETE FROM article_tags
    WHERE article = (SELECT seq FROM articles WHERE article_id = OLD.article_id);
    DELETE FROM tag_rows
    WHERE article_id = OLD.article_id AND scheme = OLD.scheme AND code = OLD.code;
    RETURN OLD;
END $$""",  # noqa: S608
    """
CREATE TRIGGER tags_written INSTEAD OF INSERT OR DELETE ON tags
FOR EACH ROW EXECUTE FUNCTION write_tag_row()""",
    # Accounts that were allowed to use the table may use the view.
    """
DO $$
DECLARE given record;
BEGIN
    FOR given IN
        SELECT grantee, privilege_type FROM information_schema.role_table_grants
        WHERE table_schema = current_schema() AND table_name = 'tag_rows'
        AND grantee <> current_user AND privilege_type IN ('SELECT', 'INSERT', 'DELETE')
    LOOP
        EXECUTE 'GRANT ' || given.privilege_type || ' ON tags TO ' ||
            CASE WHEN given.grantee = 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(given.grantee) END;
    END LOOP;
END $$""",
]

_REMOVE_VALUE = """
    DELETE FROM article_tags
    WHERE article = (SELECT seq FROM articles WHERE article_id = {row}.article_id);"""

IN_SQLITE = [
    """
CREATE TABLE tag_index (
    term INTEGER NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (term, article)
) WITHOUT ROWID""",
    """
CREATE TRIGGER article_tags_inserted AFTER INSERT ON article_tags BEGIN
    INSERT INTO tag_index SELECT value, NEW.article FROM json_each(NEW.terms);
END""",
    """
CREATE TRIGGER article_tags_deleted AFTER DELETE ON article_tags BEGIN
    DELETE FROM tag_index
    WHERE article = OLD.article AND term IN (SELECT value FROM json_each(OLD.terms));
END""",
    """
CREATE TRIGGER article_tags_updated AFTER UPDATE OF terms ON article_tags BEGIN
    DELETE FROM tag_index
    WHERE article = OLD.article AND term IN (SELECT value FROM json_each(OLD.terms));
    INSERT INTO tag_index SELECT value, NEW.article FROM json_each(NEW.terms);
END""",
    _view(OF_VALUES),
    f"""
CREATE TRIGGER tags_inserted INSTEAD OF INSERT ON tags BEGIN{_REMOVE_VALUE.format(row="NEW")}
    INSERT INTO tag_rows ({COLUMNS}) VALUES ({_NEW});
END""",  # noqa: S608
    f"""
CREATE TRIGGER tags_deleted INSTEAD OF DELETE ON tags BEGIN{_REMOVE_VALUE.format(row="OLD")}
    DELETE FROM tag_rows
    WHERE article_id = OLD.article_id AND scheme = OLD.scheme AND code = OLD.code;
END""",  # noqa: S608
]
