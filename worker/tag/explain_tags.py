"""Why tags are there and why others are not: the path that tags, told rule by rule."""

from collections.abc import Iterator
from datetime import datetime

from worker.model.admission import Frozen
from worker.model.records import Article, Span
from worker.tag.rules.compiled_rules import Ready
from worker.tag.rules.matcher import Evidence, Finding, View, examine, spans
from worker.tag.rules.taxonomy import Taxonomy, Topic
from worker.tag.topics.topic_tags import view

_MOST_SPANS = 20


class Considered(Frozen):
    """What became of one rule, and by what."""

    code: str
    label: str
    rule: str
    file: str  # where the rule stands, as config names files
    fires: bool
    score: float
    why_not: str  # "" when it fires
    spans: tuple[Span, ...] = ()


def topics_called(taxonomy: Taxonomy, name: str) -> list[Topic]:
    """The topics of this code, its last digits, or its label, in any case."""
    wanted = name.strip().casefold()
    return [
        topic
        for topic in taxonomy.topics
        if wanted in (topic.code.casefold(), topic.label.casefold())
        or topic.code.casefold().endswith(f":{wanted}")
    ]


def account(
    article: Article, taxonomy: Taxonomy, now: datetime, code: str = ""
) -> list[Considered]:
    """Every rule of the topic of this code; without a code, the rules that found something.

    Those that fire come first, then those that nearly did.
    """
    seen = view(article, taxonomy, now)
    considered = [
        _considered(seen, examine(seen, ready, evidence, taxonomy.scoring), taxonomy)
        for ready, evidence in _asked(seen, taxonomy, code)
    ]
    return sorted(considered, key=lambda c: (not c.fires, -c.score, -len(c.spans), c.rule))


def _asked(seen: View, taxonomy: Taxonomy, code: str) -> Iterator[tuple[Ready, Evidence]]:
    if not code:
        yield from seen.candidates()
        return
    for ready in taxonomy.compiled.rules:
        if ready.topic.code == code:
            yield ready, seen.of(ready.asked)


def _considered(seen: View, finding: Finding, taxonomy: Taxonomy) -> Considered:
    return Considered(
        code=finding.ready.topic.code,
        label=finding.ready.topic.label,
        rule=finding.ready.id,
        file=taxonomy.file_of(finding.ready.id),
        fires=not finding.why_not,
        score=finding.score,
        why_not=finding.why_not,
        spans=spans(seen, finding, _MOST_SPANS),
    )
