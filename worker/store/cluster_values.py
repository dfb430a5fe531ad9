"""Values about clusters: their members, and the recorded moves of articles between clusters.

A cluster is an article and its copies. Its id is the id of its canonical article, the first one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from worker.model.records import Fingerprint


class MoveReason(StrEnum):
    """Why an article moved to another cluster. The values are stored, so they must not change."""

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
    """An article in its cluster, with its newest revision. Withdrawn articles are no members."""

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
    """The fingerprint of a stored article, with what the similarity index needs to know of it.

    The index is rebuilt from large pages of these, so they have no other fields.
    """

    revision_id: int  # of the newest revision; the next page starts after it
    article_id: str
    canonical: str
    at: datetime
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One receipt that led to an article of a cluster, with its source, outcome and time."""

    receipt: str
    article_id: str
    outcome: str
    revision: int
    source: str
    at: datetime  # time of storage, by the worker's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMove:
    """A move of one article from one cluster to another, before it is stored, with its evidence."""

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
    """A ClusterMove that was carried out and stored, with the time at which it was."""

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
