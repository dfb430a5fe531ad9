"""How much of a text is what pages of failed fetches say: a text comes in; what its sentences tell
goes out, and how many bytes that explains.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from worker.clean.failed_fetch_rules import FailedFetchRules, PageKind
from worker.clean.patterns.match_form import begins, sentences_of

_ENOUGH = 2  # sentences that only sound like such a page


class Explained(NamedTuple):
    """What the sentences of a text say of the page that it is from."""

    kind: PageKind | None  # by the first sentence that tells
    telling: int  # sentences
    explained: int  # bytes
    rest: int  # bytes that nothing explains


def begins_so(text: str, rules: FailedFetchRules, *, fragment: bool = False) -> bool:
    """Whether one of the first sentences is what such a page says."""
    first = begins(text, rules.first_sentences, rules.lines.may_match)
    return bool(first) and any(_told_by(each, rules, fragment=fragment) for each in first)


def read_sentences(
    text: str,
    by_title: PageKind | None,
    rules: FailedFetchRules,
    *,
    fragment: bool = False,
    signs: bool = False,
) -> Explained:
    """Read a text under the suspicion that its title raised. Only pages, and short ones, are
    searched for `signs`."""
    every = sentences_of(text)
    first = [
        _heard(each, rules, fragment=fragment, signs=signs)
        for each in islice(every, rules.max_sentences)
    ]
    # Where the title says so, a sentence that may be the title again says nothing new.
    new = [each for each in first if not (by_title and each.entitles)]
    telling = [each.tells for each in new if each.tells]
    sounding = [each.sounds for each in new if each.sounds]
    if not by_title and len(sounding) < _ENOUGH:
        sounding = []
    explained = _explained(first, (by_title, *telling, *sounding), rules, sounds=bool(sounding))
    rest = sum(_size(each.text) for each in first) - explained + sum(map(_size, every))
    told = (*telling, *sounding)
    return Explained(next(iter(told), None), len(told), explained, rest)


class _Sentence(NamedTuple):
    text: str
    tells: PageKind | None  # all of it is what such a page says
    sounds: PageKind | None  # there is something in it that such a page says
    entitles: bool  # it may be the title of such a page


def _heard(sentence: str, rules: FailedFetchRules, *, fragment: bool, signs: bool) -> _Sentence:
    return _Sentence(
        sentence,
        tells=_told_by(sentence, rules, fragment=fragment),
        sounds=rules.signs.within(sentence) if signs else None,
        entitles=rules.titles.of(sentence) is not None,
    )


def _told_by(sentence: str, rules: FailedFetchRules, *, fragment: bool) -> PageKind | None:
    if len(sentence) > rules.max_sentence_chars:
        return None
    kind = rules.lines.of(sentence)
    return kind if kind and (kind.in_fragments or not fragment) else None


def _explained(
    sentences: Sequence[_Sentence],
    suspected: Iterable[PageKind | None],
    rules: FailedFetchRules,
    *,
    sounds: bool,
) -> int:
    """Bytes of the sentences that pages of these kinds have."""
    kinds = {kind.name: kind for kind in suspected if kind}
    mentions = [rules.mentions(kind) for kind in kinds.values()]
    return sum(
        _size(each.text)
        for each in sentences
        if len(each.text) <= rules.max_sentence_chars
        and (
            each.tells
            or each.entitles
            or (sounds and each.sounds)
            or any(mention.search(each.text) for mention in mentions)
        )
    )


def _size(text: str) -> int:
    return len(text.encode())
