"""Create the tables of the store, and full-text search over title, summary and text of articles."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Characters that join words in PostgreSQL's parser (in hosts, paths, signs, hyphens, and marks if
# the locale has only ASCII) and separate them in SQLite's. They are replaced in both, so that the
# same words find the same articles. More characters here cost time for all texts.
JOINTS = "-./+<’‘“”–—…"
# Indexed characters of a text: a tsvector has room for 1 MB of distinct words at most.
INDEXED = 150_000


def upgrade() -> None:
    _articles()
    _revisions()
    _receipts()
    _counts()
    if op.get_bind().dialect.name == "postgresql":
        _search_in_postgres()
    else:
        _search_in_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("revisions_fts")
    for table in ("tags", "decisions", "receipts", "revisions", "aliases", "articles"):
        op.drop_table(table)
    for table in ("clusters", "dead_letters", "sources"):
        op.drop_table(table)


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=options.pop("nullable", False), **options)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, Json, nullable=False)


def _blob(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _articles() -> None:
    op.create_table(
        "articles",
        sa.Column("seq", Serial, nullable=False, autoincrement=True),
        _text("article_id"),
        _text("source"),
        _text("key"),
        _number("revision"),
        sa.Column("newest", Serial),
        _text("cluster_id"),
        sa.Column("canonical_pending", sa.Boolean, nullable=False),
        _text("verdict"),
        _moment("first_seen"),
        _moment("last_seen"),
        _number("sightings"),
        _moment("withdrawn_at", nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_articles"),
        sa.UniqueConstraint("article_id", name="uq_articles_article_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_articles_cluster_id", "articles", ["cluster_id"])
    pending = sa.text("canonical_pending")
    op.create_index(
        "ix_articles_pending", "articles", ["seq"], sqlite_where=pending, postgresql_where=pending
    )
    op.create_table(
        "aliases",
        _text("source"),
        _text("key"),
        _text("article_id"),
        sa.PrimaryKeyConstraint("source", "key", name="pk_aliases"),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.article_id"],
            name="fk_aliases_article_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_aliases_article_id", "aliases", ["article_id"])


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("id", Serial, nullable=False, autoincrement=True),
        _text("article_id"),
        _number("number"),
        _text("content_hash"),
        *(_text(name) for name in ("title", "text", "summary", "url", "language")),
        _number("words"),
        _moment("published", nullable=True),
        _moment("updated", nullable=True),
        *(_json(name) for name in ("authors", "categories", "media", "flags", "dropped")),
        _json("versions"),
        _blob("fingerprint"),
        _blob("payload"),
        _moment("received"),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.article_id"], name="fk_revisions_article_id"
        ),
        sa.UniqueConstraint("article_id", "number", name="uq_revisions_article_id_number"),
        sa.UniqueConstraint(
            "article_id", "content_hash", name="uq_revisions_article_id_content_hash"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_revisions_dated", "revisions", [sa.text("coalesce(published, received)")])
    op.create_table(
        "tags",
        *(_text(name) for name in ("article_id", "scheme", "code", "label")),
        *(_text(name) for name in ("code_folded", "label_folded")),
        sa.Column("score", sa.Float, nullable=False),
        *(_text(name) for name in ("method", "rule", "version")),
        _json("spans"),
        sa.PrimaryKeyConstraint("article_id", "scheme", "code", name="pk_tags"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.article_id"], name="fk_tags_article_id"),
    )
    op.create_index("ix_tags_code_folded", "tags", ["code_folded"])
    op.create_index("ix_tags_label_folded", "tags", ["label_folded"])


def _receipts() -> None:
    op.create_table(
        "receipts",
        _text("receipt"),
        _text("outcome"),
        _text("article_id", nullable=True),
        _number("revision"),
        _text("letter_id", nullable=True),
        _text("reason"),
        _text("source"),
        _moment("at"),
        sa.PrimaryKeyConstraint("receipt", name="pk_receipts"),
    )
    op.create_index("ix_receipts_article_id", "receipts", ["article_id"])
    op.create_table(
        "decisions",
        *(_text(name) for name in ("receipt", "article_id", "verdict", "signal", "rival")),
        _json("scores"),
        _json("thresholds"),
        _text("version"),
        sa.PrimaryKeyConstraint("receipt", name="pk_decisions"),
        sa.ForeignKeyConstraint(["receipt"], ["receipts.receipt"], name="fk_decisions_receipt"),
    )
    op.create_index("ix_decisions_article_id", "decisions", ["article_id"])
    op.create_table(
        "dead_letters",
        *(_text(name) for name in ("letter_id", "reason", "detail", "stage", "source")),
        _blob("payload"),
        _number("bytes"),
        _text("sha256"),
        sa.Column("whole", sa.Boolean, nullable=False),
        _number("seen"),
        _moment("first"),
        _moment("last"),
        sa.PrimaryKeyConstraint("letter_id", name="pk_dead_letters"),
    )


def _counts() -> None:
    op.create_table(
        "clusters",
        _text("cluster_id"),
        _number("articles"),
        _moment("first_seen"),
        _moment("last_seen"),
        sa.PrimaryKeyConstraint("cluster_id", name="pk_clusters"),
    )
    op.create_table(
        "sources",
        _text("source"),
        *(_number(name) for name in ("articles", "receipts", "dead")),
        _moment("first_seen"),
        _moment("last_seen"),
        sa.PrimaryKeyConstraint("source", name="pk_sources"),
    )


def _search_in_postgres() -> None:
    vectors = " || ".join(
        f"setweight(to_tsvector('simple', {_separated(column)}), '{weight}')"
        for column, weight in (("title", "A"), ("summary", "B"), ("text", "D"))
    )
    op.get_bind().exec_driver_sql(
        f"ALTER TABLE revisions ADD COLUMN search tsvector GENERATED ALWAYS AS ({vectors}) STORED"
    )
    op.create_index("ix_revisions_search", "revisions", ["search"], postgresql_using="gin")


def _separated(column: str) -> str:
    return f"translate(left({column}, {INDEXED}), '{JOINTS}', '{' ' * len(JOINTS)}')"


def _search_in_sqlite() -> None:
    for statement in (INDEX, INDEX_INSERTED, INDEX_DELETED):
        op.get_bind().exec_driver_sql(statement)


INDEX = """
CREATE VIRTUAL TABLE revisions_fts USING fts5(
    title, text, summary,
    content='revisions', content_rowid='id', tokenize='unicode61 remove_diacritics 0'
)"""

INDEX_INSERTED = """
CREATE TRIGGER revisions_fts_insert AFTER INSERT ON revisions BEGIN
    INSERT INTO revisions_fts(rowid, title, text, summary)
    VALUES (new.id, new.title, new.text, new.summary);
END"""

INDEX_DELETED = """
CREATE TRIGGER revisions_fts_delete AFTER DELETE ON revisions BEGIN
    INSERT INTO revisions_fts(revisions_fts, rowid, title, text, summary)
    VALUES ('delete', old.id, old.title, old.text, old.summary);
END"""
