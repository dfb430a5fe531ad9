"""Correct the names of people by the words in them and right beside them.

"Abu Bakr" before "al-Baghdadi" is half a name, "Sgt. Gill Cherry" has a word too many, and the
James Webb Space Telescope names nobody.
"""

import re
from collections.abc import Collection
from functools import lru_cache

from worker.tag.entities.mentions import ORGANISATION, PLACE, Mention

_RANKS = frozenset(
    """lt lt. sgt sgt. capt capt. col col. maj maj. cpl cpl. adm adm. cmdr cmdr. det det. insp insp.
    pm rev rev. msgr msgr. monsignor comrade sheriff constable detective trooper corporal private
    major admiral speaker podcaster rapper singer actor actress comedian blogger youtuber journalist
    reporter photographer activist attorney lawyer prosecutor coach striker midfielder goalkeeper
    sophomore freshman""".split()
)
_HONOURS = frozenset(("QC", "KC", "MP", "MSP", "MEP", "TD", "MD", "PhD", "OBE", "MBE", "CBE"))
DESCRIBES = ("-old", "-born", "-based", "-led", "-backed", "-owned")  # ends of words before a name
_NICKNAME = re.compile(
    r"[\w ’'-]{0,30}[\"”] [A-Z][\w’'-]+"
)  # the rest of: Craig "Gray Wolf" Hammond
_CACHED_NAMES = 20_000
_SHORTEST_SHOUTED = 5  # letters
_LONGEST_RUN = 90  # characters of the words that may follow a name
_PARTICLES = frozenset(
    "al el bin ibn bint ben van von de da di du del della der den dos das la le ter ten zu".split()
)
_REST = re.compile(
    r" (?:(?:al|el|ad|as|az|ar|ash|at|ul)-|(?:bin|ibn|bint|van|von|de|di|da|del|dos) "
    r"(?:(?:al-|der |den |la ))?|[dD]['’])[A-Z][\w’'-]+"
)
_FIRST_OF_REST = frozenset("abdeuv")
_QUOTES = ('"', "“", "”")
_AFTER_FATHER = (" bin ", " ibn ", " bint ")
_NAMED_AFTER = re.compile(
    r"(?: [A-Z][\w’'-]{0,24}){0,2}? "
    r"(?:(?P<organisation>Hospital|Foundation|University|School|College|Institute|Library|Museum"
    r"|Clinic|Academy|Center|Centre|Society)"
    r"|(?P<place>Airport|Stadium|Bridge|Street|Avenue|Boulevard|Square|Arena|Tower|Building)"
    r"|Awards?|Prize|Medal|Trophy|Cup|Act|Telescope|Scholarship)\b"
)
_PART = re.compile(  # before a figure of fiction: "starred as", "the role of"
    r"(?:\b(?:starr(?:ed|ing)|stars|role|appear(?:ed|ing)|cast) (?:as|of)"
    r"|\b(?:the|of|fictional) character(?: of)?|\bwho (?:plays|played|portrayed)) $"
)
_PART_ENDS = (" as ", " of ", " character ", " plays ", " played ", " portrayed ")
_LONGEST_PART = 30  # characters
_NO_PEOPLE = frozenset(("Award", "Awards", "Prize", "Medal", "Trophy", "Cup"))  # last words
_STORM_WORDS = ("urricane ", "yphoon ", "yclone ", "torm ")
_STORM = re.compile(r"\b(?:[Hh]urricane|[Tt]yphoon|[Cc]yclone|[Ss]torm) ([A-Z][a-z]+)")
# The end of "Aaron Sorkin-penned", "Jerry [O'Connell", "Washington (D.C." and "Jane Roe ID'd"
_NO_NAME_END = re.compile(r"-(?:[a-z]{2,}ed|led|era|style|like|esque)$| ?[(\[].*$| \w+['’]d$")
# A sentence end without a space after it: "said Justin Amash.Image by …".
_NEXT_SENTENCE = re.compile(r"([a-z]{3})\.[A-Z][a-z]+$")


