"""Values that callers pass to the store, such as queries, and values that the store returns."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from worker.model.admission import Media
from worker.model.records import Contributor
from worker.model.source_trust import SourceIds
from worker.store.held_values import HeldCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search for stored articles. A field that is empty or None does not restrict the search.

    `words` is text as people type it: quotes make phrases, `-` excludes a word. `tag`, `source` and
    `language` must be those of the article, and `verdict` the decision about its newest revision,
    such as `duplicate`; `flag` is something that cleaning noticed. The time of publication (of
    receipt, if that is unknown) must be `since` or later, and before `until`; both need a time
    zone. With `by_receipt`, the time at which the article was received counts instead, also for the
    order. `limit` is the maximum number of articles. `tag_codes` are other codes with the meaning
    of `tag`, as pairs (scheme, code); "" is any scheme.
    """

    words: str = ""
    tag: str = ""
    tag_codes: tuple[tuple[str, str], ...] = ()
    source: str = ""
    language: str = ""
    verdict: str = ""  # of the newest revision
    flag: str = ""  # of the newest revision, such as "paywalled"
    since: datetime | None = None  # published (else received) at or after this time
    until: datetime | None = None  # and before this time
    limit: int = 20
    by_receipt: bool = False

    def __post_init__(self) -> None:
        for name, at in (("since", self.since), ("until", self.until)):
            if at is not None and at.tzinfo is None:
                raise ValueError(
                    f"{name}={at!r} has no time zone: add tzinfo, such as timezone.utc"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """An article as search results and lists show it: its newest revision, without the full text.

    `tags` have the form "scheme:code", strongest first, and `labels` are their names. `verdict`
    tells how the article relates to earlier ones (`new`, `duplicate` …). `snippet` is a short
    passage with the words searched for. `words` counts those of the text.
    """

    article_id: str
    revision: int
    source: str
    title: str
    url: str
    language: str
    words: int
    published: datetime | None
    received: datetime
    verdict: str  # of the newest revision
    cluster_id: str
    tags: tuple[str, ...]  # "scheme:code", strongest first
    labels: tuple[str, ...]  # of the same tags
    snippet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTag:
    """A tag (a topic or name) of a stored article, as the change feed and exports show it.

    `scheme` is the vocabulary, such as `taxonomy`, and `code` the tag's id in it; `label` is its
    name for people. `salience` (0 to 1) says how much the article is about a name; it is None for
    other tags. The passages that are evidence for the tag are left out.
    """

    scheme: str
    code: str
    label: str
    score: float
    salience: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """One revision of an article with all its content, as exports and the change feed return it.

    `tags` is empty for a revision that is not the newest. `verdict` tells how the newest revision
    relates to earlier articles (`new`, `duplicate` …), and `cluster_id` is the id of the article
    that stands for all its copies.
    """

    article_id: str
    revision: int
    source: str
    title: str
    text: str
    summary: str
    url: str
    language: str
    words: int
    published: datetime | None
    published_day: date | None  # in the publisher's own time zone
    published_zone: str | None  # "Europe/Paris", "+02:00" or "UTC"; None if unknown
    updated: datetime | None
    received: datetime
    authors: tuple[str, ...]
    contributors: tuple[Contributor, ...]  # names and roles from the credits
    categories: tuple[str, ...]
    keywords: tuple[str, ...]
    place: str  # of the dateline
    agency: str
    html: str  # the body as safe markup; empty unless `html.keep` is set
    image: str  # address of the lead image
    media: tuple[Media, ...]
    flags: tuple[str, ...]
    verdict: str
    cluster_id: str
    tags: tuple[StoredTag, ...] = ()  # strongest first


class ChangeKind(StrEnum):
    """What happened to an article, as an entry of the change feed (the list of all changes) tells
    it.

    A revision was added (`stored`); tags (`retagged`), other fields (`refreshed`), or the verdict
    or cluster (`judged`) changed without a new revision; or the content was removed (`withdrawn`).
    """

    STORED = "stored"  # a revision was added
    RETAGGED = "retagged"  # its tags changed, the content did not
    REFRESHED = "refreshed"  # cleaned again: same title and text, other fields changed
    JUDGED = "judged"  # verdict or cluster changed, the content did not
    WITHDRAWN = "withdrawn"  # removed by its publisher or an operator: no content remains


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the change feed, the list of what happened to articles.

    `kind` tells what happened to the article `article_id` at the time `at`. To read on after this
    entry, pass its `cursor`. `article` is the content of revision number `revision`; it is None if
    that content has been removed since, because the article was withdrawn. `tags_added` and
    `tags_removed` have the form "scheme:code" and tell what `retagged` changed; both are empty if
    only scores or labels changed, and in entries of older versions.
    """

    cursor: str  # the next page starts after this change
    at: datetime
    kind: ChangeKind
    article_id: str
    revision: int
    article: StoredArticle | None  # that revision, or None when its content was removed since
    tags_added: tuple[str, ...] = ()  # of kind `retagged`, as "scheme:code"
    tags_removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedWork:
    """Work in the store that is left to do: dead letters, copies that lack their original, and held
    articles.

    `dead_letters` counts the standing dead letters, raw articles that could not be processed, by
    reason, the largest number first. `lacks_originals` is true if a copy of an article is stored
    whose original is not stored yet. `held` counts the articles of each source that wait because
    an operator has paused the source.
    """

    dead_letters: dict[str, int]
    lacks_originals: bool
    held: dict[str, HeldCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeen:
    """A source that has delivered articles, with counts of what it delivered.

    `receipts` counts deliveries of articles, and `dead` those that could not be processed. `ids`
    counts missing, reused and changed external ids. If there are too many of these, `distrusted` is
    True: an id then identifies an article only if its content agrees.
    """

    source: str
    receipts: int
    dead: int
    first_seen: datetime
    last_seen: datetime
    ids: SourceIds
    distrusted: bool  # an external id must be confirmed by the content, like a link


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDetails:
    """A source, with its deliveries counted by outcome and its unprocessable articles by reason.

    `outcomes` maps an outcome such as `new` to the number of receipts (ids of deliveries), and
    `dead_letters` a reason to the number of stored letters. The largest number comes first.
    """

    source: SourceSeen
    outcomes: dict[str, int]
    dead_letters: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedLineCount:
    """A line that cleaning removes from articles because their source repeats it, and how often it
    did.

    `rule` is `learned` if workers found that the line repeats, and `pinned` if an operator named
    it. `times` counts removals, and `last` is the time of the last one.
    """

    line: str  # as it was written the last time
    rule: str  # learned or pinned
    times: int
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayTitle:
    """The title of an article and its source, which people are shown in place of the article's
    id."""

    article_id: str
    title: str
    source: str
