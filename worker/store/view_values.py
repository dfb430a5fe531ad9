"""The types of what `worker show --json` prints: everything stored about one article.

Their keys are the names of the table columns.
"""

from datetime import datetime
from typing import TypedDict


class ArticleRow(TypedDict):
    """The row of an article: its identity, cluster and state."""

    article_id: str
    source: str
    key: str
    revision: int
    cluster_id: str
    canonical_pending: bool
    verdict: str  # of the newest revision
    first_seen: datetime
    last_seen: datetime
    sightings: int
    withdrawn_at: datetime | None
    retagged_at: datetime | None
    refreshed_at: datetime | None


class RevisionRow(TypedDict):
    """One revision of an article with its content, without fingerprint and payload."""

    number: int
    content_hash: str
    change: str
    title: str
    text: str
    summary: str
    url: str
    language: str
    words: int
    published: datetime | None
    updated: datetime | None
    authors: list[str]
    categories: list[str]
    media: list[dict[str, str]]
    contributors: list[dict[str, str]]
    keywords: list[str]
    image: str
    place: str
    agency: str
    html: str
    flags: list[str]
    dropped: list[dict[str, str]]  # rule and line
    versions: dict[str, str]
    received: datetime


class TagSpan(TypedDict):
    """A passage that is evidence for a tag: characters [start, end) of a field of the article."""

    field: str
    start: int
    end: int
    surface: str


class TagRow(TypedDict):
    """A tag of the article's newest revision, with the rule that gave it and its evidence."""

    scheme: str
    code: str
    label: str
    score: float
    method: str
    rule: str
    version: str
    spans: list[TagSpan]


class DecisionRow(TypedDict):
    """The verdict on the article for one receipt, with its scores and thresholds."""

    receipt: str
    verdict: str
    signal: str
    rival: str  # id of the article it was compared with
    scores: dict[str, float]
    thresholds: dict[str, float]
    version: str
    at: datetime


class SightingRow(TypedDict):
    """One receipt that led to the article, with its outcome and the worker that processed it."""

    receipt: str
    outcome: str
    revision: int
    source: str
    at: datetime
    worker: str
    deliveries: int


class AliasRow(TypedDict):
    """A key that leads to the article: an external id, a link or its opening words."""

    source: str
    key: str


class ClusterRow(TypedDict):
    """An article in the same cluster: the article itself, its original or another copy."""

    article_id: str
    source: str
    verdict: str
    title: str


class MoveRow(TypedDict):
    """A move of the article from one cluster to another, with the reason and the evidence."""

    at: datetime
    left: str  # cluster id
    joined: str  # cluster id
    reason: str
    by: str
    rival: str
    scores: dict[str, float]
    thresholds: dict[str, float]
    version: str
    note: str


class ArticleView(TypedDict):
    """Everything stored about one article, as `worker show --json` prints it."""

    article: ArticleRow
    revisions: list[RevisionRow]  # by number
    tags: list[TagRow]  # strongest first
    decisions: list[DecisionRow]  # newest first
    sightings: list[SightingRow]  # newest first
    aliases: list[AliasRow]
    cluster: list[ClusterRow]  # newest first
    moves: list[MoveRow]  # oldest first