def storm_names(text: str) -> frozenset[str]:
    """Return the names of storms in a text: "Barry" if it says "Hurricane Barry"."""
    if not any(word in text for word in _STORM_WORDS):
        return frozenset()
    return frozenset(_STORM.findall(text))


def corrected_person(mention: Mention, text: str, storms: Collection[str]) -> Mention | None:
    """Return the mention of a person with its whole name and without words before it, or None if no
    person is named there. What is named after a person ("… Hospital") is another mention.

    `storms` are the names from `storm_names`.
    """
    start, end, surface, *_ = mention
    if surface in storms:
        return None
    if mention.method == "gazetteer":
        if text.endswith(_AFTER_FATHER, 0, start):
            return None  # the rest of a longer name
    else:
        first = max(0, start - _LONGEST_PART)
        if text[first:start].endswith(_PART_ENDS) and _PART.search(text, first, start):
            return None
        mention = _with_rest(_without_other_words(mention), text)
        start, end, surface, *_ = mention
        if not surface or ")" in surface or surface.rpartition(" ")[2] in _NO_PEOPLE:
            return None
    if " " not in surface or not text[end + 1 : end + 2].isupper():
        return mention
    found = _NAMED_AFTER.match(text, end, end + _LONGEST_RUN)
    if not found:
        return mention
    kinds = found.groupdict()
    kind = ORGANISATION if kinds["organisation"] else PLACE if kinds["place"] else ""
    if not kind:
        return None
    whole = text[start : found.end()]
    return mention._replace(end=found.end(), surface=whole, kind=kind, method="crf")


def _without_other_words(mention: Mention) -> Mention:
    start, kept = _name_in(mention.surface)
    if kept == mention.surface:
        return mention
    start += mention.start
    return mention._replace(start=start, end=start + len(kept), surface=kept)


@lru_cache(_CACHED_NAMES)
def _name_in(surface: str) -> tuple[int, str]:
    """The name in the words that the model took for it, and at which character it begins.

    Without what stands before it (ranks with all before them, "Cumbria Sgt."; words in small
    letters; "Fourteen-year-old"), and without what stands behind it: an honour, a verb in capitals,
    the first word of a next sentence.
    """
    words = surface.split(" ")
    first = 0
    for at, word in enumerate(words[:-1]):
        if word.lower() in _RANKS:
            first = at + 1
    while first < len(words) - 1 and _is_before_name(words[first]):
        first += 1
    kept = " ".join(words[first:])
    start = len(surface) - len(kept)
    kept = _NEXT_SENTENCE.sub(r"\1", _NO_NAME_END.sub("", kept))
    before, _, last = kept.rpartition(" ")
    if before and (last in _HONOURS or (_is_shouted(last) and not before.isupper())):
        kept = before
    return start, kept


def _is_before_name(word: str) -> bool:
    return (word.islower() and word not in _PARTICLES) or word.endswith(DESCRIBES)


def _is_shouted(words: str) -> bool:
    """Whether all letters are capitals, and so many that they are no initials."""
    return len(words) >= _SHORTEST_SHOUTED and words.isupper() and words.isalpha()


def _with_rest(mention: Mention, text: str) -> Mention:
    """The mention with the rest of an Arabic name, of one with "de", "van", "von" …, or of one with
    a nickname in quotation marks."""
    quotes = sum(map(mention.surface.count, _QUOTES))
    if quotes % 2 == 0 and text[mention.end + 1 : mention.end + 2] not in _FIRST_OF_REST:
        return mention
    rest = _NICKNAME if quotes % 2 else _REST
    found = rest.match(text, mention.end, mention.end + _LONGEST_RUN)
    if not found:
        return mention
    return mention._replace(end=found.end(), surface=text[mention.start : found.end()])
