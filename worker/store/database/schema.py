"""The tables of the store. worker.model.records describes their columns; migrations/ creates them.

`A 1─* B` means that a row of table A has any number of rows of table B, and `A 1─1 B` at most one.

    articles 1─* revisions  the contents of an article, numbered from 1
    articles 1─* aliases    the keys (external id, links …) by which the article is recognized
    articles 1─* tags       the tags of the article's newest revision
    articles 1─* held_revisions  contents that are not shown: pages with suddenly much less text
    receipts 1─1 decisions  why a delivered article was judged to be new, a revision, a copy …
    articles 1─* moves      moves of the article to other clusters (article and copies)
    articles 1─1 pins       the cluster to which an operator bound the article
    articles 1─* changes    what happened to the article: entries of the change feed
    revisions 1─1 revision_origins  what the removed receipt of a revision and its decision said
    revisions 1─1 reclean_marks     which cleaner has cleaned a revision again in vain
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
    MetaData,
    Table,
    UniqueConstraint,
    case,
    func,
    literal_column,
)

from worker.store.database.columns import FreeText, JsonColumn, KeyText, SerialColumn, UtcDateTime

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
    Column("versions", JsonColumn, nullable=False),  # of cleaner, deduper, tagger and config
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

receipts = Table(
    "receipts",
    metadata,
    Column("receipt", KeyText, primary_key=True),
    Column("outcome", KeyText, nullable=False),
    Column("article_id", KeyText, index=True),
    Column("revision", Integer, nullable=False),
    Column("letter_id", KeyText),
    Column("reason", KeyText, nullable=False),
    Column("source", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("worker", KeyText, nullable=False, server_default=""),
    Column("deliveries", Integer, nullable=False, server_default="1"),
    Column("payload_hash", KeyText, nullable=False, server_default=""),  # "" in older rows
    Column("traceparent", KeyText, nullable=False, server_default=""),  # W3C Trace Context, or ""
)

decisions = Table(
    "decisions",
    metadata,
    Column("receipt", KeyText, ForeignKey("receipts.receipt"), primary_key=True),
    Column("article_id", KeyText, nullable=False, index=True),
    Column("verdict", KeyText, nullable=False),
    Column("signal", KeyText, nullable=False),
    Column("rival", KeyText, nullable=False),
    Column("scores", JsonColumn, nullable=False),
    Column("thresholds", JsonColumn, nullable=False),
    Column("version", KeyText, nullable=False),
)

tags = Table(
    "tags",
    metadata,
    Column("article_id", KeyText, ForeignKey("articles.article_id"), primary_key=True),
    Column("scheme", KeyText, primary_key=True),
    Column("code", KeyText, primary_key=True),
    Column("label", KeyText, nullable=False),
    # Folded by Python: SQLite's lower() knows ASCII only.
    Column("code_folded", KeyText, nullable=False, index=True),
    Column("label_folded", KeyText, nullable=False, index=True),
    Column("score", Float, nullable=False),
    Column("salience", Float),  # of a name; NULL if a version before stored it, and for topics
    Column("method", KeyText, nullable=False),
    Column("rule", FreeText, nullable=False),
    Column("version", KeyText, nullable=False),
    Column("spans", JsonColumn, nullable=False),
)

# Topics first, then entities; the strongest of each first, of names what the article is about.
BEST_FIRST = (
    case((tags.c.scheme.in_(("taxonomy", "category")), 0), else_=1),
    func.coalesce(tags.c.salience, tags.c.score).desc(),
    tags.c.scheme,
    tags.c.code,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("letter_id", KeyText, primary_key=True),
    Column("reason", KeyText, nullable=False),
    Column("detail", FreeText, nullable=False),
    Column("stage", KeyText, nullable=False),
    Column("source", KeyText, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", KeyText, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("first", UtcDateTime, nullable=False),
    Column("last", UtcDateTime, nullable=False),
    Column("queue", KeyText, nullable=False, server_default=""),  # of an undeliverable message
    Column("replay", KeyText),  # receipt of the last replay; its outcome is in receipts
    Column("replay_at", UtcDateTime),
    # How the replay with the receipt `replay_ended` ended; set when that receipt is removed.
    Column("replay_ended", KeyText),
    Column("replay_outcome", KeyText),
    Column("replay_article", KeyText),  # id of the article that it led to
    Index("ix_dead_letters_last_letter_id", "last", "letter_id"),
)

held_articles = Table(
    "held_articles",  # raw articles of paused sources, which wait to go back to their queues
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    Column("receipt", KeyText, nullable=False),
    Column("digest", KeyText, nullable=False),  # of the payload: a receipt may be used twice
    Column("source", KeyText, nullable=False),
    Column("queue", KeyText, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("holds", Integer, nullable=False),  # times that it was held
    Column("held_at", UtcDateTime, nullable=False),  # the last of them
    UniqueConstraint("receipt", "digest"),
    Index("ix_held_articles_source_id", "source", "id"),
    sqlite_autoincrement=True,
)

clusters = Table(
    "clusters",
    metadata,
    Column("cluster_id", KeyText, primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("source", KeyText, primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("receipts", Integer, nullable=False),
    Column("dead", Integer, nullable=False),
    # Counters of bad external ids; see worker.model.source_trust.
    *(
        Column(count, Integer, nullable=False, server_default="0")
        for count in ("without_id", "reused_ids", "changed_ids")
    ),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
)

hourly_outcomes = Table(
    "hourly_outcomes",
    metadata,
    Column("source", KeyText, primary_key=True),
    # Hours since 1970 in UTC; 0: the running total of all hours, which no clean-up lowers.
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("outcome", KeyText, primary_key=True),
    Column("reason", KeyText, primary_key=True),  # of dead letters, else ""
    Column("articles", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # the rows of a source lie side by side
)

hourly_traits = Table(
    "hourly_traits",
    metadata,
    Column("source", KeyText, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # since 1970 in UTC
    Column("trait", KeyText, primary_key=True),  # see worker.store.writing.article_traits
    Column("articles", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # the rows of a source lie side by side
)

source_snoozes = Table(
    "source_snoozes",
    metadata,
    Column("source", KeyText, primary_key=True),
    Column("until", UtcDateTime, nullable=False),  # no alarm about the source before this time
)

job_progress = Table(
    "job_progress",
    metadata,
    Column("job", KeyText, primary_key=True),
    Column("until", UtcDateTime, nullable=False),  # what was stored before this time is done
)

alert_turns = Table(
    "alert_turns",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1: there is one row
    Column("holder", KeyText, nullable=False),
    Column("until", UtcDateTime, nullable=False),  # no other worker judges before this time
    Column("at", UtcDateTime),  # when the system was last judged
    Column("state", FreeText, nullable=False),  # JSON
)

moves = Table(
    "moves",
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("article_id", KeyText, nullable=False, index=True),
    Column("left", KeyText, nullable=False),  # cluster
    Column("joined", KeyText, nullable=False),  # cluster
    Column("reason", KeyText, nullable=False),
    Column("by", KeyText, nullable=False),
    Column("rival", KeyText, nullable=False),
    Column("scores", JsonColumn, nullable=False),
    Column("thresholds", JsonColumn, nullable=False),
    Column("version", KeyText, nullable=False),
    Column("note", FreeText, nullable=False),
    sqlite_autoincrement=True,
)

pins = Table(
    "pins",
    metadata,
    Column("article_id", KeyText, primary_key=True),
    Column("cluster_id", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("note", FreeText, nullable=False),
)

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

journal = Table(
    "journal",
    metadata,
    Column("receipt", KeyText, primary_key=True),
    Column("message_id", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)

journal_messages = Table(
    "journal_messages",
    metadata,
    Column("producer", KeyText, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)

# What removed receipts said. No foreign keys: a worker of an earlier version removes revisions, but
# does not know these two tables.
revision_origins = Table(
    "revision_origins",
    metadata,
    Column("article_id", KeyText, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("receipt", KeyText, nullable=False, index=True),
    Column("outcome", KeyText, nullable=False),
    Column("source", KeyText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("worker", KeyText, nullable=False),
    Column("deliveries", Integer, nullable=False),
    # The decision; NULL if it was removed before, with the content of its article.
    Column("verdict", KeyText),
    Column("signal", KeyText),
    Column("rival", KeyText),
    Column("scores", JsonColumn),
    Column("thresholds", JsonColumn),
    Column("version", KeyText),
)

reclean_marks = Table(
    "reclean_marks",
    metadata,
    Column("article_id", KeyText, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("cleaner", KeyText, nullable=False),  # the last version that cleaned it in vain
)

ledger_days = Table(
    "ledger_days",
    metadata,
    Column("day", KeyText, primary_key=True),  # UTC, such as 2026-11-22
    Column("outcome", KeyText, primary_key=True),
    # Whether the receipts were in the journal, counted on the day of that entry; the others were
    # sent by other clients, counted on the day of the outcome.
    Column("journaled", Boolean, primary_key=True),
    Column("receipts", BigInteger, nullable=False),
)

table_sizes = Table(
    "table_sizes",
    metadata,
    Column("day", KeyText, primary_key=True),  # UTC, such as 2026-11-22
    Column("name", KeyText, primary_key=True),
    Column("bytes", BigInteger, nullable=False),  # with its indexes
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("name", KeyText, primary_key=True),
    Column("hash", KeyText, nullable=False, unique=True),  # SHA-256 of the token, hexadecimal
    Column("scopes", JsonColumn, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("revoked", UtcDateTime),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", SerialColumn, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", KeyText, nullable=False),
    Column("action", KeyText, nullable=False),
    Column("about", FreeText, nullable=False),
    Column("details", JsonColumn, nullable=False),
    sqlite_autoincrement=True,
)
