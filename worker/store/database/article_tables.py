"""The tables of articles: their rows, keys, contents, tags and changes.

`worker.store.database.schema` has all tables, and says how they belong together.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    FetchedValue,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    func,
    literal_column,
)

from worker.store.database.columns import (
    FreeText,
    JsonColumn,
    KeyText,
    NumbersColumn,
    SerialColumn,
    UtcDateTime,
)
from worker.store.database.table_metadata import metadata

articles = Table(
    "articles",
    metadata,
    Column("seq", SerialColumn, primary_key=True, autoincrement=True),
    Column("article_id", KeyText, nullable=False, unique=True),
    Column("source", KeyText, nullable=False),
    Column("key", KeyText, nullable=False),
    Column("revision", Integer, nullable=False),  # number of the newest, 0: none yet
    # revisions.id of the newest. No foreign key: each table would reference the other.
    Column("newest", SerialColumn),
    Column("cluster_id", KeyText, nullable=False, index=True),
    Column("canonical_pending", Boolean, nullable=False),
    Column("verdict", KeyText, nullable=False),  # of the newest revision
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("sightings", Integer, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    # When the publisher's withdrawal was fetched. What is fetched later brings the article back.
    # NULL if it is not withdrawn, or for good: by an operator, or before this column existed.
    Column("withdrawal_fetched_at", UtcDateTime),
    # By which a raw article is found unchanged before it is cleaned; see worker.model.unchanged.
    Column("raw_mark", LargeBinary),
    Column("retagged_at", UtcDateTime),  # when its tags last changed without a revision
    Column("refreshed_at", UtcDateTime),  # when its newest revision last changed without a new one
    sqlite_autoincrement=True,
)
Index(
    "ix_articles_pending",
    articles.c.seq,
    sqlite_where=articles.c.canonical_pending,
    postgresql_where=articles.c.canonical_pending,
)
Index(
    "ix_articles_withdrawn",
    articles.c.article_id,
    sqlite_where=articles.c.withdrawn_at.is_not(None),
    postgresql_where=articles.c.withdrawn_at.is_not(None),
)

aliases = Table(
    "aliases",
    metadata,
    Column("source", KeyText, primary_key=True),
    Column("key", KeyText, primary_key=True),
    # Checked at commit: keys are inserted before the article that owns them.
    Column(
        "article_id",
        KeyText,
        ForeignKey("articles.article_id", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    Column("article_id", KeyText, ForeignKey("articles.article_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content_hash", KeyText, nullable=False),
    Column(
        "change", KeyText, nullable=False, server_default=""
    ),  # against the revision before; "" for the first
    Column("title", FreeText, nullable=False),
    Column("text", FreeText, nullable=False),
    Column("summary", FreeText, nullable=False),
    Column("url", FreeText, nullable=False),
    Column("language", KeyText, nullable=False),
    Column("words", Integer, nullable=False),
    Column("published", UtcDateTime),
    Column("published_day", Date),  # in the publisher's own time zone
    Column("published_zone", KeyText),  # NULL if unknown
    Column("updated", UtcDateTime),
    Column("authors", JsonColumn, nullable=False),
    Column("categories", JsonColumn, nullable=False),
    Column("media", JsonColumn, nullable=False),
    Column("contributors", JsonColumn, nullable=False, server_default="[]"),
    Column("keywords", JsonColumn, nullable=False, server_default="[]"),
    Column("image", FreeText, nullable=False, server_default=""),
    Column("place", KeyText, nullable=False, server_default=""),
    Column("agency", KeyText, nullable=False, server_default=""),
    Column("html", FreeText, nullable=False, server_default=""),
    Column("flags", JsonColumn, nullable=False),
    Column("dropped", JsonColumn, nullable=False),
    # Versions of cleaner, deduper, tagger and config that differ from those of the provenance: all
    # of them in rows of earlier versions, as a rule none in others.
    Column("versions", JsonColumn, nullable=False),
    Column("provenance", BigInteger),  # provenances.id; NULL in rows of earlier versions
    Column("fingerprint", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received", UtcDateTime, nullable=False),
    UniqueConstraint("article_id", "number"),
    UniqueConstraint("article_id", "content_hash"),
    sqlite_autoincrement=True,
)
dated = func.coalesce(revisions.c.published, revisions.c.received)
Index("ix_revisions_dated", dated)
LINK_PREFIX_LENGTH = 200  # characters of a link: the longest links do not fit into an index row
link_prefix = func.substr(revisions.c.url, literal_column("1"), literal_column("200"))
Index("ix_revisions_link", link_prefix)

held_revisions = Table(
    "held_revisions",
    metadata,
    Column("article_id", KeyText, ForeignKey("articles.article_id"), primary_key=True),
    Column("content_hash", KeyText, primary_key=True),
    Column("since", UtcDateTime),  # first fetched; NULL if the page was whole again later
    Column("last", UtcDateTime, nullable=False),  # last fetched
    Column("receipt", KeyText, nullable=False),  # of the delivery that brought it first
    Column("title", FreeText, nullable=False),
    Column("text", FreeText, nullable=False),
    Column("url", FreeText, nullable=False),
    Column("words", Integer, nullable=False),
    Column("known_words", Integer, nullable=False),  # of the text that was shown then
    Column("flags", JsonColumn, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received", UtcDateTime, nullable=False),
)

provenances = Table(
    "provenances",
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=False),  # a hash of the facts
    Column("facts", JsonColumn, nullable=False),
)

# Rows are inserted from rows of `articles`, so a foreign key would only check them again.
article_tags = Table(
    "article_tags",
    metadata,
    Column("article", SerialColumn, primary_key=True, autoincrement=False),  # articles.seq
    Column("tags", FreeText, nullable=False),  # see worker.store.database.tag_encoding
    # Numbers by which articles with a tag are found. On SQLite, triggers copy them to the table
    # `tag_index`; PostgreSQL has an index on the column.
    Column("terms", NumbersColumn, nullable=False),
)

# The tags as earlier versions write them, by way of the view `tags`. They are moved to
# `article_tags` in the background.
tag_rows = Table(
    "tag_rows",
    metadata,
    Column("article_id", KeyText, ForeignKey("articles.article_id"), primary_key=True),
    Column("scheme", KeyText, primary_key=True),
    Column("code", KeyText, primary_key=True),
    Column("label", KeyText, nullable=False),
    # Folded by Python: SQLite's lower() knows ASCII only.
    Column("code_folded", KeyText, nullable=False),
    Column("label_folded", KeyText, nullable=False),
    Column("score", Float, nullable=False),
    Column("method", KeyText, nullable=False),
    Column("rule", FreeText, nullable=False),
    Column("version", KeyText, nullable=False),
    Column("spans", JsonColumn, nullable=False),
)
Index("ix_tags_code_folded", tag_rows.c.code_folded)
Index("ix_tags_label_folded", tag_rows.c.label_folded)

changes = Table(
    "changes",
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    # Id of the transaction that wrote it; 0 on SQLite, which has one writer at a time.
    Column("xid", SerialColumn, nullable=False, server_default=FetchedValue()),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", KeyText, nullable=False),
    Column("article_id", KeyText, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("tags", JsonColumn),  # of kind `retagged`: {"added": […], "removed": […]}
    Index("ix_changes_xid_id", "xid", "id", unique=True),
    sqlite_autoincrement=True,
)
