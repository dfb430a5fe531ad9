"""Tag articles with topics by the trained models, and merge these tags with those by rules."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from worker.model.admission import Frozen
from worker.model.records import Article, Span, Tag
from worker.tag.rules.fields import LEAD, TITLE
from worker.tag.rules.matcher import RuleResult
from worker.tag.rules.rule import PositiveShare
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.tokens import Tokens, tokens_of_article
from worker.tag.topics.function_words import function_words
from worker.tag.topics.joined_probability import joined_probability
from worker.tag.topics.topic_model import LANGUAGES, TopicGuess, TopicModel, TopicScores, shipped
from worker.tag.topics.topic_tags import Judge, no_judge
from worker.tag.topics.topic_words import first_occurrences, words

_SCHEME = "taxonomy"
_METHOD = "model"
_MOST_LABEL_CHARS = 100  # of title and text together; a longer one is no label


class TopicRules(Frozen):
    """The settings in config/topics.toml: whether and how topics guessed by the trained models
    become tags.

    `model` switches the models on; there is one for each of six languages. Topics with a code in
    `leave_out` never become tags by a model. `thresholds` maps codes of topics to the probability
    from which they do; for other topics the model has a threshold. At most `max_words` words of the
    article are stored as evidence of a tag. A topic found by a rule becomes a tag if its
    probability, by rule and model together, is at least `least_by_rule`; at 0 every one does.
    """

    version: Annotated[str, Field(min_length=1)]
    model: bool
    max_words: Annotated[int, Field(ge=1, le=20)]
    least_by_rule: Annotated[float, Field(ge=0, le=1)] = 0.8
    leave_out: tuple[str, ...] = ()
    thresholds: dict[str, PositiveShare] = {}

    @property
    def full_version(self) -> str:
        """The version stored with each tag by the topic model: that of these settings, and of the
        model if it is used."""
        return f"{self.version}+{shipped().version}" if self.model else self.version

    def warm(self) -> None:
        """Load the models of all languages before the worker forks."""
        for language in LANGUAGES if self.model else ():
            shipped(language)

    def model_for(self, language: str) -> TopicModel | None:
        """The model for articles in this language; None if it is switched off or there is none."""
        return shipped(language) if self.model and language in LANGUAGES else None


def learn_words(articles: Sequence[Article], texts: Sequence[Tokens], rules: TopicRules) -> None:
    """Let the topic models look up the words of several articles at once, so that the articles are
    then read faster. `texts` are those of tokens_of_articles()."""
    by_language: dict[str, list[Tokens]] = {}
    for article, tokens in zip(articles, texts, strict=True):
        by_language.setdefault(article.language, []).append(tokens)
    for language, of_language in by_language.items():
        if model := rules.model_for(language):
            model.learn(of_language)


class ModelOpinion:
    """What the topic model for an article's language says about the article.

    From it come tags of topics that the model finds probable, and the probability of a topic for
    which a rule has found phrases.
    """

    def __init__(self, article: Article, model: TopicModel, tokens: Tokens | None = None) -> None:
        """Read the article. `tokens` are its title and text, if they were split before."""
        self.article = article
        self.model = model
        self.scores: TopicScores = model.score(model.read(tokens or tokens_of_article(article)))
        self.is_label = is_label(article)

    def judge(self, rules: TopicRules, taxonomy: Taxonomy) -> Judge:
        """Return a function that turns the score that a rule gives a topic into the topic's
        probability, or into None if that is less than `rules.least_by_rule`: no tag.

        Only the English model can judge. For other languages the function returns the rule's score:
        those models learned from few real texts, and know less than the rules. No topic that a
        model could judge is probable for a text that is only a label (`is_label`).
        """
        if self.is_label:
            return lambda result: None if self._knows(result.rule.topic.code) else result.score
        if "en" not in self.model.languages:
            return no_judge

        def judge(result: RuleResult) -> float | None:
            joined = self.probability(result, taxonomy)
            if joined is None:
                return result.score
            return round(joined, 3) if joined >= rules.least_by_rule else None

        return judge

    def probability(self, result: RuleResult, taxonomy: Taxonomy) -> float | None:
        """Return how probable the topic of a rule is, by what the rule found in the article; None
        for a topic that the model can't judge, such as one that the operator has added."""
        of_model = self.broadest(result.rule.topic.code, taxonomy)
        if of_model is None:
            return None
        is_prominent = result.is_in(TITLE if self.article.title else LEAD)
        return joined_probability(of_model, len(result.evidence), is_prominent=is_prominent)

    def broadest(self, code: str, taxonomy: Taxonomy) -> float | None:
        """Return how probable the model alone finds a topic.

        The model knows only broad topics. For a narrower one, `taxonomy` leads to the broader ones
        above it, and the most probable of these counts. The result is None for a topic that the
        model can't judge.
        """
        if not self._knows(code):
            return None
        numbers = self.model.numbers
        known = [numbers[c] for c in (code, *taxonomy.ancestors(code)) if c in numbers]
        return max((float(self.scores.probabilities[n]) for n in known), default=None)

    def _knows(self, code: str) -> bool:
        return code.partition(":")[0] == self.model.scheme

    def tags(self, rules: TopicRules, taxonomy: Taxonomy) -> list[Tag]:
        """The tags of topics that the model finds at least as probable as their thresholds; none
        of a text that is only a label (`is_label`)."""
        if self.is_label:
            return []
        model = self.model
        guesses = model.guess_by(self.scores, rules.max_words, rules.thresholds)
        guesses = [guess for guess in guesses if model.codes[guess.number] not in rules.leave_out]
        spans = _first_spans(self.article, {word for guess in guesses for word in guess.words})
        return [_tag(guess, model, rules, taxonomy, spans) for guess in guesses]


