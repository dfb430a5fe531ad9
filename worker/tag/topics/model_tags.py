"""Tags for topics by the trained model, and their union with the tags by rules."""

from typing import Annotated

from pydantic import Field

from worker.model.admission import Frozen
from worker.model.records import Article, Span, Tag
from worker.tag.rules.rule import PositiveShare
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.topics.topic_model import TopicGuess, first_occurrences, shipped, words

_SCHEME = "taxonomy"
_METHOD = "model"


class TopicRules(Frozen):
    """How guesses of the model become tags; config/topics.toml has units and sources."""

    version: Annotated[str, Field(min_length=1)]
    model: bool
    max_words: Annotated[int, Field(ge=1, le=20)]
    leave_out: tuple[str, ...] = ()
    thresholds: dict[str, PositiveShare] = {}

    @property
    def full_version(self) -> str:
        """The version of these rules and of the model that they use."""
        return f"{self.version}+{shipped().version}" if self.model else self.version


def model_topic_tags(article: Article, rules: TopicRules, taxonomy: Taxonomy) -> list[Tag]:
    """A tag per class at or above its threshold; none if the model was not trained on the
    language."""
    if not rules.model or article.language not in shipped().languages:
        return []
    model = shipped()
    title, text = article.title, article.text or article.summary
    guesses = model.guess(words(f"{title}\n{text}"), rules.max_words, rules.thresholds)
    guesses = [guess for guess in guesses if model.codes[guess.number] not in rules.leave_out]
    spans = _first_spans(article, {word for guess in guesses for word in guess.words})
    return [_tag(guess, rules, taxonomy, spans) for guess in guesses]


def _tag(guess: TopicGuess, rules: TopicRules, taxonomy: Taxonomy, spans: dict[str, Span]) -> Tag:
    """The tag of a class, with the label of the operator's taxonomy if it has the code."""
    model = shipped()
    code = model.codes[guess.number]
    topic = taxonomy.by_code.get(code)
    return Tag(
        scheme=_SCHEME,
        code=code,
        label=topic.label if topic else model.labels[guess.number],
        score=round(guess.probability, 3),
        method=_METHOD,
        version=rules.full_version,
        spans=tuple(span for word, span in spans.items() if word in guess.words),
    )


def merge_tags(by_rule: list[Tag], by_model: list[Tag]) -> list[Tag]:
    """One tag per code, highest score first. A tag of both has a higher score than either."""
    tags = {tag.code: tag for tag in by_rule}
    for tag in by_model:
        tags[tag.code] = _merged(tags[tag.code], tag) if tag.code in tags else tag
    return sorted(tags.values(), key=lambda tag: (-tag.score, tag.code))


def _merged(by_rule: Tag, by_model: Tag) -> Tag:
    """Noisy-or of the scores, and the spans of both."""
    starts = {(span.field, span.start) for span in by_rule.spans}
    more = tuple(span for span in by_model.spans if (span.field, span.start) not in starts)
    return Tag(
        scheme=by_rule.scheme,
        code=by_rule.code,
        label=by_rule.label,
        score=round(1 - (1 - by_rule.score) * (1 - by_model.score), 3),
        method=f"{by_rule.method}+{by_model.method}",
        rule=by_rule.rule,
        version=f"{by_rule.version} {by_model.version}",
        spans=(*by_rule.spans, *more),
    )


def _first_spans(article: Article, words: set[str]) -> dict[str, Span]:
    """The first occurrence of each of these words, in reading order."""
    spans: dict[str, Span] = {}
    for field in ("title", "text" if article.text else "summary"):
        text = getattr(article, field)
        for word, (start, end) in first_occurrences(text, words - spans.keys()).items():
            spans[word] = Span(field=field, start=start, end=end, surface=text[start:end])
    return spans
