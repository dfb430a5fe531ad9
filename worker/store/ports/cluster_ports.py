"""Ports for reading, repairing and editing clusters, which are articles and their copies."""

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
    """Read clusters and their members, which come in the order in which they were stored."""

    def members(self, article_ids: Collection[str]) -> list[Member]:
        """Return each of these articles as a member of its cluster, without the withdrawn ones."""
        ...

    def members_of(self, cluster_ids: Collection[str]) -> list[Member]:
        """Return all articles in these clusters, without the withdrawn ones."""
        ...

    def recent_members(
        self, since: datetime, after: int, limit: int, *, edited: bool = False
    ) -> list[Member]:
        """Return a page of the articles whose newest revision was received at `since` or later.

        The page starts after revision id `after` and is in the order of revision ids. With
        `edited`, it has only articles that were revised and whose newest revision changed more than
        a few words.
        """
        ...

    def recent_fingerprints(
        self, since: datetime, after: int, limit: int
    ) -> list[StoredFingerprint]:
        """Return the fingerprints of articles whose newest revision was received since `since`.

        The similarity index is built from them. They come in pages of up to `limit` in the order of
        revision ids, and the page starts after revision id `after`. A fingerprint that another
        release stored in another format is left out.
        """
        ...

    def count_recent(self, since: datetime) -> int:
        """Count the articles whose newest revision was received at `since` or later."""
        ...

    def moves(self, article_ids: Collection[str]) -> list[RecordedMove]:
        """Return all moves of these articles from one cluster to another, oldest first."""
        ...

    def sightings(self, article_ids: Collection[str]) -> list[Sighting]:
        """Return all receipts that led to these articles, oldest first.

        Receipts of cleaning a stored article again are left out.
        """
        ...


class ClusterStore(ClusterReader, Protocol):
    """Repair and edit clusters, automatically or for an operator."""

    def orphaned_clusters(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of up to `limit` clusters that have lost their canonical article.

        That article was withdrawn, or it is not stored although a copy has waited for it since
        before `before`.
        """
        ...

    def displaced_members(self, limit: int) -> list[ClusterMove]:
        """Return moves for members whose canonical article has moved to another cluster.

        Each move takes one member to that cluster too. The moves are not carried out here.
        """
        ...

    def clear_pending(self) -> None:
        """Clear the mark `canonical_pending` of copies whose canonical article is stored by now."""
        ...

    def move(self, moves: Sequence[ClusterMove], *, now: datetime) -> list[ClusterMove]:
        """Move articles between clusters; return the moves that were carried out.

        A move is skipped if its article is no longer in `move.left`, the cluster that it is to
        leave. When a canonical article moves, the articles that are still in its old cluster are
        moved to the same new cluster, and these moves are returned too. Takes several transactions.
        """
        ...

    def pin(self, pins: Mapping[str, str], note: str, *, now: datetime) -> None:
        """Pin articles to clusters (article id -> cluster id), so that no automatic rule moves one.

        `note` is the operator's remark.
        """
        ...

    def unpin(self, article_ids: Collection[str]) -> int:
        """Remove the pins of these articles; return how many of them were pinned."""
        ...


class ClusteredStore(ClosableStore, Protocol):
    """A store with a property `clusters`, which reads and edits the clusters in it."""

    @property
    def clusters(self) -> ClusterStore: ...


class ClusterEditStore(ArticleReader, ClusteredStore, Protocol):
    """The store for operators who look at articles, and split, merge or pin their clusters."""


class RededuplicationStore(FingerprintReader, ClusteredStore, Protocol):
    """The store for deciding again, from stored fingerprints, which articles are copies."""