def is_label(article: Article) -> bool:
    """Whether title and text of an article have fewer than two words, apart from function words:
    the label of an advertisement or of a section, such as "Publicité", and no news."""
    text = article.text or article.summary
    if len(article.title) + len(text) > _MOST_LABEL_CHARS:
        return False
    return len({*words(f"{article.title}\n{text}")} - function_words({article.language})) < 2


def judge_for(article: Article, rules: TopicRules | None, taxonomy: Taxonomy) -> Judge:
    """Return the function that turns the score that a rule gives a topic of this article into the
    tag's score, by what the model for the article's language says; see `Judge`.

    If `rules` is None or there is no such model, it leaves the score as it is.
    """
    model = rules.model_for(article.language) if rules else None
    if rules is None or model is None:
        return no_judge
    return ModelOpinion(article, model).judge(rules, taxonomy)


def model_topic_tags(
    article: Article, rules: TopicRules, taxonomy: Taxonomy, tokens: Tokens | None = None
) -> list[Tag]:
    """Tag an article with each topic that the model finds at least as probable as the topic's
    threshold.

    `tokens` are title and text of the article, if they were split before (tokens_of_article()).
    Returns no tags if the model is switched off, or there is none for the article's language.
    """
    model = rules.model_for(article.language)
    return ModelOpinion(article, model, tokens).tags(rules, taxonomy) if model else []


def _tag(
    guess: TopicGuess,
    model: TopicModel,
    rules: TopicRules,
    taxonomy: Taxonomy,
    spans: dict[str, Span],
) -> Tag:
    """The tag of a class that the model guessed.

    Its label is that of the operator's taxonomy if the taxonomy has the code, else the model's.
    """
    code = model.codes[guess.number]
    return Tag(
        scheme=_SCHEME,
        code=code,
        label=taxonomy.name_of(code) or model.labels[guess.number],
        score=round(guess.probability, 3),
        method=_METHOD,
        version=rules.full_version,
        spans=tuple(span for word, span in spans.items() if word in guess.words),
    )


def merge_tags(by_rule: list[Tag], by_model: list[Tag]) -> list[Tag]:
    """Merge topic tags by rules and by the model, so that each topic has one tag; highest score
    first.

    If both give a topic, the merged tag has the evidence of both and the higher score. The score of
    a tag by a rule is already its probability in view of the model (`joined_probability`).
    """
    tags = {tag.code: tag for tag in by_rule}
    for tag in by_model:
        tags[tag.code] = _merged(tags[tag.code], tag) if tag.code in tags else tag
    return sorted(tags.values(), key=lambda tag: (-tag.score, tag.code))


def _merged(by_rule: Tag, by_model: Tag) -> Tag:
    """Merge the two tags of one topic: the higher score, and the spans of both."""
    starts = {(span.field, span.start) for span in by_rule.spans}
    more = tuple(span for span in by_model.spans if (span.field, span.start) not in starts)
    return Tag(
        scheme=by_rule.scheme,
        code=by_rule.code,
        label=by_rule.label,
        score=max(by_rule.score, by_model.score),
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
