"""The types of what `worker show --json` prints: everything stored about one article.

The keys of these dicts are the names of the columns of the database tables.
"""

from datetime import date, datetime

from typing_extensions import TypedDict  # pydantic makes JSON schemas of these only


class ArticleRow(TypedDict):
    """An article's identity, cluster (the article and its copies) and state, in `worker show
    --json`.

    `key` is the id or link by which its source identifies it, `revision` the number of its newest
    revision, and `sightings` the number of its deliveries. `canonical_pending` says that it is a
    copy of an article that is not stored yet. `withdrawn_at` is None if it was not withdrawn; if it
    was, `withdrawal_fetched_at` is when the publisher's withdrawal was fetched, None if it never
    comes back. `retagged_at` and `refreshed_at` are when its tags or other fields last changed
    without a new revision.
    """

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
    withdrawal_fetched_at: datetime | None
    retagged_at: datetime | None
    refreshed_at: datetime | None


class RevisionRow(TypedDict):
    """One revision of an article in `worker show --json`, without its text hashes and raw payload.

    `change` tells how much it changed: `format`, `minor` or `substantial`, "" for the first
    revision. `dropped` has the lines that cleaning removed, each with its rule. `versions` has the
    versions of the rules that processed the revision, such as `cleaner`.
    """

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
    published_day: date | None
    published_zone: str | None
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


class HeldRow(TypedDict):
    """A text in `worker show --json` that is stored but not shown as the article's, because its
    page gave much less text than was known.

    It has `words` words, and `known_words` were known; by default, less than a third is too few.
    `since` is when it was first fetched, or None if the page gave its full text again later. `last`
    is the last fetch with this text, and `receipt` the id of the delivery that first brought it.
    """

    content_hash: str
    since: datetime | None
    last: datetime
    receipt: str
    title: str
    text: str
    url: str
    words: int
    known_words: int
    flags: list[str]
    received: datetime


class TagSpan(TypedDict):
    """A passage of an article that is evidence for a tag.

    It consists of the characters from `start` to before `end` of the field `field`, such as
    `title`; `surface` is the text of these characters.
    """

    field: str
    start: int
    end: int
    surface: str


class TagRow(TypedDict):
    """A tag (a topic or name) of an article's newest revision in `worker show --json`.

    `method`, `rule` and `version` tell what gave the tag; `spans` are the passages that are
    evidence for it. `scheme` is its vocabulary, and `code` its id in there. `salience` (0 to 1)
    says how much the article is about a name, and is None for other tags.
    """

    scheme: str
    code: str
    label: str
    score: float
    salience: float | None
    method: str
    rule: str
    version: str
    spans: list[TagSpan]


class DecisionRow(TypedDict):
    """The decision about one delivery of an article: whether it is new, a revision, a copy and so
    on.

    `receipt` is the id of the delivery. `signal` names what decided, such as `exact`, and `rival`
    is the id of the article with which it was compared, "" for none. `scores` are the measured
    similarities and `thresholds` the limits for them. `version` is that of the rules, and
    `revision` the number of the article's newest revision after the decision.
    """

    receipt: str
    verdict: str
    revision: int
    signal: str
    rival: str  # id of the article it was compared with
    scores: dict[str, float]
    thresholds: dict[str, float]
    version: str
    at: datetime


class SightingRow(TypedDict):
    """One delivery that led to the article shown, or one attempt to clean the article again.

    `receipt` is the id of the delivery, and `outcome` what became of it, such as `new`. `worker` is
    the process that handled its message, and `deliveries` how often the broker delivered that
    message.
    """

    receipt: str
    outcome: str
    revision: int
    source: str
    at: datetime
    worker: str
    deliveries: int


class AliasRow(TypedDict):
    """One of the keys by which this article is recognized when its source delivers it again.

    `key` is an external id ("id:…"), a link ("url:…") or the article's opening words ("text:…").
    """

    source: str
    key: str


class ClusterRow(TypedDict):
    """An article in the same cluster as the article shown. A cluster is an article and all its
    copies.

    The article shown is listed too. `verdict` is the decision about the newest revision, such as
    `duplicate`, `first_seen` is when the article was first processed, and `published` when its
    publisher says that it was published, None if that is unknown.
    """

    article_id: str
    source: str
    verdict: str
    title: str
    first_seen: datetime
    published: datetime | None


class MoveRow(TypedDict):
    """A stored move of the article shown from one cluster (an article and its copies) to another.

    `left` and `joined` are cluster ids. `rival` is the id of the article it was compared with;
    `scores` and `thresholds` are from that comparison, `version` is that of the rules. `by` is
    `reconcile` (automatic) or `operator`, with the operator's `note`.
    """

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
    """Everything stored about one article, as `worker show --json` prints it.

    `sightings` are the deliveries that led to the article, and `decisions` the verdicts on them.
    `held` are texts that are stored but not shown, because the page had suddenly much less text.
    `aliases` are the keys by which it is recognised, `cluster` is the article with its copies, and
    `moves` are its moves between such clusters.
    """

    article: ArticleRow
    revisions: list[RevisionRow]  # by number
    held: list[HeldRow]  # first received first
    tags: list[TagRow]  # strongest first
    decisions: list[DecisionRow]  # newest first
    sightings: list[SightingRow]  # newest first
    aliases: list[AliasRow]
    cluster: list[ClusterRow]  # newest first
    moves: list[MoveRow]  # oldest first
