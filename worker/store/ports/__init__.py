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
from worker.store.ports.ingest_ports import (
    CandidateReader,
    DeadLetterWriter,
    FingerprintReader,
    IngestStore,
    OutcomeReader,
    ReceiptReader,
    RecordReader,
    StaleRecordReader,
    WorkerStore,
)
from worker.store.ports.listing_ports import AccessStore, ConsoleStore, ListingReader
from worker.store.ports.operation_ports import (
    AuditStore,
    ClosableStore,
    DeadLetterReader,
    DeadLetterStore,
    JournalReader,
    JournalWriter,
    OutcomeCounter,
    ProducerStore,
    StatusStore,
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

__all__ = [
    "AccessStore",
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
    "FingerprintReader",
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
    "SourceReader",
    "StaleRecordReader",
    "StatusStore",
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
    OutcomeCounter,
    ConsoleStore,
    StatusStore,
    Protocol,
):
    """The whole store of articles, with the methods of all its protocols, as worker.bootstrap opens
    it.

    Functions should take a narrower protocol, with only the methods that they call.
    """
