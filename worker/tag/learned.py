"""Topics that the model sees, and one tag where rules see the same: the evidence of both."""

from typing import Annotated

from pydantic import Field

from worker.contract import Frozen
from worker.models import Article, Span, Tag
from worker.tag.taxonomy import Taxonomy
from worker.tag.topic_model import places, shipped, words

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
    read = words(f"{article.title}\n{article.text or article.summary}")
    tags = []
    for guess in model.guess(read, rules.max_words, rules.thresholds):
        code = model.codes[guess.number]
        if code not in rules.leave_out:
            topic = taxonomy.by_code.get(code)
            tags.append(
                Tag(
                    scheme=_SCHEME,
                    code=code,
                    label=topic.label if topic else model.labels[guess.number],
                    score=round(guess.probability, 3),
                    method=_METHOD,
                    version=rules.full_version,
                    spans=_spans(article, guess.words),
                )
            )
    return tags


def joined(by_rule: list[Tag], learned: list[Tag]) -> list[Tag]:
    """One tag per code, the highest score first. Two witnesses are surer than each alone."""
    tags = {tag.code: tag for tag in by_rule}
    for tag in learned:
        tags[tag.code] = _both(tags[tag.code], tag) if tag.code in tags else tag
    return sorted(tags.values(), key=lambda tag: (-tag.score, tag.code))


def _both(rule: Tag, model: Tag) -> Tag:
    taken = {(span.field, span.start) for span in rule.spans}
    more = tuple(span for span in model.spans if (span.field, span.start) not in taken)
    return rule.model_copy(
        update={
            "score": round(1 - (1 - rule.score) * (1 - model.score), 3),
            "method": f"{rule.method}+{model.method}",
            "version": f"{rule.version} {model.version}",
            "spans": (*rule.spans, *more),
        }
    )


def _spans(article: Article, speakers: tuple[str, ...]) -> tuple[Span, ...]:
    """Where the words that speak for a class first stand, in reading order."""
    wanted = set(speakers)
    spans = []
    for field in ("title", "text" if article.text else "summary"):
        text = getattr(article, field)
        for start, end in sorted(places(text, wanted).values()):
            spans.append(Span(field=field, start=start, end=end, surface=text[start:end]))
        wanted -= {span.surface.lower() for span in spans}
    return tuple(spans)
