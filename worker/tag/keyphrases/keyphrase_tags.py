"""Find the keyphrases of an article: phrases of a few words that are frequent in it and rare
elsewhere.

The score is TF-IDF, higher if a phrase occurs early. How rare a word is comes from counts of the
operator's own articles. Words that are common there neither begin nor end a keyphrase, so no list
of stop words is needed in any language.
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
_COMMON_SHARE = 0.1  # of documents; a word in more of them neither begins nor ends a phrase
_MIN_DOCUMENTS = 50  # of a language; fewer give no reliable counts
_MAX_SPANS = 3  # kept with a tag
_HALF_SCORE_OFFSET = 600  # characters; a phrase at this offset scores half of one at the start


class Frequencies(Frozen):
    """How common words are in the operator's articles, to find phrases that are special to one
    article.

    `documents` maps a language to the number of articles that were counted, and `words` maps a
    language and a word to the number of these that have the word. `worker keyphrases` counts them.
    """

    documents: dict[str, int] = {}
    words: dict[str, dict[str, int]] = {}


class KeyphraseRules(Frozen):
    """The settings in config/keyphrases.toml: whether and how the keyphrases of articles become
    tags.

    At most `most` keyphrases of an article become tags, each of at most `max_words` words.
    `frequencies` is the path of the file with word counts.
    """

    version: Annotated[str, Field(min_length=1)]
    enabled: bool
    frequencies: str
    most: Annotated[int, Field(ge=1)]
    max_words: Annotated[int, Field(ge=1, le=5)]

    @property
    def full_version(self) -> str:
        """The version that is stored with each keyphrase tag.

        It is that of these settings alone; keyphrases need no trained model, which would have its
        own.
        """
        return self.version


class _Word(NamedTuple):
    text: str
    start: int
    end: int
    rarity: float  # inverse document frequency; 0 for a common word


_Words = tuple[str, ...]
_Offsets = tuple[int, int]


def document_words(text: str) -> set[str]:
    """The distinct words of an article, casefolded, in order to count how many articles have
    each."""
    return {word.casefold() for word in _WORD.findall(text)}


def keyphrase_tags(article: Article, rules: KeyphraseRules, frequencies: Frequencies) -> list[Tag]:
    """Tag an article with its keyphrases, the best first.

    The best has the score 1; the score of another says how good it is in proportion to the best.
    Returns no tags if keyphrases are switched off, or if words were counted in fewer than 50
    articles of its language.
    """
    documents = frequencies.documents.get(article.language, 0)
    if not rules.enabled or documents < _MIN_DOCUMENTS:
        return []
    text = f"{article.title}\n{article.text}"
    runs = _runs(text, frequencies.words.get(article.language, {}), documents)
    spans, rarity = _candidates(runs, rules.max_words)
    scores = {words: rarity[words] * _frequency_factor(words, spans[words]) for words in spans}
    ranked = sorted(scores, key=lambda words: -scores[words])
    best = _without_overlap(ranked, rules.most)
    top_score = scores[best[0]] if best else 1.0
    return [_tag(article, rules, text, spans[words], scores[words] / top_score) for words in best]


def _runs(text: str, counts: dict[str, int], documents: int) -> list[list[_Word]]:
    """The runs of words in a text; in a run, only a single space stands between two words.

    `counts` has the number of documents with each word, out of `documents`.
    """
    runs: list[list[_Word]] = []
    end = -2
    for match in _WORD.finditer(text):
        word = match[0].casefold()
        count = counts.get(word, 0)
        common = count > _COMMON_SHARE * documents or len(word) < 3
        rarity = 0.0 if common else log((documents + 1) / (count + 1))
        if match.start() != end + 1 or text[end] != " ":
            runs.append([])
        runs[-1].append(_Word(word, match.start(), match.end(), rarity))
        end = match.end()
    return runs


def _candidates(
    runs: list[list[_Word]], max_words: int
) -> tuple[dict[_Words, list[_Offsets]], dict[_Words, float]]:
    """The possible keyphrases: all parts of runs without a common word at their beginning or end.

    Returns the spans of all occurrences of each phrase, and the summed rarity of its words.
    """
    spans: dict[_Words, list[_Offsets]] = defaultdict(list)
    rarity: dict[_Words, float] = {}
    for run in runs:
        for first in range(len(run)):
            for last in range(first, min(first + max_words, len(run))):
                if run[first].rarity and run[last].rarity:
                    phrase = run[first : last + 1]
                    words = tuple(word.text for word in phrase)
                    spans[words].append((phrase[0].start, phrase[-1].end))
                    rarity[words] = sum(word.rarity for word in phrase)
    return spans, rarity


def _frequency_factor(words: _Words, spans: list[_Offsets]) -> float:
    """The factor in a phrase's score for how often and how early it occurs at these spans.

    Several words that occur together only once are probably no fixed phrase: they count half.
    """
    fixed = 1 if len(words) == 1 or len(spans) > 1 else 0.5
    return log(1 + len(spans)) * fixed / (1 + spans[0][0] / _HALF_SCORE_OFFSET)


def _without_overlap(ranked: list[_Words], most: int) -> list[_Words]:
    """The best `most` of these ranked phrases, without those that repeat words of better ones."""
    chosen: list[_Words] = []
    taken: set[str] = set()
    for words in ranked:
        if len(chosen) == most:
            break
        if not taken.issuperset(words) and not (len(words) > 1 and taken.intersection(words)):
            chosen.append(words)
            taken.update(words)
    return chosen


def _tag(
    article: Article, rules: KeyphraseRules, text: str, spans: list[_Offsets], score: float
) -> Tag:
    start, end = spans[0]
    return Tag(
        scheme=SCHEME,
        code="-".join(text[start:end].casefold().split()),
        label=text[start:end],
        score=round(score, 3),
        method="tf-idf",
        version=rules.full_version,
        spans=tuple(_span(article, start, end) for start, end in spans[:_MAX_SPANS]),
    )


def _span(article: Article, start: int, end: int) -> Span:
    """Convert characters [start, end) of "title, newline, text" to a span of title or text."""
    if end <= len(article.title):
        return Span(field="title", start=start, end=end, surface=article.title[start:end])
    offset = len(article.title) + 1
    start, end = start - offset, end - offset
    return Span(field="text", start=start, end=end, surface=article.text[start:end])
