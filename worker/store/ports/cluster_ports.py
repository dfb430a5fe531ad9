"""Store protocols for reading and changing clusters. A cluster is an article and its copies."""

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
    """Reads clusters: each is an article and its copies, named by the id of the original article.

    Members of clusters are returned in the order in which they were stored, or by revision where a
    method returns pages.
    """

    def members(self, article_ids: Collection[str]) -> list[Member]:
        """Return these articles, each as a `Member` of the cluster (article and copies) that it
        belongs to.

        Unknown and withdrawn articles are left out. Other members of the same clusters are not
        returned.
        """
        ...

    def members_of(self, cluster_ids: Collection[str]) -> list[Member]:
        """Return all articles in the clusters with these ids, the original articles and their
        copies.

        Withdrawn articles are left out. An earlier stored article comes before a later one.
        """
        ...

    def recent_members(
        self, since: datetime, after: int, limit: int, *, edited: bool = False
    ) -> list[Member]:
        """Return a page of the articles whose newest revision was received at `since` or later.

        The page has up to `limit` articles, in the order of the row ids of their revisions, and
        starts after the row id `after`. With `edited`, it has only articles that were revised and
        whose newest revision changed more than the format or a few words.
        """
        ...

    def recent_fingerprints(
        self, since: datetime, after: int, limit: int
    ) -> list[StoredFingerprint]:
        """Return a page of fingerprints (text hashes), from which the index that finds copies is
        rebuilt.

        They are those of articles whose newest revision was received at `since` or later. At most
        `limit` are read, in the order of the row ids of the revisions, starting after the row id
        `after`. A fingerprint that another release stored in another format is left out.
        """
        ...

    def count_recent(self, since: datetime) -> int:
        """Count the stored articles whose newest revision was received at `since` or later.

        It tells how many articles the pages of `recent_members` have together.
        """
        ...

    def moves(self, article_ids: Collection[str]) -> list[RecordedMove]:
        """Return all stored moves of these articles between clusters (an article and its copies).

        The oldest move comes first.
        """
        ...

    def sightings(self, article_ids: Collection[str]) -> list[Sighting]:
        """Return all receipts, the ids of deliveries, that led to these articles, with outcomes;
        oldest first.

        Receipts that stand for cleaning a stored article again are left out, because no source
        delivered anything then.
        """
        ...


class ClusterStore(ClusterReader, Protocol):
    """Reads and changes clusters, each of which is an article and its copies.

    A maintenance task uses it to repair clusters that have lost their original article, and
    operators to split, merge or pin clusters.
    """

    def orphaned_clusters(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of up to `limit` clusters whose canonical article is missing.

        The canonical article is the one that the others copy. It was withdrawn; or it is still not
        stored although a copy that waits for it was last received before `before`.
        """
        ...

    def displaced_members(self, limit: int) -> list[ClusterMove]:
        """Return the moves that take up to `limit` copies to the cluster which their original has
        joined.

        A copy is left behind when its canonical article, the one that it copies, has moved to
        another cluster. The moves are only returned; `move` carries them out.
        """
        ...

    def clear_pending(self) -> None:
        """Clear the mark `canonical_pending` of copies whose canonical article is stored by now.

        The mark says that a copy was stored before the article that it copies.
        """
        ...

    def move(self, moves: Sequence[ClusterMove], *, now: datetime) -> list[ClusterMove]:
        """Move articles between clusters (an article and its copies); return the moves that were
        carried out.

        A move is skipped if its article is no longer in `move.left`, the cluster that it is to
        leave. When the canonical article of a cluster moves, the copies still in the cluster are
        moved after it, and these moves are returned too. `now` is stored as the time. Takes several
        transactions.
        """
        ...

    def pin(self, pins: Mapping[str, str], note: str, *, now: datetime) -> None:
        """Bind articles to clusters for an operator, so that no automatic rule moves them away.

        `pins` maps an article id to the id of a cluster. `note` is the operator's remark, and `now`
        is stored as the time.
        """
        ...

    def unpin(self, article_ids: Collection[str]) -> int:
        """Allow automatic rules to move these articles between clusters again, which `pin` had
        forbidden.

        Returns how many of the articles were pinned.
        """
        ...


class ClusteredStore(ClosableStore, Protocol):
    """A store whose attribute `clusters` reads and changes clusters, an article and its copies
    each."""

    @property
    def clusters(self) -> ClusterStore: ...


class ClusterEditStore(ArticleReader, ClusteredStore, Protocol):
    """The store for operators who look at articles and change their clusters (an article and its
    copies).

    They can split and merge clusters, and pin an article to one.
    """


class RededuplicationStore(FingerprintReader, ClusteredStore, Protocol):
    """The store for deciding again with new thresholds which stored articles are copies of each
    other.

    It reads their fingerprints (text hashes), and moves articles between clusters.
    """
