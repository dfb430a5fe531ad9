"""The tables of the store. worker.model.records describes their columns; migrations/ creates them.

`A 1─* B` means that a row of table A has any number of rows of table B, and `A 1─1 B` at most one.

    articles 1─* revisions  the contents of an article, numbered from 1
    articles 1─* aliases    the keys (external id, links …) by which the article is recognized
    articles 1─1 article_tags  the tags of the article's newest revision, as one value
    articles 1─* tag_rows   the same in the form of earlier versions, until they are moved
    articles 1─* held_revisions  contents that are not shown: pages with suddenly much less text
    receipts 1─1 decisions  why a delivered article was judged to be new, a revision, a copy …
    articles 1─* moves      moves of the article to other clusters (article and copies)
    articles 1─1 pins       the cluster to which an operator bound the article
    articles 1─* changes    what happened to the article: entries of the change feed
    revisions 1─1 revision_origins  what the removed receipt of a revision and its decision said
    revisions 1─1 reclean_marks     which cleaner has cleaned a revision again in vain
    provenances 1─* revisions       the versions of the rules that made a revision
    provenances 1─* article_tags    the scheme, method and version of tags
"""

from worker.store.database.article_tables import (
    LINK_PREFIX_LENGTH,
    aliases,
    article_tags,
    articles,
    changes,
    dated,
    held_revisions,
    link_prefix,
    provenances,
    revisions,
    tag_rows,
)
from worker.store.database.cluster_tables import clusters, moves, pins
from worker.store.database.delivery_tables import (
    dead_letters,
    decisions,
    held_articles,
    journal,
    journal_messages,
    ledger_days,
    receipts,
    reclean_marks,
    revision_origins,
)
from worker.store.database.operation_tables import (
    access_tokens,
    alert_turns,
    audit_log,
    job_progress,
    table_sizes,
)
from worker.store.database.source_tables import (
    hourly_outcomes,
    hourly_traits,
    source_snoozes,
    sources,
)
from worker.store.database.table_metadata import metadata

__all__ = [
    "LINK_PREFIX_LENGTH",
    "access_tokens",
    "alert_turns",
    "aliases",
    "article_tags",
    "articles",
    "audit_log",
    "changes",
    "clusters",
    "dated",
    "dead_letters",
    "decisions",
    "held_articles",
    "held_revisions",
    "hourly_outcomes",
    "hourly_traits",
    "job_progress",
    "journal",
    "journal_messages",
    "ledger_days",
    "link_prefix",
    "metadata",
    "moves",
    "pins",
    "provenances",
    "receipts",
    "reclean_marks",
    "revision_origins",
    "revisions",
    "source_snoozes",
    "sources",
    "table_sizes",
    "tag_rows",
]
