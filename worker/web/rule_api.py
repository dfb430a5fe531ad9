"""Operations of the API on tagging rules: which fired how often, one rule, and a draft to try."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from starlette.exceptions import HTTPException

from worker.store.listing_values import ArticlePosition, RuleCount
from worker.store.values import Query, SearchHit
from worker.tag.rules.rule import Rule
from worker.tag.rules.topic import Topic
from worker.web.api_operations import Arguments, Operation, asked_position
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.cursors import cursor_of
from worker.web.rule_trials import RuleTrial, TrialRunning

_MOST_COUNTED = 1_000  # articles whose tags are counted
_LOOKED_AT = 100  # articles with the tag, among which those by one rule are shown
_MOST_DRAFT = 100_000  # characters


class RuleListing(Arguments):
    """For how many of the last days tags by rules are counted."""

    days: int = Field(
        7, ge=1, le=90, description="Articles published (or else received) in the last days."
    )


class OneRule(Arguments):
    """Which rule is wanted, and which page of the articles that it tagged."""

    id: str = Field(min_length=1, max_length=1000, description="Id, such as medtop:11000000/en.")
    cursor: str = Field("", max_length=500, description="`next_cursor` of the page before.")


class RuleDraft(Arguments):
    """A draft of a rule file that is to be tried."""

    model_config = Arguments.model_config | {"str_strip_whitespace": False}

    draft: str = Field(max_length=_MOST_DRAFT, description="The rule file as TOML.")
    file: str = Field(
        "rules/draft",
        pattern=r"^(taxonomy|rules/[A-Za-z0-9_-]{1,80})$",
        description="The file that it replaces: taxonomy, or rules/NAME such as rules/weather, "
        "where NAME has letters, digits, - and _. A file that there is not yet is added.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSummary:
    """A rule that gives articles the tag of a topic: its id, its name within the topic, and the
    file that has it. `articles` is how many of the counted articles have the topic's tag by this
    rule."""

    id: str
    name: str
    file: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSummary:
    """A topic with its rules. `articles` is how many of the counted articles have its tag.

    `by_origin` counts these articles by what gave the tag: `rule`, `model`, `category` (of the
    feed), `source` (a setting for the source), or `implied` (by the tag of a narrower topic).
    """

    code: str
    label: str
    articles: int
    by_origin: Mapping[str, int]
    rules: tuple[RuleSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """All topics and rules in force, and which of them gave tags lately.

    The tags of the newest `articles` articles published since the time `since` are counted (by
    receipt, if that is unknown). If not
    `is_complete`, there are more articles in that time, so that all numbers are those of a sample,
    which begins at `oldest`; a rule with the number 0 may have fired before. `removed` has rules
    that gave tags, and are not in force any more.
    """

    since: datetime
    articles: int
    is_complete: bool
    oldest: datetime | None
    topics: tuple[TopicSummary, ...]
    removed: tuple[RuleCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedArticle:
    """An article that has a topic's tag by a rule, and the phrases in it by which the rule
    fired."""

    hit: SearchHit
    score: float
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDetails:
    """One rule as it stands in its file, and the newest articles that it tagged.

    Of the articles with the tag of the topic, 100 are looked at for one page, so that a page may
    have few articles or none although others follow; `next_cursor` asks for the next page.
    """

    id: str
    code: str
    label: str
    file: str
    path: str
    definition: Mapping[str, Any]
    articles: tuple[TaggedArticle, ...]
    next_cursor: str | None


def list_rules(console: Console, _: Caller, wanted: RuleListing) -> RuleList:
    """Return all topics and rules, and how many of the newest articles each of them tagged."""
    taxonomy = console.rules.get().tagging.taxonomy
    since = console.now() - timedelta(days=wanted.days)
    found = console.store.listings.rule_counts(since, _MOST_COUNTED)
    by_rule: Counter[tuple[str, str]] = Counter()
    by_origin: dict[str, Counter[str]] = defaultdict(Counter)
    for count in found.counts:
        origin = count.method.partition("+")[0]
        by_origin[count.code][origin] += count.articles
        if origin == "rule":
            by_rule[count.code, count.rule] += count.articles
    topics = [
        TopicSummary(
            code=topic.code,
            label=topic.label,
            articles=by_origin[topic.code].total(),
            by_origin=dict(by_origin[topic.code].most_common()),
            rules=tuple(
                RuleSummary(
                    id=(id := f"{topic.code}/{rule.name}"),
                    name=rule.name,
                    file=taxonomy.file_of(id),
                    articles=by_rule[topic.code, id],
                )
                for rule in topic.rules
            ),
        )
        for topic in taxonomy.topics
    ]
    known = {rule.id for topic in topics for rule in topic.rules}
    removed = (c for c in found.counts if c.method.startswith("rule") and c.rule not in known)
    return RuleList(
        since=since,
        articles=found.articles,
        is_complete=found.is_complete,
        oldest=found.oldest,
        topics=tuple(topics),
        removed=tuple(removed),
    )


def show_rule(console: Console, _: Caller, wanted: OneRule) -> RuleDetails:
    """Return one rule, and articles that it tagged with the phrases by which it fired."""
    config = console.rules.get()
    topic, rule = _rule(console, wanted.id)
    after = asked_position(wanted.cursor, ArticlePosition)
    listings = console.store.listings
    query = Query(tag=f"taxonomy:{topic.code}", limit=_LOOKED_AT)
    page = listings.article_page(query, after)
    evidence = listings.rule_evidence([hit.article_id for hit in page.hits], topic.code)
    file = config.tagging.taxonomy.file_of(wanted.id)
    return RuleDetails(
        id=wanted.id,
        code=topic.code,
        label=topic.label,
        file=file,
        path=str(config.files[file]),
        definition=rule.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        articles=tuple(
            TaggedArticle(hit=hit, score=found.score, phrases=found.phrases)
            for hit in page.hits
            if (found := evidence.get(hit.article_id)) and found.rule == wanted.id
        ),
        next_cursor=cursor_of(page.next),
    )


def try_draft(console: Console, _: Caller, wanted: RuleDraft) -> RuleTrial:
    """Check a draft of a rule file, and say which of the newest 1,000 articles would get or lose
    tags by it. Nothing is stored. Error 409 while another draft is tried."""
    try:
        return console.trials.run(
            wanted.file, wanted.draft, console.rules.get(), console.store.listings
        )
    except TrialRunning as e:
        raise HTTPException(409, "another draft is tried now; try again in 10 seconds") from e


def _rule(console: Console, rule_id: str) -> tuple[Topic, Rule]:
    for topic in console.rules.get().tagging.taxonomy.topics:
        for rule in topic.rules:
            if f"{topic.code}/{rule.name}" == rule_id:
                return topic, rule
    raise HTTPException(404, "there is no such rule in force")


OPERATIONS = (
    Operation(
        path="/api/rules",
        summary="List all topics and rules, with how often each gave its tag lately.",
        arguments=RuleListing,
        answer=RuleList,
        run=list_rules,
    ),
    Operation(
        path="/api/rules/rule",
        summary="Show one rule, and articles that it tagged.",
        arguments=OneRule,
        answer=RuleDetails,
        run=show_rule,
    ),
    Operation(
        path="/api/rules/trial",
        summary="Check a draft of a rule file, and try it on stored articles. Stores nothing.",
        arguments=RuleDraft,
        answer=RuleTrial,
        run=try_draft,
        method="POST",
    ),
)
