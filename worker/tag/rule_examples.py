"""Inline tests: the examples that rule files give are tried on the rules as they will run."""

from collections.abc import Iterator
from datetime import UTC, datetime

from worker.model.admission import Frozen
from worker.tag.rules.matcher import examine
from worker.tag.rules.rule import Example
from worker.tag.rules.taxonomy import Taxonomy, Topic
from worker.tag.topics.topic_tags import topic_tags, view

_RECEIVED = datetime(2000, 1, 1, tzinfo=UTC)  # an example without a day: nothing has expired


class Broken(Frozen):
    """An example that does not come out as its file says."""

    file: str  # as config names files
    rule: str  # id of the rule, or the topic's code
    example: str
    why: str


def broken(taxonomy: Taxonomy) -> Iterator[Broken]:
    """The examples that do not hold, in the order of the topics."""
    for ready in taxonomy.compiled.rules:
        language = next(iter(ready.rule.languages), "en")
        for example, wanted in _given(ready.rule.matches, ready.rule.misses):
            seen = view(example.article(language), taxonomy, _RECEIVED)
            finding = examine(seen, ready, seen.of(ready.asked), taxonomy.scoring)
            if wanted != (not finding.why_not):
                found = ", ".join(
                    f"“{seen.places.text[hits[0].start : hits[0].end]}”"
                    for hits in finding.evidence.values()
                )
                why = f"does not match: {finding.why_not}" if wanted else f"matches by {found}"
                yield _broken(taxonomy, ready.id, example, why)
    for topic in taxonomy.topics:
        yield from _broken_topic(taxonomy, topic)


def count(taxonomy: Taxonomy) -> int:
    """How many examples there are."""
    topics = sum(len(topic.matches) + len(topic.misses) for topic in taxonomy.topics)
    rules = (rule for topic in taxonomy.topics for rule in topic.rules)
    return topics + sum(len(rule.matches) + len(rule.misses) for rule in rules)


def _broken_topic(taxonomy: Taxonomy, topic: Topic) -> Iterator[Broken]:
    for example, wanted in _given(topic.matches, topic.misses):
        tags = topic_tags(example.article("en"), taxonomy, _RECEIVED)
        by = next((tag.rule for tag in tags if tag.code == topic.code), "")
        if wanted != bool(by):
            why = f"matches by {by}" if by else "does not match"
            yield _broken(taxonomy, topic.code, example, why)


def _given(
    matches: tuple[Example, ...], misses: tuple[Example, ...]
) -> Iterator[tuple[Example, bool]]:
    yield from ((example, True) for example in matches)
    yield from ((example, False) for example in misses)


def _broken(taxonomy: Taxonomy, rule: str, example: Example, why: str) -> Broken:
    return Broken(file=taxonomy.file_of(rule), rule=rule, example=str(example), why=why)
