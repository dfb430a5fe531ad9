"""Clusters as they stand: who belongs to whom, and moves from one to another, each recorded."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from worker.contract import Frozen
from worker.models import Fingerprint


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


class Member(Frozen):
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


class Print(NamedTuple):
    """What the index needs to know of an article; a page of them is read fast."""

    place: int  # number of the newest revision: read on after it
    article_id: str
    canonical: str
    at: datetime
    fingerprint: Fingerprint


class Sighting(Frozen):
    """One receipt that ended in a member of a cluster."""

    receipt: str
    article_id: str
    outcome: str
    revision: int
    source: str
    at: datetime  # when it was stored, by the worker's clock


class Move(Frozen):
    """One article from one cluster to another, with the evidence."""

    article_id: str
    left: str  # cluster
    joined: str  # cluster
    reason: MoveReason
    by: str = "reconcile"  # or "operator"
    rival: str = ""
    scores: dict[str, float] = {}
    thresholds: dict[str, float] = {}
    version: str = ""
    note: str = ""


class Clusters(Protocol):
    """Every call is one transaction, `move` two; raises Unavailable."""

    def members(self, article_ids: Collection[str]) -> list[Member]:
        """These articles as far as they stand, the earliest first."""
        ...

    def standing(self, cluster_ids: Collection[str]) -> list[Member]:
        """Everyone in these clusters, the earliest first."""
        ...

    def mates(self, article_ids: Collection[str], limit: int) -> dict[str, list[str]]:
        """The last that came to the clusters of these, but for themselves; who is alone has no
        entry."""
        ...

    def orphaned(self, before: datetime, limit: int) -> Sequence[str]:
        """Clusters whose canonical article is withdrawn, or was not stored before then."""
        ...

    def astray(self, limit: int) -> list[Move]:
        """Members whose canonical article went to another cluster, as moves after it."""
        ...

    def settle(self) -> None:
        """Take the mark off copies whose canonical article has come since."""
        ...

    def page(
        self, since: datetime, after: int, limit: int, *, edited: bool = False
    ) -> list[Member]:
        """Articles whose newest revision came since then, by its number, after a number.

        `edited`: only where that changed more than a few words.
        """
        ...

    def prints(self, since: datetime, after: int, limit: int) -> list[Print]:
        """As `page`, only what the index needs; those of another release are left out."""
        ...

    def count(self, since: datetime) -> int:
        """How many those are."""
        ...

    def newest(self) -> int:
        """The number of the newest revision, 0 when there is none."""
        ...

    def move(self, moves: Sequence[Move], *, now: datetime) -> list[Move]:
        """Move those that stand where they are said to stand; returns what was moved.

        Who comes to a cluster while its canonical article leaves it is moved after it.
        """
        ...

    def pin(self, pins: dict[str, str], note: str, *, now: datetime) -> None:
        """From now on these articles stay in these clusters, whatever the rules say."""
        ...

    def unpin(self, article_ids: Collection[str]) -> int:
        """Leave these articles to the rules again; returns how many were pinned."""
        ...

    def moves(self, article_ids: Collection[str]) -> list[dict[str, Any]]:
        """The moves of these articles, the oldest first."""
        ...

    def sightings(self, article_ids: Collection[str]) -> list[Sighting]:
        """Every receipt of these articles, the oldest first; not those of cleaning them again."""
        ...
