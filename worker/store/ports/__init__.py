"""Ports of the store: protocols, each with the few methods that one kind of caller needs.

The store is the database of articles. `worker.store.sql_store.SqlStore` implements all ports, for
SQLite and PostgreSQL. Every call is one transaction unless its docstring says otherwise, and raises
Unavailable when the database does not answer.
"""

from typing import Protocol

from worker.store.ports.cluster_ports import (
    ClusterEditStore,
    ClusteredStore,
    ClusterReader,
    ClusterStore,
    RededuplicationStore,
)
from worker.store.ports.held_ports import (
    HeldArticleReader,
    HeldArticleStore,
)
from worker.store.ports.ingest_ports import (
    CandidateReader,
    DeadLetterWriter,
    FingerprintReader,
    HoldingStore,
    IngestStore,
    OutcomeReader,
    ReceiptReader,
    RecordReader,
    StaleRecordReader,
    WorkerStore,
)
from worker.store.ports.listing_ports import AccessStore, ConsoleStore, ListingReader
from worker.store.ports.operation_ports import (
    AlertStore,
    AuditStore,
    ClosableStore,
    DeadLetterReader,
    DeadLetterStore,
    ExpiringStore,
    JournalReader,
    JournalWriter,
    OutcomeCounter,
    ProducerStore,
    ResumingStore,
    StatusStore,
    TagMover,
    TagMovingStore,
)
from worker.store.ports.reading_ports import (
    ArticleHistoryReader,
    ArticleReader,
    ArticleSearch,
    ChangeFeed,
    DeletionStore,
    OutcomeCountReader,
    ResultReader,
    SourceReader,
)
from worker.store.ports.retention_ports import RetainedStore, RetentionStore
from worker.store.ports.source_ports import SourceActivityReader, SourceSnoozer

__all__ = [
    "AccessStore",
    "AlertStore",
    "ArticleHistoryReader",
    "ArticleReader",
    "ArticleSearch",
    "ArticleStore",
    "AuditStore",
    "CandidateReader",
    "ChangeFeed",
    "ClosableStore",
    "ClusterEditStore",
    "ClusterReader",
    "ClusterStore",
    "ClusteredStore",
    "ConsoleStore",
    "DeadLetterReader",
    "DeadLetterStore",
    "DeadLetterWriter",
    "DeletionStore",
    "ExpiringStore",
    "FingerprintReader",
    "HeldArticleReader",
    "HeldArticleStore",
    "HoldingStore",
    "IngestStore",
    "JournalReader",
    "JournalWriter",
    "ListingReader",
    "OutcomeCountReader",
    "OutcomeCounter",
    "OutcomeReader",
    "ProducerStore",
    "ReceiptReader",
    "RecordReader",
    "RededuplicationStore",
    "ResultReader",
    "ResumingStore",
    "RetainedStore",
    "RetentionStore",
    "SourceActivityReader",
    "SourceReader",
    "SourceSnoozer",
    "StaleRecordReader",
    "StatusStore",
    "TagMover",
    "TagMovingStore",
    "WorkerStore",
]


class ArticleStore(
    DeletionStore,
    StaleRecordReader,
    ArticleHistoryReader,
    ClusterEditStore,
    WorkerStore,
    AuditStore,
    DeadLetterStore,
    RededuplicationStore,
    ResultReader,
    ProducerStore,
    ChangeFeed,
    SourceReader,
    OutcomeCountReader,
    ConsoleStore,
    StatusStore,
    SourceActivityReader,
    SourceSnoozer,
    AlertStore,
    ResumingStore,
    ExpiringStore,
    Protocol,
):
    """The whole store of articles, with the methods of all its protocols, as worker.bootstrap opens
    it.

    Functions should take a narrower protocol, with only the methods that they call.
    """

    @property
    def held(self) -> HeldArticleStore: ...
