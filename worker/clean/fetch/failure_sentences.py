"""Find the sentences of a text that are usual on failed pages, such as captchas and error pages,
and measure the rest of the text.

A page with much other text may be an article.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from worker.clean.failed_fetch_rules import FailedFetchRules, PageKind
from worker.clean.patterns.match_form import first_candidates, sentences_of

_MIN_SIGNS = 2  # sentences that only contain a sign
# A sentence that begins with a quotation: "“Page not found”: those three words …". Articles quote
# error pages, which do not quote themselves. Marks in front of a sentence were removed before.
_QUOTATION = re.compile(r"«?[^“”„«»\"]{1,120}[^\s“”„«»\"] ?[“”»\"] ?[^\s.!?]")


class TextEvidence(NamedTuple):
    """How much of a text consists of sentences that are usual on failed pages, such as error pages.

    `kind` is the kind of page that the first such sentence is usual on, None if there is none;
    `matches` is the number of such sentences. `explained_bytes` is the size of such sentences,
    `rest_bytes` that of all others, which may belong to an article.
    """

    kind: PageKind | None  # of the first sentence that matches
    matches: int  # sentences
    explained_bytes: int
    rest_bytes: int  # that no pattern explains


def begins_like_failure(text: str, rules: FailedFetchRules, *, fragment: bool = False) -> bool:
    """Whether one of the first sentences of a text is usual on failed pages, such as error pages.
    It is a quick check: if it is False, the whole text is read only if something else, such as the
    title, hints at a failed page.

    With `fragment`, the text is not from a complete page, for example from a feed: kinds of failed
    pages that only occur as complete pages are then ignored.
    """
    first = first_candidates(text, rules.first_sentences, rules.lines.may_match)
    return any(_kind_of_line(sentence, rules, fragment=fragment) for sentence in first)


def read_sentences(
    text: str,
    by_title: PageKind | None,
    rules: FailedFetchRules,
    *,
    fragment: bool = False,
    signs: bool = False,
) -> TextEvidence:
    """Count the sentences of a text that are usual on failed pages, such as error pages, and
    measure how much other text there is.

    `by_title` is the kind of failed page that the title of the text is typical of, None for none.
    If there is one, sentences that may only repeat the title are not counted. With `fragment`, the
    text is not from a complete page. With `signs`, also sentences are counted that only have
    typical words in them; this is meant for short pages.
    """
    sentences = sentences_of(text)
    first = [
        _classified(sentence, rules, fragment=fragment, signs=signs)
        for sentence in islice(sentences, rules.max_sentences)
    ]
    # A sentence that may repeat a matching title is no further evidence.
    new = [sentence for sentence in first if not (by_title and sentence.may_be_title)]
    line_kinds = [sentence.kind for sentence in new if sentence.kind]
    sign_kinds = [sentence.sign for sentence in new if sentence.sign]
    if not by_title and max(Counter(map(id, sign_kinds)).values(), default=0) < _MIN_SIGNS:
        sign_kinds = []
    kinds = (*line_kinds, *sign_kinds)
    explained = _explained_bytes(first, (by_title, *kinds), rules, signs=bool(sign_kinds))
    rest = sum(_size(sentence.text) for sentence in first) - explained + sum(map(_size, sentences))
    return TextEvidence(next(iter(kinds), None), len(kinds), explained, rest)


class _Sentence(NamedTuple):
    text: str
    kind: PageKind | None  # whose pattern matches the full sentence
    sign: PageKind | None  # with a sign inside the sentence
    may_be_title: bool  # it matches a title of such a page


def _classified(
    sentence: str, rules: FailedFetchRules, *, fragment: bool, signs: bool
) -> _Sentence:
    if len(sentence) > rules.max_sentence_chars or _QUOTATION.match(sentence):
        return _Sentence(sentence, None, None, False)
    return _Sentence(
        sentence,
        kind=_kind_of_line(sentence, rules, fragment=fragment),
        sign=rules.signs.search(sentence) if signs else None,
        may_be_title=rules.titles.classify(sentence) is not None,
    )


def _kind_of_line(sentence: str, rules: FailedFetchRules, *, fragment: bool) -> PageKind | None:
    if len(sentence) > rules.max_sentence_chars or _QUOTATION.match(sentence):
        return None
    kind = rules.lines.classify(sentence)
    return kind if kind and (kind.in_fragments or not fragment) else None


def _explained_bytes(
    sentences: Sequence[_Sentence],
    suspected: Iterable[PageKind | None],
    rules: FailedFetchRules,
    *,
    signs: bool,
) -> int:
    """Count the bytes of the sentences that are usual on failed pages of any of the suspected
    kinds."""
    kinds = {kind.name: kind for kind in suspected if kind}
    mentions = [rules.mentions(kind) for kind in kinds.values()]
    return sum(
        _size(sentence.text)
        for sentence in sentences
        if len(sentence.text) <= rules.max_sentence_chars
        and (
            sentence.kind
            or sentence.may_be_title
            or (signs and sentence.sign)
            or any(mention.search(sentence.text) for mention in mentions)
        )
    )


def _size(text: str) -> int:
    return len(text.encode())
