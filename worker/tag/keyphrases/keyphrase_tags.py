"""Keyphrases: an article and counts of the operator's own words in, its phrases out as tags.

TF-IDF with a bonus for standing early, over one to three words in a row. What is common in the
operator's own articles is no keyphrase, so no list of stop words is needed, in any language.
"""

import re
from collections import defaultdict
from math import log
from typing import Annotated, NamedTuple

from pydantic import Field

from worker.model.admission import Frozen
from worker.model.records import Article, Span, Tag

SCHEME = "keyphrase"
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_COMMON = 0.1  # share of documents; a word in more of them neither begins nor ends a phrase
_FEWEST = 50  # documents of a language before its counts mean anything
_EARLY = 600  # characters; a phrase that far down is worth half of one at the start


class Frequencies(Frozen):
    """In how many documents of a language each word is: `worker keyphrases` counts them."""

    documents: dict[str, int] = {}
    words: dict[str, dict[str, int]] = {}


class KeyphraseRules(Frozen):
    """Whether and how many; units and sources are in config/keyphrases.toml."""

    version: Annotated[str, Field(min_length=1)]
    enabled: bool
    frequencies: str
    most: Annotated[int, Field(ge=1)]
    max_words: Annotated[int, Field(ge=1, le=5)]

    @property
    def full_version(self) -> str:
        return self.version


class _Word(NamedTuple):
    text: str
    start: int
    end: int
    rarity: float  # inverse document frequency; 0 for a common word


def document_words(text: str) -> set[str]:
    """The words that count once for a document."""
    return {word.casefold() for word in _WORD.findall(text)}


def keyphrase_tags(article: Article, rules: KeyphraseRules, counted: Frequencies) -> list[Tag]:
    """The phrases that say most, best first; none before enough of the language was counted."""
    documents = counted.documents.get(article.language, 0)
    if not rules.enabled or documents < _FEWEST:
        return []
    text = f"{article.title}\n{article.text}"
    runs = _runs(text, counted.words.get(article.language, {}), documents)
    places: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    rarity: dict[tuple[str, ...], float] = {}
    for run in runs:
        for first in range(len(run)):
            for last in range(first, min(first + rules.max_words, len(run))):
                if run[first].rarity and run[last].rarity:
                    words = run[first : last + 1]
                    key = tuple(word.text for word in words)
                    places[key].append((words[0].start, words[-1].end))
                    rarity[key] = sum(word.rarity for word in words)
    scores = {
        key: rarity[key]
        * log(1 + len(at))
        * (1 if len(key) == 1 or len(at) > 1 else 0.5)
        / (1 + at[0][0] / _EARLY)
        for key, at in places.items()
    }
    best = _apart(sorted(scores, key=lambda key: -scores[key]), rules.most)
    top = scores[best[0]] if best else 1.0
    return [_tag(article, rules, text, places[key], scores[key] / top) for key in best]


def _runs(text: str, known: dict[str, int], documents: int) -> list[list[_Word]]:
    """Words with nothing but single spaces in between."""
    runs: list[list[_Word]] = []
    end = -2
    for match in _WORD.finditer(text):
        word = match[0].casefold()
        count = known.get(word, 0)
        common = count > _COMMON * documents or len(word) < 3
        rarity = 0.0 if common else log((documents + 1) / (count + 1))
        if match.start() != end + 1 or text[end] != " ":
            runs.append([])
        runs[-1].append(_Word(word, match.start(), match.end(), rarity))
        end = match.end()
    return runs


def _apart(ranked: list[tuple[str, ...]], most: int) -> list[tuple[str, ...]]:
    """The first ones, without those that only repeat words of better ones."""
    chosen: list[tuple[str, ...]] = []
    taken: set[str] = set()
    for key in ranked:
        if len(chosen) == most:
            break
        if not taken.issuperset(key) and not (len(key) > 1 and taken.intersection(key)):
            chosen.append(key)
            taken.update(key)
    return chosen


def _tag(
    article: Article,
    rules: KeyphraseRules,
    text: str,
    places: list[tuple[int, int]],
    score: float,
) -> Tag:
    start, end = places[0]
    return Tag(
        scheme=SCHEME,
        code="-".join(text[start:end].casefold().split()),
        label=text[start:end],
        score=round(score, 3),
        method="tf-idf",
        version=rules.full_version,
        spans=tuple(_span(article, *place) for place in places[:3]),
    )


def _span(article: Article, start: int, end: int) -> Span:
    """Characters of title, newline, text as those of the field they are in."""
    field, behind = ("title", 0) if end <= len(article.title) else ("text", len(article.title) + 1)
    its = getattr(article, field)
    start, end = start - behind, end - behind
    return Span(field=field, start=start, end=end, surface=its[start:end])
