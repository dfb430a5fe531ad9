"""Decide which names of the gazetteer an article means, and join them with the recognised names.

A name that means one thing decides the kind, whatever the trained model says. A name that is also
a word or a name of another kind ("Apple", "Ford") needs evidence in the article: the trained model,
a cue beside it ("shares", "Inc", a ticker), or the full name elsewhere in the text.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from worker.tag.entities.gazetteer_flags import OTHER_KIND, WITHIN_KIND
from worker.tag.entities.gazetteer_names import GazetteerMatch
from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE, Mention
from worker.tag.entities.named_entries import GazetteerEntry, NamedEntry
from worker.tag.entities.places_by_language import has_nouns, is_noun, stands_as_place
from worker.tag.tokens import Tokens

_START = attrgetter("start")
SURE = 0.95  # score of a name of several words that means one thing
LIKELY = 0.85  # of one word
_BY_MODEL = 0.75  # the least of a name that is also a word, by the trained model

_BUSINESS = frozenset(
    """inc inc. corp corp. co. ltd ltd. plc llc ag nv n.v. gmbh shares share stock shareholders
    shareholder investors ceo cfo cto executive executives employees subsidiary stores earnings
    revenue revenues profits dividend ipo unveils unveiled launches launched acquires acquired
    recalls recalled""".split()
)
_SPEAKING = frozenset(
    """said says announces announced reports reported spokesman spokeswoman spokesperson sued sues
    declined customers users""".split()
)
_BEFORE = frozenset("shareholder shareholders investor investors ceo subsidiary giant".split())
_JOINTS = frozenset((",", "and", "or", "&", "/", "und", "et", "y", "e"))
_SHARES_OF = (
    "shares",
    "stock",
    "stake",
    "employees",
    "executives",
    "ceo",
    "subsidiary",
    "division",
)
_OF = frozenset(("in", "of", "at", "for"))
_ROLES = frozenset(  # words for people, or before "said", that companies have as names
    "boss canon captain chief coach doctor enough king lab police pope priest prince queen".split()
)
_TICKER = re.compile(r" ?\((?:[A-Z]{2,8} ?: ?)?[A-Z]{1,5}(?:\.[A-Z]{1,2})?\)")
_THE = ("The ", "the ")
_ARTICLES = {  # before a name, at the beginning of a sentence
    "de": ("Der ", "Die ", "Das ", "Den ", "Dem ", "Des "),
    "fr": ("Le ", "La ", "Les ", "L'", "L’"),
    "es": ("El ", "La ", "Los ", "Las "),
    "pt": ("O ", "A ", "Os ", "As "),
    "it": ("Il ", "Lo ", "La ", "I ", "Gli ", "Le ", "L'", "L’"),
}
_REACH = 2  # tokens after a name in which a cue may stand


class NameInText(NamedTuple):
    """A name of the gazetteer at the characters from `start` up to, but without, `end` of an
    article, which are the tokens from `first` up to, but without, `stop`.

    `plain` are its entries that the name proves by itself, and `named` all. `proven` is the kind of
    `plain` if they need no other evidence, or "".
    """

    start: int
    end: int
    first: int
    stop: int
    plain: tuple[GazetteerEntry, ...]
    named: tuple[NamedEntry, ...]
    proven: str


def names_in_text(matches: Sequence[GazetteerMatch], tokens: Tokens) -> list[NameInText]:
    """Return at which characters of the text the matched names stand. Of names that overlap, the
    one with more words is kept, else the first."""
    kept: list[GazetteerMatch] = []
    for match in matches:
        if kept and match.first < kept[-1].stop:
            if match.stop - match.first <= kept[-1].stop - kept[-1].first:
                continue
            kept.pop()
        kept.append(match)
    spans = tokens.spans([m.first for m in kept], [m.stop for m in kept])
    return [
        NameInText(start, end, m.first, m.stop, m.plain, m.named, m.proven)
        for m, (start, end) in zip(kept, spans, strict=True)
    ]


class _Article(NamedTuple):
    tokens: Tokens
    title_end: int
    title_case: bool  # whether capitals in the title say nothing
    language: str
    has_nouns: bool  # whether names of places are known that are nouns of the language


def joined_mentions(
    names: Sequence[NameInText],
    recognised: Sequence[Mention],
    tokens: Tokens,
    title_end: int,
    *,
    title_case: bool,
    language: str,
) -> list[Mention]:
    """Join the names of the gazetteer with those that the trained model recognised (`recognised`)
    to one list of mentions, in reading order.

    The title is the first `title_end` characters of the text. `title_case` says that most words in
    it begin with capitals, so that these do not show what is a name.
    In some languages (`language`), names of places that are nouns too count only where they can't
    be nouns.
    """
    article = _Article(tokens, title_end, title_case, language, has_nouns(language))
    overlaps = _overlaps(names, recognised)
    articles = _ARTICLES.get(language, _THE)
    around = [_around(name, over, articles) for name, over in zip(names, overlaps, strict=True)]
    kinds = [
        _kind(name, over, longer, article)
        for name, over, longer in zip(names, overlaps, around, strict=True)
    ]
    _spread_in_lists(names, kinds, around, tokens)
    _spread(names, kinds, around)
    mentions: list[Mention] = []
    replaced: set[int] = set()  # where recognised mentions start: no two start together
    for name, kind, over, longer in zip(names, kinds, overlaps, around, strict=True):
        if longer is not None:
            if longer.start not in replaced and _is_company_of(name, longer):
                replaced.add(longer.start)
                mentions.append(longer._replace(kind=ORGANISATION))
        elif kind:
            replaced.update([mention.start for mention in over])
            mentions.append(_mention(name, kind, over, tokens.text))
    mentions += [mention for mention in recognised if mention.start not in replaced]
    mentions.sort(key=_START)
    return mentions


def _overlaps(names: Sequence[NameInText], recognised: Sequence[Mention]) -> list[list[Mention]]:
    """For each name the recognised mentions that it overlaps; both are in reading order."""
    if not recognised:
        return [[] for _ in names]
    starts, ends = [m.start for m in recognised], [m.end for m in recognised]
    return [
        [*recognised[bisect_right(ends, name.start) : bisect_left(starts, name.end)]]
        for name in names
    ]


def _around(name: NameInText, over: Sequence[Mention], articles: Sequence[str]) -> Mention | None:
    """The recognised mention that is longer than the name and contains it; else None. An article
    before the name makes it no longer."""
    for mention in over:
        start, end, surface = mention[:3]
        if start <= name.start and name.end <= end and end - start > name.end - name.start:
            before = surface[: name.start - start]
            if before not in articles or end > name.end:
                return mention
    return None


def _is_company_of(name: NameInText, longer: Mention) -> bool:
    """Whether a recognised "person" begins with the name of an organisation: "Lidl Ireland"."""
    return (
        longer.kind == PERSON
        and longer.start == name.start
        and any(entry.kind == ORGANISATION for entry in name.plain)
    )


def _kind(
    name: NameInText, over: Sequence[Mention], longer: Mention | None, article: _Article
) -> str:
    """The kind that a name has where it stands; "" if that is not proven there."""
    if longer is not None:
        return ""
    if name.proven or name.plain:
        return name.proven or (name.plain[0].kind if over else "")
    if _in_loud_title(name, article):
        return ""
    kinds = {named.entry.kind for named in name.named}
    if ORGANISATION in kinds and _has_cue(name, article):
        return ORGANISATION
    if article.has_nouns and PLACE in kinds and _is_noun_as_place(name, article):
        return PLACE
    if not over or len(over) > 1:
        return ""
    if over[0].kind in kinds:
        return over[0].kind
    # The model says that it is a name, and it is of one kind only.
    words_only = all(not n.flags & (OTHER_KIND | WITHIN_KIND) for n in name.named)
    return next(iter(kinds)) if words_only and len(kinds) == 1 else ""


def _in_loud_title(name: NameInText, article: _Article) -> bool:
    return article.title_case and name.start < article.title_end


def _spread_in_lists(
    names: Sequence[NameInText],
    kinds: list[str],
    around: Sequence[Mention | None],
    tokens: Tokens,
) -> None:
    """Give a name without evidence the kind of the name before or after it in a list: "Google,
    Apple and Meta"."""
    if all(kinds):
        return
    pairs = list(_listed_together(names, tokens))
    for one, other in (*pairs, *((b, a) for a, b in reversed(pairs))):
        free = kinds[one] and not kinds[other] and around[other] is None
        if free and _entries(names[other], kinds[one]):
            kinds[other] = kinds[one]


