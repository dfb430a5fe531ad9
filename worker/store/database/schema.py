"""The tables. What they hold is the vocabulary of worker.model.records; migrations/ creates them.

articles 1─* revisions      content, numbered from 1, never changed
articles 1─* aliases        (source, key): every way to name the article
articles 1─* tags           of the newest revision
receipts 1─1 decisions      why it was judged so
articles 1─* moves          from cluster to cluster, after the first decision
articles 1─1 pins           the cluster it stays in, by an operator's word
articles 1─* changes        written by triggers, in the order of commits
"""

from sqlalchemy import (
    Boolean,
    Column,
    FetchedValue,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    case,
    func,
    literal_column,
)

from worker.store.database.columns import Json, Moment, Name, Serial, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

articles = Table(
    "articles",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("article_id", Name, nullable=False, unique=True),
    Column("source", Name, nullable=False),
    Column("key", Name, nullable=False),
    Column("revision", Integer, nullable=False),  # number of the newest, 0: none yet
    # revisions.id of the newest. Not a foreign key: the two tables would need each other first.
    Column("newest", Serial),
    Column("cluster_id", Name, nullable=False, index=True),
    Column("canonical_pending", Boolean, nullable=False),
    Column("verdict", Name, nullable=False),  # of the newest revision
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("sightings", Integer, nullable=False),
    Column("withdrawn_at", Moment),
    Column("retagged_at", Moment),  # when its tags last changed without a revision
    Column("refreshed_at", Moment),  # when its newest revision last changed without a new one
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
    Column("source", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    # Checked at commit: keys are taken before the article they lead to is written.
    Column(
        "article_id",
        Name,
        ForeignKey("articles.article_id", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("article_id", Name, ForeignKey("articles.article_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content_hash", Name, nullable=False),
    Column("change", Name, nullable=False, server_default=""),  # to the one before; "": the first
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("summary", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("language", Name, nullable=False),
    Column("words", Integer, nullable=False),
    Column("published", Moment),
    Column("updated", Moment),
    Column("authors", Json, nullable=False),
    Column("categories", Json, nullable=False),
    Column("media", Json, nullable=False),
    Column("contributors", Json, nullable=False, server_default="[]"),
    Column("keywords", Json, nullable=False, server_default="[]"),
    Column("image", Words, nullable=False, server_default=""),
    Column("place", Name, nullable=False, server_default=""),
    Column("agency", Name, nullable=False, server_default=""),
    Column("html", Words, nullable=False, server_default=""),
    Column("flags", Json, nullable=False),
    Column("dropped", Json, nullable=False),
    Column("versions", Json, nullable=False),  # of cleaner, deduper, tagger and config
    Column("fingerprint", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received", Moment, nullable=False),
    UniqueConstraint("article_id", "number"),
    UniqueConstraint("article_id", "content_hash"),
    sqlite_autoincrement=True,
)
dated = func.coalesce(revisions.c.published, revisions.c.received)
Index("ix_revisions_dated", dated)
LINK_BEGINNING = 200  # characters of a link: an index row holds no longest one
link_beginning = func.substr(revisions.c.url, literal_column("1"), literal_column("200"))
Index("ix_revisions_link", link_beginning)

receipts = Table(
    "receipts",
    metadata,
    Column("receipt", Name, primary_key=True),
    Column("outcome", Name, nullable=False),
    Column("article_id", Name, index=True),
    Column("revision", Integer, nullable=False),
    Column("letter_id", Name),
    Column("reason", Name, nullable=False),
    Column("source", Name, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("worker", Name, nullable=False, server_default=""),
    Column("deliveries", Integer, nullable=False, server_default="1"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("receipt", Name, ForeignKey("receipts.receipt"), primary_key=True),
    Column("article_id", Name, nullable=False, index=True),
    Column("verdict", Name, nullable=False),
    Column("signal", Name, nullable=False),
    Column("rival", Name, nullable=False),
    Column("scores", Json, nullable=False),
    Column("thresholds", Json, nullable=False),
    Column("version", Name, nullable=False),
)

tags = Table(
    "tags",
    metadata,
    Column("article_id", Name, ForeignKey("articles.article_id"), primary_key=True),
    Column("scheme", Name, primary_key=True),
    Column("code", Name, primary_key=True),
    Column("label", Name, nullable=False),
    # Folded by Python: SQLite's lower() knows ASCII only.
    Column("code_folded", Name, nullable=False, index=True),
    Column("label_folded", Name, nullable=False, index=True),
    Column("score", Float, nullable=False),
    Column("method", Name, nullable=False),
    Column("rule", Words, nullable=False),
    Column("version", Name, nullable=False),
    Column("spans", Json, nullable=False),
)

# What an article is about, then what it names; the best of each first.
BEST_FIRST = (
    case((tags.c.scheme.in_(("taxonomy", "category")), 0), else_=1),
    tags.c.score.desc(),
    tags.c.scheme,
    tags.c.code,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("letter_id", Name, primary_key=True),
    Column("reason", Name, nullable=False),
    Column("detail", Words, nullable=False),
    Column("stage", Name, nullable=False),
    Column("source", Name, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", Name, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("first", Moment, nullable=False),
    Column("last", Moment, nullable=False),
    Column("queue", Name, nullable=False, server_default=""),  # of an undeliverable message
    Column("replay", Name),  # receipt of the last replay; what became of it stands in receipts
    Column("replay_at", Moment),
)

clusters = Table(
    "clusters",
    metadata,
    Column("cluster_id", Name, primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("source", Name, primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("receipts", Integer, nullable=False),
    Column("dead", Integer, nullable=False),
    # What its external ids are worth; see worker.model.source_trust.
    *(
        Column(count, Integer, nullable=False, server_default="0")
        for count in ("without_id", "reused_ids", "changed_ids")
    ),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
)

moves = Table(
    "moves",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("article_id", Name, nullable=False, index=True),
    Column("left", Name, nullable=False),  # cluster
    Column("joined", Name, nullable=False),  # cluster
    Column("reason", Name, nullable=False),
    Column("by", Name, nullable=False),
    Column("rival", Name, nullable=False),
    Column("scores", Json, nullable=False),
    Column("thresholds", Json, nullable=False),
    Column("version", Name, nullable=False),
    Column("note", Words, nullable=False),
    sqlite_autoincrement=True,
)

pins = Table(
    "pins",
    metadata,
    Column("article_id", Name, primary_key=True),
    Column("cluster_id", Name, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Words, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    # Of the transaction that wrote it; 0 on SQLite, where only one writes at a time.
    Column("xid", Serial, nullable=False, server_default=FetchedValue()),
    Column("at", Moment, nullable=False),
    Column("kind", Name, nullable=False),
    Column("article_id", Name, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_changes_xid_id", "xid", "id", unique=True),
    sqlite_autoincrement=True,
)

journal = Table(
    "journal",
    metadata,
    Column("receipt", Name, primary_key=True),
    Column("message_id", Name, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)
