"""Topics that the model sees, and one tag where rules see the same: the evidence of both."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from worker.model.admission import Frozen
from worker.model.records import Article, Span, Tag
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.topics.topic_model import places, shipped, words

_SCHEME = "taxonomy"
_METHOD = "model"
Share = Annotated[float, Field(gt=0, le=1)]


class TopicRules(Frozen):
    """What becomes of the model's guesses; units and sources are in config/topics.toml."""

    version: Annotated[str, Field(min_length=1)]
    model: bool
    max_words: Annotated[int, Field(ge=1, le=20)]
    leave_out: tuple[str, ...] = ()
    thresholds: dict[str, Share] = {}

    @property
    def full_version(self) -> str:
        """Of these rules and of the model they are about."""
        return f"{self.version}+{shipped().version}" if self.model else self.version


def learned_tags(article: Article, rules: TopicRules, taxonomy: Taxonomy) -> list[Tag]:
    """One tag per class that is likely enough; none in a language the model was not trained on."""
    if not rules.model or article.language not in shipped().languages:
        return []
    model = shipped()
    title, text = article.title, article.text or article.summary
    guesses = model.guess(words(f"{title}\n{text}"), rules.max_words, rules.thresholds)
    guesses = [guess for guess in guesses if model.codes[guess.number] not in rules.leave_out]
    where = _where(article, {word for guess in guesses for word in guess.words})
    return [
        Tag(
            scheme=_SCHEME,
            code=(code := model.codes[guess.number]),
            label=topic.label
            if (topic := taxonomy.by_code.get(code))
            else model.labels[guess.number],
            score=round(guess.probability, 3),
            method=_METHOD,
            version=rules.full_version,
            spans=tuple(span for word, span in where.items() if word in guess.words),
        )
        for guess in guesses
    ]


def joined(by_rule: list[Tag], learned: list[Tag]) -> list[Tag]:
    """One tag per code, the highest score first. Two witnesses are surer than each alone."""
    tags = {tag.code: tag for tag in by_rule}
    for tag in learned:
        tags[tag.code] = _both(tags[tag.code], tag) if tag.code in tags else tag
    return sorted(tags.values(), key=lambda tag: (-tag.score, tag.code))


def _both(rule: Tag, model: Tag) -> Tag:
    taken = {(span.field, span.start) for span in rule.spans}
    more = tuple(span for span in model.spans if (span.field, span.start) not in taken)
    return replace(
        rule,
        score=round(1 - (1 - rule.score) * (1 - model.score), 3),
        method=f"{rule.method}+{model.method}",
        version=f"{rule.version} {model.version}",
        spans=(*rule.spans, *more),
    )


def _where(article: Article, wanted: set[str]) -> dict[str, Span]:
    """Where these words first stand, in reading order."""
    found: dict[str, Span] = {}
    for field in ("title", "text" if article.text else "summary"):
        text = getattr(article, field)
        for word, (start, end) in places(text, wanted - found.keys()).items():
            found[word] = Span(field=field, start=start, end=end, surface=text[start:end])
    return found