def _listed_together(names: Sequence[NameInText], tokens: Tokens) -> Iterator[tuple[int, int]]:
    """Yield pairs of numbers of names between which only a comma or "and" stands."""
    for number in range(len(names) - 1):
        first, stop = names[number].stop, names[number + 1].first
        if stop - first in (1, 2) and _JOINTS.issuperset(tokens.run(first, stop)):
            yield number, number + 1


def _spread(
    names: Sequence[NameInText], kinds: list[str], around: Sequence[Mention | None]
) -> None:
    """Give names without evidence the kind that the same name, or the full name of the same entry,
    has elsewhere in the text."""
    open_names = [
        number
        for number, (kind, longer) in enumerate(zip(kinds, around, strict=True))
        if not kind and longer is None
    ]
    if not open_names:
        return
    proven: dict[GazetteerEntry, str] = {}
    for name, kind in zip(names, kinds, strict=True):
        if kind:
            for entry in _entries(name, kind):
                proven.setdefault(entry, kind)
    for number in open_names:
        found = (proven[n.entry] for n in names[number].named if n.entry in proven)
        kinds[number] = next(found, "")


def _entries(name: NameInText, kind: str) -> tuple[GazetteerEntry, ...]:
    return tuple(named.entry for named in name.named if named.entry.kind == kind)


