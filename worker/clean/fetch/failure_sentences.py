"""Find the sentences of a text that are usual on failed pages, such as captchas and error pages.

Bytes of such sentences count as explained, all other bytes as the rest, which may be an article.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from worker.clean.failed_fetch_rules import FailedFetchRules, PageKind
from worker.clean.patterns.match_form import first_candidates, sentences_of

_MIN_SIGNS = 2  # sentences that only contain a sign


class TextEvidence(NamedTuple):
    """The evidence in the sentences of a text that it comes from a failed page, and of which
    kind."""

    kind: PageKind | None  # of the first sentence that matches
    matches: int  # sentences
    explained_bytes: int
    rest_bytes: int  # that no pattern explains


def begins_like_failure(text: str, rules: FailedFetchRules, *, fragment: bool = False) -> bool:
    """Whether one of the first sentences of a text matches a pattern of a failed page.

    `fragment` says that the text is not from a complete page: fewer page kinds apply to it.
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
    """Collect the evidence in the sentences of a text that it comes from a failed page.

    `by_title` is the page kind that the title of the text matched. `signs` also searches for signs,
    the words inside of a sentence that are typical of a page kind; use it only for short pages.
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
    if not by_title and len(sign_kinds) < _MIN_SIGNS:
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
    if len(sentence) > rules.max_sentence_chars:
        return _Sentence(sentence, None, None, False)
    return _Sentence(
        sentence,
        kind=_kind_of_line(sentence, rules, fragment=fragment),
        sign=rules.signs.search(sentence) if signs else None,
        may_be_title=rules.titles.classify(sentence) is not None,
    )


def _kind_of_line(sentence: str, rules: FailedFetchRules, *, fragment: bool) -> PageKind | None:
    if len(sentence) > rules.max_sentence_chars:
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
