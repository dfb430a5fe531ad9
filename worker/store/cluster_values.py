"""Clusters as they stand: who belongs to whom, and moves from one to another, each recorded."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from worker.model.records import Fingerprint


class MoveReason(StrEnum):
    """Why an article is in another cluster than it was. Slugs are stable."""

    PROMOTED = "promoted"  # its canonical article is gone, and it is the first of those left
    INHERITED = "inherited"  # … and it is a copy of that first one
    RELEASED = "released"  # … and it is a copy of none of those left
    FOLLOWED = "followed"  # its canonical article had moved on
    TWIN = "twin"  # two canonical articles were alike: the later joined the earlier
    LEFT = "left"  # edited, it or its canonical article: they are not alike any more
    SPLIT = "split"  # by hand
    MERGED = "merged"  # by hand
    REPLAYED = "replayed"  # other thresholds were put into force


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A standing article as the member of a cluster, with its newest revision."""

    seq: int  # of storage: the smallest came first
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
    """What the index needs to know of an article; a page of them is read fast."""

    place: int  # number of the newest revision: read on after it
    article_id: str
    canonical: str
    at: datetime
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One receipt that ended in a member of a cluster."""

    receipt: str
    article_id: str
    outcome: str
    revision: int
    source: str
    at: datetime  # when it was stored, by the worker's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMove:
    """One article from one cluster to another, with the evidence."""

    article_id: str
    left: str  # cluster
    joined: str  # cluster
    reason: MoveReason
    by: str = "reconcile"  # or "operator"
    rival: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    version: str = ""
    note: str = ""
