"""Truth: articles, their revisions, tags and decisions, and the outcome of every receipt."""

from worker.store.ports import Store
from worker.store.values import (
    Change,
    ChangeKind,
    DeadLetterQuery,
    DeadLetterState,
    DisplayTitle,
    Query,
    ReceiptTally,
    RemovedLineCount,
    SearchHit,
    SourceSeen,
    StoredArticle,
    StoredDeadLetter,
    StoredTag,
)

__all__ = [
    "Change",
    "ChangeKind",
    "DeadLetterQuery",
    "DeadLetterState",
    "DisplayTitle",
    "Query",
    "ReceiptTally",
    "RemovedLineCount",
    "SearchHit",
    "SourceSeen",
    "Store",
    "StoredArticle",
    "StoredDeadLetter",
    "StoredTag",
]
