"""Entities: an article comes in, the people, organisations and places it names go out as tags."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from math import exp
from typing import NamedTuple

from pydantic import TypeAdapter

from worker.model.records import Article, Tag
from worker.tag.entities.crf import Recogniser
from worker.tag.entities.entity_rules import EntityRules
from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE, Mention, Name, resolve
from worker.tag.entities.name_model import shipped
from worker.tag.entities.tokens import ONE_AT_A_TIME, Tokens

__all__ = ["EntityRules", "entity_tags", "recognised"]

KINDS = {"PER": PERSON, "ORG": ORGANISATION, "LOC": PLACE}
_MANY = TypeAdapter(list[Tag])
_MOSTLY_SMALL = 2  # quarters of its uses in which a word is written small: Will, Young
_AGAIN = 0.5  # score of a surname found by its full name alone
_HEADLINE = 0.7  # share of capitals from which a title tells nothing by its capitals


def entity_tags(article: Article, rules: EntityRules) -> list[Tag]:
    """One tag per name, the most mentioned first; own entries in any language, others in theirs."""
    with ONE_AT_A_TIME:
        return _entity_tags(article, rules)


def _entity_tags(article: Article, rules: EntityRules) -> list[Tag]:
    title, text = article.title, article.text or article.summary
    behind = len(title) + 1  # where the text begins
    tokens = Tokens(f"{title}\n{text}")
    mentions = list(_own(tokens, rules))
    places: Mapping[str, str] = {}
    if rules.recognise and article.language in rules.languages:
        model = shipped(rules.path)
        places = model.places
        mentions += list(_besides(mentions, recognised(tokens, model.recogniser)))
        mentions += list(_again(tokens, mentions, model.recogniser))
        mentions.sort(key=lambda mention: mention.start)
        mentions = _without_headline_words(mentions, title)
    names = resolve(mentions, places, rules.by_alias, tokens.text)
    fields = _Fields("text" if article.text else "summary", behind)
    return _tags(names[: rules.most], rules, fields)


def recognised(tokens: Tokens, recogniser: Recogniser) -> list[Mention]:
    """What the model takes for names, in reading order."""
    names, text = recogniser.find(tokens), tokens.text
    spans = tokens.spans(names.first, names.behind)
    return [
        Mention(start, end, text[start:end], KINDS[label], round(1 / (1 + exp(-margin)), 3), "crf")
        for (start, end), label, margin in zip(spans, names.labels, names.margins, strict=True)
    ]


def _again(tokens: Tokens, mentions: list[Mention], recogniser: Recogniser) -> Iterator[Mention]:
    """Where a person named in full is called by the surname and that was not recognised."""
    people = {
        m.surface.rsplit(None, 1)[-1] for m in mentions if m.kind == PERSON and " " in m.surface
    }
    places = tokens.places(people)
    ends = {mention.end for mention in mentions}  # with most of these words one ends
    spans = tokens.spans(places, [place + 1 for place in places])
    free = [span for span in spans if span[1] not in ends]
    if not free:
        return
    taken = sorted([(mention.start, mention.end) for mention in mentions])
    for start, end in free:
        before = bisect_right(taken, (start, len(tokens.text)))
        name = tokens.text[start:end]
        if before and taken[before - 1][1] > start:
            continue
        if recogniser.lexicon.lower(name) < _MOSTLY_SMALL:
            yield Mention(start, end, name, PERSON, _AGAIN, "crf")


def _own(tokens: Tokens, rules: EntityRules) -> Iterator[Mention]:
    """The operator's entries: their words in a row, in the same case."""
    found = [
        (at, *entry)
        for at in rules.first_words.places(tokens)
        if (entry := _entry_at(at, tokens, rules))
    ]
    spans = tokens.spans([at for at, _, _ in found], [at + words for at, words, _ in found])
    for (start, end), (_, _, kind) in zip(spans, found, strict=True):
        yield Mention(start, end, tokens.text[start:end], kind, 1.0, "own")


def _entry_at(at: int, tokens: Tokens, rules: EntityRules) -> tuple[int, str] | None:
    """How many words an own entry has that begins here, and its kind."""
    words = tokens.run(at, at + rules.longest)
    for alias, entity in rules.by_first[words[0]]:
        if words[: len(alias)] == alias:
            return len(alias), entity.kind
    return None


def _besides(own: list[Mention], found: list[Mention]) -> Iterator[Mention]:
    """What is recognised besides own entries: a longer name around one stays, a person's gives it
    up ("Kremlin spokesman Dmitry Peskov")."""
    if not own:
        yield from found
        return
    for mention in found:
        start, end = mention.start, mention.end
        its = [each for each in own if each.start < end and start < each.end]
        if its and any(each.start <= start and end <= each.end for each in its):
            continue
        if its and mention.kind == PERSON and its[0].start == start:
            rest = mention.surface[its[0].end - its[0].start :].lstrip()
            mention = mention._replace(start=mention.end - len(rest), surface=rest)
        yield mention


def _without_headline_words(mentions: list[Mention], title: str) -> list[Mention]:
    """In A Title Written Like This, only what the text names too, or an own entry, is a name."""
    first = [word[0] for word in title.split() if word[0].isalpha()]
    if not first or sum(map(str.isupper, first)) < _HEADLINE * len(first):
        return mentions
    below = [m for m in mentions if m.start > len(title)]
    named = {part for m in below for part in (m.surface, *m.surface.split())}
    kept = [m for m in mentions if m.start <= len(title)]
    return [m for m in kept if m.method == "own" or m.surface in named] + below


class _Fields(NamedTuple):
    """How a title and what follows it were put together."""

    second: str
    begins: int

    def spans(self, mentions: Sequence[Mention]) -> list[dict[str, str | int]]:
        """Where mentions stand in the article."""
        found: list[dict[str, str | int]] = []
        for start, end, surface, _, _, _ in mentions:
            field, behind = (self.second, self.begins) if start >= self.begins else ("title", 0)
            start, end = start - behind, end - behind
            found.append({"field": field, "start": start, "end": end, "surface": surface})
        return found


def _prominence(mentions: Sequence[Mention], fields: _Fields) -> float:
    """How much an article is about a name: 0.4 for one mention, 0.64 for two or one in the
    title, 0.92 for five, times how sure the surest mention is."""
    count = len(mentions) + (mentions[0].start < fields.begins)
    return round((1 - 0.6**count) * max([mention.score for mention in mentions]), 3)


def _tags(names: Sequence[Name], rules: EntityRules, fields: _Fields) -> list[Tag]:
    """Made all at once, which takes half as long as one by one."""
    version = rules.full_version
    return _MANY.validate_python(
        [
            {
                "scheme": kind,
                "code": "-".join(name.casefold().split()),
                "label": name,
                "score": _prominence(mentions, fields),
                "method": "own" if "own" in [its.method for its in mentions] else "crf",
                "version": version,
                "spans": fields.spans(mentions[: rules.most_spans]),
            }
            for name, kind, mentions in names
        ]
    )
