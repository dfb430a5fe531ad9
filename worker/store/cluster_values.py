"""Values about clusters, which the store returns: members, and moves of articles between clusters.

A cluster is an article and its copies. Its id is the id of its canonical article, the first one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from worker.model.records import Fingerprint


class MoveReason(StrEnum):
    """Why an article moved from one cluster (an article and its copies) to another.

    For example `merged` (by an operator) or `twin` (two originals were found to be copies of each
    other). The values are stored in the database, so they must not change.
    """

    PROMOTED = "promoted"  # its canonical article was removed; it is the first remaining member
    INHERITED = "inherited"  # the same, and it is a copy of the promoted article
    RELEASED = "released"  # the same, and it is a copy of no remaining member
    FOLLOWED = "followed"  # its canonical article had moved to another cluster
    TWIN = "twin"  # two canonical articles were copies: the later one joined the earlier one
    LEFT = "left"  # an edit of the article or of its canonical article: they are no copies now
    SPLIT = "split"  # by an operator
    MERGED = "merged"  # by an operator
    REPLAYED = "replayed"  # other thresholds were applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A stored article as a member of its cluster, which is an article and its copies.

    `seq` orders articles by when they were stored. `change` tells how much the newest revision
    changed: `format`, `minor` or `substantial`, "" for the first. `pinned` says that an operator
    bound it to the cluster. Articles that their publisher withdrew are never members.
    """

    seq: int  # order of storage: the smallest was stored first
    article_id: str
    cluster_id: str
    verdict: str
    source: str
    title: str
    revision: int
    revision_id: int
    change: str  # kind of change that the newest revision made
    received: datetime
    fingerprint: Fingerprint
    pinned: bool

    @property
    def canonical(self) -> bool:
        return self.article_id == self.cluster_id


class StoredFingerprint(NamedTuple):
    """The fingerprint (the text hashes) of a stored article, for rebuilding the index that finds
    copies.

    `canonical` is the id of the article that stands for all copies of the text. `revision_id` is
    the row of the newest revision, after which the next page starts, and `at` is when that was
    stored. There are no other fields, because very many of these are read.
    """

    revision_id: int  # of the newest revision; the next page starts after it
    article_id: str
    canonical: str
    at: datetime
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One receipt, the id of one delivery of a raw article, that led to this stored article.

    `outcome` tells what became of it, such as `new` or `unchanged`, and `source` who delivered it.
    `at` is when it was stored, by the clock of the worker.
    """

    receipt: str
    article_id: str
    outcome: str
    revision: int
    source: str
    at: datetime  # time of storage, by the worker's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMove:
    """A move of one article to another cluster (an article and its copies) that is yet to be
    stored.

    `left` and `joined` are cluster ids. `by` is `reconcile` (automatic) or `operator`, with the
    operator's `note`. The evidence is `rival`, the article it was compared with, and the `scores`,
    `thresholds` and rules (`version`) of that comparison; each is empty if there was none.
    """

    article_id: str
    left: str  # cluster id
    joined: str  # cluster id
    reason: MoveReason
    by: str = "reconcile"  # or "operator"
    rival: str = ""  # id of the article it was compared with
    scores: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    version: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMove:
    """A stored move of one article from one cluster (an article and its copies) to another.

    `left` and `joined` are cluster ids. The evidence is `rival`, the article it was compared with,
    and the `scores`, `thresholds` and rules (`version`) of that comparison. `by` is `reconcile`
    (automatic) or `operator`, with the operator's `note`. `at` is the time of the move.
    """

    at: datetime
    article_id: str
    left: str  # cluster id
    joined: str  # cluster id
    reason: str
    by: str
    rival: str
    scores: dict[str, float]
    thresholds: dict[str, float]
    version: str
    note: str
