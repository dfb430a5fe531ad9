"""Ports for clusters: reading, repairing and editing them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.store.cluster_values import (
    ClusterMove,
    Member,
    RecordedMove,
    Sighting,
    StoredFingerprint,
)
from worker.store.ports.ingest_ports import FingerprintReader
from worker.store.ports.operation_ports import ClosableStore
from worker.store.ports.reading_ports import ArticleReader


class ClusterReader(Protocol):
    """Read clusters and their members. Members are in the order of storage."""

    def members(self, article_ids: Collection[str]) -> list[Member]:
        """Return these articles as members of their clusters, without withdrawn ones."""
        ...

    def members_of(self, cluster_ids: Collection[str]) -> list[Member]:
        """Return all members of these clusters."""
        ...

    def recent_members(
        self, since: datetime, after: int, limit: int, *, edited: bool = False
    ) -> list[Member]:
        """Return a page of the articles whose newest revision was received at `since` or later.

        The page starts after revision id `after` and is in the order of revision ids. `edited`
        restricts it to revisions that changed more than a few words.
        """
        ...

    def recent_fingerprints(
        self, since: datetime, after: int, limit: int
    ) -> list[StoredFingerprint]:
        """Return the page of `recent_members` with only the fields that the index needs.

        Fingerprints that another release packed are left out.
        """
        ...

    def count_recent(self, since: datetime) -> int:
        """Count the articles whose newest revision was received at `since` or later."""
        ...

    def moves(self, article_ids: Collection[str]) -> list[RecordedMove]:
        """Return the moves of these articles, oldest first."""
        ...

    def sightings(self, article_ids: Collection[str]) -> list[Sighting]:
        """Return all receipts of these articles except those of reprocessing, oldest first."""
        ...


class ClusterStore(ClusterReader, Protocol):
    """Repair and edit clusters."""

    def orphaned_clusters(self, before: datetime, limit: int) -> Sequence[str]:
        """Return clusters whose canonical article is withdrawn, or not stored before `before`."""
        ...

    def displaced_members(self, limit: int) -> list[ClusterMove]:
        """Return the moves that take members after a canonical article that changed cluster."""
        ...

    def clear_pending(self) -> None:
        """Clear `canonical_pending` of duplicates whose canonical article is stored by now."""
        ...

    def move(self, moves: Sequence[ClusterMove], *, now: datetime) -> list[ClusterMove]:
        """Apply the moves whose articles are still in the cluster they leave; return those.

        An article that joins a cluster while its canonical article leaves it is moved after it.
        Takes several transactions.
        """
        ...

    def pin(self, pins: Mapping[str, str], note: str, *, now: datetime) -> None:
        """Pin articles to clusters (article id -> cluster id), so that no rule moves them."""
        ...

    def unpin(self, article_ids: Collection[str]) -> int:
        """Remove the pins of these articles; return how many were pinned."""
        ...


class ClusteredStore(ClosableStore, Protocol):
    """A store that gives access to its clusters."""

    @property
    def clusters(self) -> ClusterStore: ...


class ClusterEditStore(ArticleReader, ClusteredStore, Protocol):
    """Show and edit clusters by hand."""


class RededuplicationStore(FingerprintReader, ClusteredStore, Protocol):
    """Decide duplicates again, from the stored fingerprints."""
