"""Entities: tag an article with the people, organisations and places that it names."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import exp
from operator import attrgetter
from typing import NamedTuple

from worker.model.records import Article, Span, Tag
from worker.tag.entities.crf import NameSpans, Recogniser
from worker.tag.entities.entity_rules import EntityRules
from worker.tag.entities.gazetteer_evidence import joined_mentions, names_in_text
from worker.tag.entities.genitives import NO_GENITIVES, german_genitives
from worker.tag.entities.leading_words import without_leading_places, without_leading_words
from worker.tag.entities.mentions import (
    ORGANISATION,
    PERSON,
    PLACE,
    Mention,
    resolve,
)
from worker.tag.entities.name_ids import CodedName, coded_names
from worker.tag.entities.name_model import ENGLISH, EntityModel, shipped
from worker.tag.entities.name_scores import method_of, name_features, name_score
from worker.tag.entities.name_surroundings import corrected
from worker.tag.entities.names_within import with_parts_marked
from worker.tag.entities.native_mentions import with_native_names
from worker.tag.entities.native_names import NATIVE_LANGUAGES
from worker.tag.entities.own_names import own_mentions, without_own
from worker.tag.entities.places_by_language import has_nouns
from worker.tag.entities.refused_names import without_common_words, without_nouns, without_refused
from worker.tag.tokens import VOCABULARY_LOCK, Tokens, tokens_of_article

__all__ = [
    "EntityRules",
    "NameSpans",
    "entity_tags",
    "find_names",
    "recognise_names",
    "recognise_together",
]

KINDS = {"PER": PERSON, "ORG": ORGANISATION, "LOC": PLACE}
_START = attrgetter("start")
_SALIENCE = attrgetter("salience")
_MENTION_DOUBT = 0.7  # what each mention leaves of the doubt that the article is about the name
_TITLE_POINTS = 3  # mentions for which one in the title, and so in the opening, counts beside it
_OPENING_CHARS = 400  # of the text
_USUAL_CHARS = 3_000  # of a text in which each mention counts in full
_MOST_WORDS = 20  # of a name
_MOSTLY_LOWER = 2  # quarters of lowercase uses from which a word is no surname: Will, Young
_SURNAME_SCORE = 0.5  # of a surname that was not recognised by itself
_TITLE_CASE_SHARE = 0.7  # share of capitalised words from which capitals in a title say nothing


def entity_tags(
    article: Article,
    rules: EntityRules,
    tokens: Tokens | None = None,
    recognised: NameSpans | None = None,
) -> list[Tag]:
    """Tag an article with the people, organisations and places that it names: one tag per name.

    The most mentioned name comes first. Names that the operator listed, and well-known names of the
    gazetteer, are found in articles of any language; a trained model finds other names, only in the
    languages that `rules` allow. The code of a tag is a public id if the gazetteer has one.
    `tokens` are title and text of the article, if they were split before (tokens_of_article()), and
    `recognised` the names that the model has found in them, if it was asked before
    (recognise_together()).
    """
    with VOCABULARY_LOCK:
        return _entity_tags(article, rules, tokens or tokens_of_article(article), recognised)


def recognise_together(
    articles: Sequence[Article], texts: Sequence[Tokens], rules: EntityRules
) -> list[NameSpans | None]:
    """Find names in several articles by the trained models, in less time than one by one.

    `texts` are those of tokens_of_articles(). The result has None for an article that no model
    reads, because of its language or because `rules` switch the models off.
    """
    found: list[NameSpans | None] = [None] * len(articles)
    by_language: dict[str, list[int]] = {}
    for index, article in enumerate(articles):
        if _is_read(article, rules):
            by_language.setdefault(article.language, []).append(index)
    with VOCABULARY_LOCK:
        for language, indexes in by_language.items():
            recogniser = shipped(rules.path, language).recogniser
            names = recogniser.find_all([texts[index] for index in indexes])
            for index, of_text in zip(indexes, names, strict=True):
                found[index] = of_text
    return found


def _is_read(article: Article, rules: EntityRules) -> bool:
    """Whether a trained model looks for names in this article."""
    return rules.recognise and article.language in rules.languages


def _entity_tags(
    article: Article, rules: EntityRules, tokens: Tokens, recognised: NameSpans | None
) -> list[Tag]:
    reads = _is_read(article, rules)
    model = shipped(rules.path, article.language) if reads else None
    names = find_names(article, rules, tokens, model, recognised)
    text_start = len(article.title) + 1
    text_field = "text" if article.text else "summary"
    chars = len(tokens.text) - text_start
    return _tags(
        names,
        rules,
        _TitleAndText(tokens.text, text_field, text_start, chars, reads, article.language),
    )


def find_names(
    article: Article,
    rules: EntityRules,
    tokens: Tokens,
    model: EntityModel | None,
    recognised: NameSpans | None = None,
) -> list[CodedName]:
    """Find the people, organisations and places that an article names, with their codes, however
    likely they are to be right.

    `model` is the trained model, None for an article in a language that it does not read. `tokens`
    are those of tokens_of_article().
    """
    title = article.title
    own = own_mentions(tokens, rules)
    gazetteer = rules.listed_names
    listed = names_in_text(gazetteer.find(tokens, article.language), tokens) if gazetteer else []
    found = recognise_names(tokens, model.recogniser, recognised) if model else []
    if has_nouns(article.language):
        found = without_nouns(found, tokens, article.language)
    peoples = gazetteer.peoples if gazetteer else ()
    if peoples:
        found = without_leading_words(found, peoples)
    if listed:
        loud = _is_title_case(title)
        found = without_leading_places(found, listed)
        found = joined_mentions(
            listed, found, tokens, len(title), title_case=loud, language=article.language
        )
    if gazetteer and article.language in NATIVE_LANGUAGES:
        listed, found = with_native_names(listed, found, gazetteer, tokens, article.language)
    mentions = [*own, *without_own(found, own)]
    if model:
        mentions += list(_repeated_surnames(tokens, mentions, model.recogniser))
        if article.language == ENGLISH:  # other lexicons don't say how words are written
            mentions = without_common_words(mentions, model.recogniser.lexicon)
    mentions = corrected(mentions, tokens.text)
    mentions = without_refused(mentions, rules.refused, peoples, tokens.text)
    mentions = with_parts_marked(mentions, tokens.text)
    mentions = _without_headline_words(mentions, title)
    place_aliases = model.place_aliases if model and not gazetteer else {}
    german = article.language == "de"
    genitives = german_genitives(mentions, gazetteer) if german else NO_GENITIVES
    names = resolve(mentions, place_aliases, rules.by_alias, tokens.text, genitives.bases)
    listed = [*listed, *genitives.listed]
    return coded_names(names, listed, rules.own_ids, tokens, gazetteer)


def recognise_names(
    tokens: Tokens, recogniser: Recogniser, recognised: NameSpans | None = None
) -> list[Mention]:
    """Find the names of people, organisations and places in a text by a trained model
    (`recogniser`). Returns the places where they stand, in reading order.

    `recognised` are the names that the model has found, if it was asked before.
    """
    names, text = recognised or recogniser.find(tokens), tokens.text
    spans = tokens.spans(names.first, names.stop)
    mentions = []
    for (start, end), first, stop, label, margin in zip(spans, *names, strict=True):
        if stop - first <= _MOST_WORDS:  # a longer one is none, and its parts take long to compare
            score = round(1 / (1 + exp(-margin)), 3)
            mentions.append(Mention(start, end, text[start:end], KINDS[label], score, "crf", score))
    return mentions


def _repeated_surnames(
    tokens: Tokens, mentions: list[Mention], recogniser: Recogniser
) -> Iterator[Mention]:
    """Mentions by surname only ("Biden") of people whom the article also names in full.

    Only those mentions that the model did not recognise by itself are yielded.
    """
    surnames = {
        m.surface.rsplit(None, 1)[-1] for m in mentions if m.kind == PERSON and " " in m.surface
    }
    indexes = tokens.indexes_of(surnames)
    mention_ends = {mention.end for mention in mentions}  # most of the surnames end a mention
    spans = tokens.spans(indexes, [index + 1 for index in indexes])
    free = [span for span in spans if span[1] not in mention_ends]
    if not free:
        return
    taken = sorted([(mention.start, mention.end) for mention in mentions])
    for start, end in free:
        before = bisect_right(taken, (start, len(tokens.text)))
        name = tokens.text[start:end]
        if before and taken[before - 1][1] > start:
            continue
        if recogniser.lexicon.lower(name) < _MOSTLY_LOWER:
            yield Mention(start, end, name, PERSON, _SURNAME_SCORE, "crf")


def _without_headline_words(mentions: list[Mention], title: str) -> list[Mention]:
    """Drop names found in A Title Written Like This, where capitals do not show what is a name.

    Names of a list stay, and names that the text repeats. Other titles lose nothing.
    """
    if not _is_title_case(title):
        return mentions
    in_text = [m for m in mentions if m.start > len(title)]
    repeated = {part for m in in_text for part in (m.surface, *m.surface.split())}
    in_title = [m for m in mentions if m.start <= len(title)]
    return [m for m in in_title if m.method != "crf" or m.surface in repeated] + in_text


def _is_title_case(title: str) -> bool:
    """Whether so many words of a title are capitalised that capitals do not show what is a name."""
    initials = [word[0] for word in title.split() if word[0].isalpha()]
    return bool(initials) and sum(map(str.isupper, initials)) >= _TITLE_CASE_SHARE * len(initials)


class _TitleAndText(NamedTuple):
    """Tells in which field of an article (title, text …) a name was found, and at which characters.

    Names are searched for in one string: the title, a line break, and the text, which begins at
    `text_start`. `text_field` is "text", or "summary" for an article without a text, whose summary
    takes its place.
    """

    text: str  # the one string
    text_field: str  # text or summary
    text_start: int
    text_chars: int
    recognised: bool  # whether the trained model looked for names, beside the lists
    language: str

    def span(self, mention: Mention) -> Span:
        """The passage of the title, text or summary in which this mention of a name stands."""
        in_text = mention.start >= self.text_start
        field, offset = (self.text_field, self.text_start) if in_text else ("title", 0)
        start, end = mention.start - offset, mention.end - offset
        return Span(field=field, start=start, end=end, surface=mention.surface)


def _salience(mentions: Sequence[Mention], fields: _TitleAndText) -> float:
    """How much the article is about a name, 0 to 1.

    Mentions after the first count less in a text longer than some 500 words. The title counts as
    two more mentions, the opening as one more. One mention further on gives 0.3, three from the
    opening on 0.76, one in the title and two in the text 0.88.
    """
    in_text = mentions[0].start - fields.text_start
    more: float = len(mentions) - 1
    if fields.text_chars > _USUAL_CHARS:
        more = more * _USUAL_CHARS / fields.text_chars
    points = 1 + more + (_TITLE_POINTS if in_text < 0 else in_text < _OPENING_CHARS)
    return round(1 - float(_MENTION_DOUBT**points), 3)


def _tags(names: Sequence[CodedName], rules: EntityRules, fields: _TitleAndText) -> list[Tag]:
    """The tags of those names that are likely enough to be right, the most salient first."""
    version, most_spans = rules.full_version, rules.most_spans
    least = rules.least_score(fields.language)
    tags = []
    for name in names:
        features = name_features(name, fields.text, recognised=fields.recognised)
        score = name_score(name.kind, features, fields.language)
        if score >= least:
            tags.append(_tag(name, score, method_of(features), version, most_spans, fields))
    tags.sort(key=_SALIENCE, reverse=True)
    return tags[: rules.most]


def _tag(
    name: CodedName,
    score: float,
    method: str,
    version: str,
    most_spans: int,
    fields: _TitleAndText,
) -> Tag:
    mentions = name.mentions
    return Tag(
        scheme=name.kind,
        code=name.code,
        label=name.label,
        score=score,
        salience=_salience(mentions, fields),
        method=method,
        version=version,
        spans=tuple([fields.span(mention) for mention in mentions[:most_spans]]),
    )
