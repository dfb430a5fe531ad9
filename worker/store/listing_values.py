"""Values for lists that people page through: positions in a list, pages, and counts that are cheap.

A list of a large table is never counted as a whole, and a page of it looks at a limited number of
rows, so that its cost does not grow with the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.values import SearchHit


class TooBroad(ValueError):
    """A list is not made, because too much would have to be read for it. The message says why."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of rows. If `is_exact` is False, it is only estimated, or counting stopped at it,
    so that there are more."""

    number: int
    is_exact: bool


class ArticlePosition(NamedTuple):
    """A position in the list of articles, which has the newest first: after the article of which
    the newest revision has this date and row id.

    The date is that of publication, or of receipt if that is unknown.
    """

    dated: datetime
    revision_id: int


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many of the articles of a list have one value of a field, such as one language.

    `label` is the name of the value for people.
    """

    value: str
    label: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacets:
    """The values by which a list of articles can be narrowed, each with its number of articles.

    They are counted over the newest `articles` articles of the list. If `is_complete`, these are
    all. `counts` maps a field (`source`, `tag`, `language`, `verdict`, `flag`, `day`) to its
    values, the most frequent first; days come in their order, the newest first.
    """

    articles: int
    is_complete: bool
    counts: Mapping[str, tuple[FacetCount, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """A page of the list of articles that match a query, the newest first.

    The next page begins after the position `next`; None at the end of the list. A page may have
    few articles or none although others follow, because it looks at a limited number of articles.
    `facets` are the values by which the list can be narrowed from this page on; None if they were
    not asked for.
    """

    hits: tuple[SearchHit, ...]
    next: ArticlePosition | None
    facets: ArticleFacets | None = None


class ClusterPosition(NamedTuple):
    """A position in the list of clusters (an article and its copies each), those with the most
    sources first. The next page begins after the cluster with these numbers and this id.

    `seq` is the number of the last article that the list includes, so that articles stored later do
    not move the list while somebody pages through it.
    """

    seq: int
    sources: int
    articles: int
    cluster_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSummary:
    """A cluster (an article and its copies) with the numbers of its articles and their sources.

    Articles are counted that were first seen in the time of the list. `title` and `source` are
    those of the first article, whose id is the cluster's id; "" if it is not stored.
    """

    cluster_id: str
    title: str
    source: str
    sources: int
    articles: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPage:
    """A page of the list of clusters (an article and its copies each) of a period, those with the
    most sources first.

    The next page begins after the position `next`; None at the end of the list. If `is_complete` is
    False, the period has more articles than are looked at, and older ones were left out.
    """

    clusters: tuple[ClusterSummary, ...]
    next: ClusterPosition | None
    is_complete: bool


class LetterPosition(NamedTuple):
    """A position in the list of dead letters, which has those first that failed last: after the
    letter with this time and id."""

    last: datetime
    letter_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPage:
    """A page of the list of dead letters (articles that could not be processed), without payloads.

    The next page begins after the position `next`; None at the end of the list.
    """

    letters: tuple[StoredDeadLetter, ...]
    next: LetterPosition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterCounts:
    """How many dead letters match a query, by reason, the largest number first.

    Counting stops at a certain number; `is_complete` is False if it did, so that there are more.
    """

    reasons: Mapping[str, int]
    is_complete: bool

    @property
    def total(self) -> int:
        return sum(self.reasons.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPayload:
    """The raw article from which a revision was made, as it was received: its JSON text."""

    article_id: str
    revision: int
    received: datetime
    payload: str


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many articles of a sample have the tag of a topic from one origin.

    `method` says what gave it, such as `rule` or `rule+model`, and `rule` is the id of the rule, ""
    if no rule did.
    """

    code: str
    method: str
    rule: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCounts:
    """What gave the topic tags of the newest articles of a period, the most frequent first.

    `articles` is the number of articles looked at, and `oldest` the date of the last of them. If
    `is_complete` is False, the period has more articles, and older ones were left out.
    """

    articles: int
    is_complete: bool
    oldest: datetime | None
    counts: tuple[RuleCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvidence:
    """What gave an article the tag of a topic: a method, the id of a rule, and the phrases of the
    article that are evidence for it."""

    method: str
    rule: str
    score: float
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSummary:
    """A revision of an article as lists show it, without its text.

    `change` tells how much it changed: `format`, `minor` or `substantial`, "" for the first.
    `before` is the number of the revision before it, None for the first.
    """

    number: int
    before: int | None
    received: datetime
    change: str
    words: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionText:
    """Title and text of one revision of an article."""

    title: str
    text: str