def _mention(name: NameInText, kind: str, over: Sequence[Mention], text: str) -> Mention:
    start, end = name.start, name.end
    recognised = over[0].score if over and over[0].kind == kind else 0.0
    if name.plain:
        score = SURE if name.stop - name.first > 1 else LIKELY
    elif recognised:
        score = max(recognised, _BY_MODEL)
    else:  # by a word beside it, or by other names
        score = LIKELY
    return Mention(start, end, text[start:end], kind, score, "gazetteer", recognised)


def _is_noun_as_place(name: NameInText, article: _Article) -> bool:
    """Whether the name of a place that is also a noun stands where it is no noun: "in Essen"."""
    tokens = article.tokens
    if not is_noun(tokens.run(name.first, name.stop), article.language):
        return False
    before = tokens.run(max(0, name.first - 2), name.first)
    return stands_as_place(before, tokens.run(name.first, name.stop)[0], article.language)


def _has_cue(name: NameInText, article: _Article) -> bool:
    """Whether a word beside a name shows that it is a company: "Apple shares", "Target (TGT)"."""
    tokens, text = article.tokens, article.tokens.text
    if _TICKER.match(text, name.end):
        return True
    after = [word.lower() for word in tokens.run(name.stop, name.stop + _REACH)]
    if after[:1] in (["'s"], ["’s"]):
        after = after[1:]
    surface = text[name.start : name.end].lower()
    if after and (after[0] in _BUSINESS or (after[0] in _SPEAKING and surface not in _ROLES)):
        return True
    before = [word.lower() for word in tokens.run(max(0, name.first - 2), name.first)]
    if before and before[-1] in _BEFORE:
        return True
    return len(before) == 2 and before[1] in _OF and before[0] in _SHARES_OF
