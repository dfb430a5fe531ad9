"""Values that the store returns about clusters: their members, and moves of articles between
clusters.

A cluster is an article, the canonical one, and all its copies. Its id is the id of that article.
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
    """A stored article as a member of its cluster, which is an article and all its copies.

    `seq` is a number that grows from each stored article to the next. `verdict` is the decision
    about the article, such as `duplicate`. `revision` is the number of its newest revision,
    `revision_id` the row id of that, and `change` how much that changed the article: `format`,
    `minor` or `substantial`, "" for a first revision. `pinned` is True if an operator bound the
    article to the cluster.
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
    """The fingerprint (all text hashes) of a stored article, to rebuild the index of copies.

    `canonical` is the id of the article that stands for all copies of the text, often this article
    itself. `revision_id` is the row id of the article's newest revision, and `at` is when that was
    received. Such values are read in pages; the next page begins after the last `revision_id`.
    """

    revision_id: int  # of the newest revision; the next page starts after it
    article_id: str
    canonical: str
    at: datetime
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One delivery of a raw article that led to a certain stored article.

    `receipt` is the id of the delivery, `outcome` what became of it, such as `new` or `unchanged`,
    and `source` who delivered it. `revision` is the number of the article's revision that it led
    to. `at` is when the outcome was stored.
    """

    receipt: str
    article_id: str
    outcome: str
    revision: int
    source: str
    at: datetime  # time of storage, by the worker's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMove:
    """A move of one article to another cluster (an article and all its copies) that is to be
    stored.

    `left` and `joined` are the ids of the old and the new cluster. `by` is `reconcile` (automatic)
    or `operator`, with the operator's `note`. For a move that a comparison led to, `rival` is the
    article compared with, and `scores`, `thresholds` and `version` (of the rules) are those of the
    comparison.
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
    """A stored move of one article to another cluster (an article and all its copies).

    `left` and `joined` are the ids of the old and the new cluster. `by` is `reconcile` (automatic)
    or `operator`, with the operator's `note`, and `at` is the time. For a move that a comparison
    led to, `rival` is the article compared with, and `scores`, `thresholds` and `version` (of the
    rules) are those of the comparison.
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
