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
    """Reads clusters: each is an article and its copies, named by the id of the original
    article."""

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

        The page has up to `limit` articles, in the order in which their revisions were stored, and
        starts after the revision with row id `after`. With `edited`, articles are left out that
        have one revision only, or whose last change was in the format or in a few words.
        """
        ...

    def recent_fingerprints(
        self, since: datetime, after: int, limit: int
    ) -> list[StoredFingerprint]:
        """Return a page of fingerprints (text hashes of articles), to rebuild the index that finds
        copies.

        They are those of articles whose newest revision was received at `since` or later, in the
        order in which the revisions were stored. The page covers up to `limit` revisions after the
        one with row id `after`.
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
        """Return all deliveries that led to these articles, with what became of each; the oldest
        comes first.

        When a stored article was cleaned again, that is not counted as a delivery.
        """
        ...


class ClusterStore(ClusterReader, Protocol):
    """Reads and changes clusters, each of which is an article and its copies.

    A maintenance task uses it to repair clusters that have lost their original article, and
    operators to split, merge or pin clusters.
    """

    def orphaned_clusters(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of up to `limit` clusters that lack their original article.

        A cluster is an article and its copies. The original is lacking if it was withdrawn, or if
        it was never stored although a copy of it was, and that copy was last received before the
        time `before`.
        """
        ...

    def displaced_members(self, limit: int) -> list[ClusterMove]:
        """Return the moves by which up to `limit` copies follow their original to another cluster.

        A cluster is an article and its copies. The original has moved already, and these copies are
        still in the old cluster. The moves are only returned; the method `move` carries them out.
        """
        ...

    def clear_pending(self) -> None:
        """Clear the mark `canonical_pending` of articles whose original is stored by now.

        An article has this mark if it is a copy of an article that was not stored yet.
        """
        ...

    def move(self, moves: Sequence[ClusterMove], *, now: datetime) -> list[ClusterMove]:
        """Move articles to other clusters (an article and its copies); return the moves carried
        out.

        If the original article of a cluster moves, its copies move with it, and these moves are
        returned too. A move of an article that is no longer in the cluster `left` is skipped. `now`
        is stored as the time.
        """
        ...

    def pin(self, pins: Mapping[str, str], note: str, *, now: datetime) -> None:
        """Bind articles to clusters (an article and its copies each) for an operator, so that no
        automatic rule moves them away.

        `pins` maps an article id to the id of a cluster. `note` is the operator's remark, and `now`
        is stored as the time.
        """
        ...

    def unpin(self, article_ids: Collection[str]) -> int:
        """Allow automatic rules to move these articles between clusters (groups of copies) again,
        which `pin` had forbidden.

        Returns how many of the articles were pinned.
        """
        ...


class ClusteredStore(ClosableStore, Protocol):
    """A store whose attribute `clusters` reads and changes clusters. A cluster is an article and
    its copies."""

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
