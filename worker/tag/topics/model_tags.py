"""Tag articles with topics by the trained model, and merge these tags with those by rules."""

from typing import Annotated

from pydantic import Field

from worker.model.admission import Frozen
from worker.model.records import Article, Span, Tag
from worker.tag.rules.rule import PositiveShare
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.tokens import Tokens, tokens_of_article
from worker.tag.topics.topic_model import TopicGuess, shipped
from worker.tag.topics.topic_words import first_occurrences

_SCHEME = "taxonomy"
_METHOD = "model"


class TopicRules(Frozen):
    """The settings in config/topics.toml: whether and how topics guessed by the model become tags.

    `model` switches the model on. Topics with a code in `leave_out` never become tags by it.
    `thresholds` maps codes of topics to the probability from which the topic becomes a tag; others
    have the model's own. At most `max_words` words of the article are stored as evidence of a tag.
    """

    version: Annotated[str, Field(min_length=1)]
    model: bool
    max_words: Annotated[int, Field(ge=1, le=20)]
    leave_out: tuple[str, ...] = ()
    thresholds: dict[str, PositiveShare] = {}

    @property
    def full_version(self) -> str:
        """The version stored with each tag by the topic model: that of these settings, and of the
        model if it is used."""
        return f"{self.version}+{shipped().version}" if self.model else self.version


def model_topic_tags(
    article: Article, rules: TopicRules, taxonomy: Taxonomy, tokens: Tokens | None = None
) -> list[Tag]:
    """Tag an article with each topic that the model finds at least as probable as the topic's
    threshold.

    `tokens` are title and text of the article, if they were split before (tokens_of_article()).
    Returns no tags if the model is switched off, or was not trained on the article's language.
    """
    if not rules.model or article.language not in shipped().languages:
        return []
    model = shipped()
    words = model.read(tokens or tokens_of_article(article))
    guesses = model.guess(words, rules.max_words, rules.thresholds)
    guesses = [guess for guess in guesses if model.codes[guess.number] not in rules.leave_out]
    spans = _first_spans(article, {word for guess in guesses for word in guess.words})
    return [_tag(guess, rules, taxonomy, spans) for guess in guesses]


def _tag(guess: TopicGuess, rules: TopicRules, taxonomy: Taxonomy, spans: dict[str, Span]) -> Tag:
    """The tag of a class that the model guessed.

    Its label is that of the operator's taxonomy if the taxonomy has the code, else the model's.
    """
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
    """Merge topic tags by rules and by the model, so that each topic has one tag; highest score
    first.

    If both give a topic, the merged tag has the evidence of both and a higher score than either.
    """
    tags = {tag.code: tag for tag in by_rule}
    for tag in by_model:
        tags[tag.code] = _merged(tags[tag.code], tag) if tag.code in tags else tag
    return sorted(tags.values(), key=lambda tag: (-tag.score, tag.code))


def _merged(by_rule: Tag, by_model: Tag) -> Tag:
    """Merge the two tags of one topic: the noisy-or of their scores, and the spans of both."""
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
    """The first occurrence of each word in the title and text, as a span, in reading order."""
    spans: dict[str, Span] = {}
    for field in ("title", "text" if article.text else "summary"):
        text = getattr(article, field)
        for word, (start, end) in first_occurrences(text, words - spans.keys()).items():
            spans[word] = Span(field=field, start=start, end=end, surface=text[start:end])
    return spans
