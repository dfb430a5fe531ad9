"""Topics: what feed and source say, what the rules see, and the ancestors of both."""

from collections.abc import Iterator
from datetime import datetime

from worker.model.records import Article, Span, Tag
from worker.tag.rules.matcher import View, examine, spans
from worker.tag.rules.taxonomy import Taxonomy, Topic, category_code

SCHEME = "taxonomy"


def view(article: Article, taxonomy: Taxonomy, now: datetime) -> View:
    """The article as the rules see it on the day it was published, or else received."""
    return View(article, taxonomy.compiled, (article.published or now).date())


def topic_tags(article: Article, taxonomy: Taxonomy, now: datetime) -> list[Tag]:
    """One tag per topic, the highest score first; a feed's own word outranks a rule."""
    best: dict[str, Tag] = {}
    for tag in (*_said(article, taxonomy), *_seen(view(article, taxonomy, now), taxonomy)):
        if tag.code not in best or tag.score > best[tag.code].score:
            best[tag.code] = tag
    for tag in sorted(best.values(), key=_rank):
        for code in taxonomy.ancestors(tag.code):
            best.setdefault(code, _implied(taxonomy.by_code[code], tag))
    return sorted(best.values(), key=_rank)


def _rank(tag: Tag) -> tuple[float, str]:
    return -tag.score, tag.code


def _implied(topic: Topic, by: Tag) -> Tag:
    """An ancestor is as certain as the best tag below it, and names that as its rule."""
    return Tag(
        scheme=SCHEME,
        code=topic.code,
        label=topic.label,
        score=by.score,
        method="implied",
        rule=by.code,
        version=by.version,
    )


def _said(article: Article, taxonomy: Taxonomy) -> Iterator[Tag]:
    """What feed and source say of the article without its being read."""
    for label in article.categories:
        for topic in taxonomy.said_by(article.source, label):
            yield Tag(
                scheme=SCHEME,
                code=topic.code,
                label=topic.label,
                method="category",
                rule=f"{topic.code}/category:{category_code(label)}",
                version=taxonomy.version,
                spans=(Span(field="category", start=0, end=len(label), surface=label),),
            )
    for each in taxonomy.of_source(article.source):
        for code in each.topics:
            yield Tag(
                scheme=SCHEME,
                code=code,
                label=taxonomy.by_code[code].label,
                score=each.score,
                method="source",
                rule=f"{code}/source:{each.source}",
                version=taxonomy.version,
            )


def _seen(view: View, taxonomy: Taxonomy) -> Iterator[Tag]:
    for ready, evidence in view.candidates():
        finding = examine(view, ready, evidence, taxonomy.scoring)
        if not finding.why_not:
            yield Tag(
                scheme=SCHEME,
                code=ready.topic.code,
                label=ready.topic.label,
                score=finding.score,
                rule=ready.id,
                version=taxonomy.version,
                spans=spans(view, finding, taxonomy.scoring.max_spans),
            )
