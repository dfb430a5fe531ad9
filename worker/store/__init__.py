"""Truth: articles, their revisions, tags and decisions, and the outcome of every receipt."""

from worker.store.ports import Judge, Store
from worker.store.values import (
    Change,
    ChangeKind,
    Found,
    LeftOut,
    Letter,
    LetterQuery,
    LetterState,
    Query,
    SourceSeen,
    StoredArticle,
    StoredTag,
    Tally,
    Title,
)

__all__ = [
    "Change",
    "ChangeKind",
    "Found",
    "Judge",
    "LeftOut",
    "Letter",
    "LetterQuery",
    "LetterState",
    "Query",
    "SourceSeen",
    "Store",
    "StoredArticle",
    "StoredTag",
    "Tally",
    "Title",
]
