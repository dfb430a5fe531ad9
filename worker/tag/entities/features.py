"""What a word tells of the names it may be part of: a word comes in, feature strings go out.

Every feature belongs to one word form, seen as the current word, the one before or the one behind
it. So a form's scores are computed once and kept, and an article is a few table look-ups.
"""

from collections.abc import Sequence
from typing import NamedTuple

PLACES = 6  # of a word as seen from the token that is judged
START, HERE, BEFORE, BEHIND, BEFORE_2, BEHIND_2 = range(PLACES)
EDGE = ""  # stands before the first and behind the last token of a sentence

LOWER, TITLE, CAPITALS, MARK, OTHER, NONE = range(6)  # kinds of shape

_KINDS = {
    "a": LOWER,
    "aB": LOWER,
    "Aa": TITLE,
    "Ab": TITLE,
    "Aa.": TITLE,
    "A": CAPITALS,
    "AA": CAPITALS,
    "A.": CAPITALS,
}
_MARKS = ".,()\"'-:;&@#"


class Entry(NamedTuple):
    """What the lexicon knows of a word."""

    cluster: int = -1  # of its embedding
    groups: tuple[str, ...] = ()  # of the gazetteer: country, city, title, orgcue …
    lower: int = -1  # how often it is written small, in quarters; -1 when unknown
    known: str = ""  # what the form mostly was in a large corpus


def shape(word: str) -> str:
    """`Aa` for Kyiv, `AA` for NATO, `A.` for U.S., `a`, `d` for digits, `P,` for a comma."""
    first = word[0]
    if not first.isalnum():
        return "P" + (first if first in _MARKS else "?")
    if word.isdigit():
        return "d"
    if any(c.isdigit() for c in word):
        return "D"
    if word.islower():
        return "a"
    if len(word) == 1:
        return "A"
    if word.isupper():
        return "A." if "." in word else "AA"
    if first.isupper():
        if word[-1] == ".":
            return "Aa."
        return "Aa" if word[1:].islower() else "Ab"
    return "aB"


def kind(its: str) -> int:
    """A shape as one of six kinds, for the pattern of three words in a row; NONE is the edge's."""
    if its[0] == "P":
        return OTHER if its in ("P-", "P&", "P'") else MARK
    return _KINDS.get(its, OTHER)


def features(
    word: str, its: str, entry: Entry
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Of a word of this shape: as the current word, that and at the start of a sentence, that and
    inside one, and as a neighbour."""
    lower = word.lower()
    shared = _shared(word, lower, entry)
    capital = its not in ("a", "d") and its[0] != "P"
    here = [*shared, "2=" + lower[-2:], "3=" + lower[-3:], "p=" + lower[:3]]
    here.append(f"n={min(len(word), 8)}")
    if capital:
        here += _capital(word, lower, its, entry)
    near = [*shared, "s=" + its, "3=" + lower[-3:]]
    if its[0] == "A":
        near.append(f"lo={entry.lower}")
    return here, _written(its, capital, entry, "^"), _written(its, capital, entry, ""), near


def seen_at(word: str, entry: Entry) -> tuple[tuple[str, ...], ...]:
    """Names of features by place, in the order of the constants above: what the trainer is told."""
    if not word:
        return (), (), ("-^",), ("+$",), (), ()
    here, start, inside, near = features(word, shape(word), entry)
    lower = word.lower()
    return (
        tuple("0" + name for name in (*here, *start)),
        tuple("0" + name for name in (*here, *inside)),
        tuple("-" + name for name in near),
        tuple("+" + name for name in near),
        ("-2w=" + lower,),
        ("+2w=" + lower,),
    )


def _shared(word: str, lower: str, entry: Entry) -> list[str]:
    found = ["w=" + lower]
    if entry.cluster >= 0:
        found.append(f"c={entry.cluster}")
    found += ["g=" + group for group in entry.groups]
    if entry.known:
        found.append("k=" + entry.known)
    return found


def _capital(word: str, lower: str, its: str, entry: Entry) -> list[str]:
    found = ["4=" + lower[-4:] + its]
    if entry.cluster >= 0:
        found.append(f"cs={entry.cluster}{its}")
    if "-" in word:
        found.append("hy")
    return found


def _written(its: str, capital: bool, entry: Entry, start: str) -> list[str]:
    """A capital says little at the start of a sentence, and nothing of a word mostly written so."""
    found = ["s=" + its + start]
    if capital:
        found += [f"lo={entry.lower}{start}", f"lo={entry.lower}{its}{start}"]
    return found


def pattern(before: int, here: int, behind: int) -> str:
    """The feature of three kinds in a row."""
    return f"x={before}{here}{behind}"


class Traits(NamedTuple):
    """What a word is in combinations with its neighbours; all empty for an edge."""

    word: str = ""
    cluster: str = ""
    groups: str = ""
    known: str = ""
    shape: str = ""


def traits(word: str, entry: Entry) -> Traits:
    """Those of a word that the lexicon has this entry of."""
    if not word:
        return Traits()
    groups = "+".join(entry.groups)
    return Traits(word.lower(), str(entry.cluster), groups, entry.known, shape(word))


def combinations(window: Sequence[Traits]) -> list[str]:
    """The features of the third of five words that need more than one of them: only the thorough
    path pays for these, since no table of forms can hold them."""
    found = ["5=" + " ".join(each.shape for each in window)]
    for name, before, here, behind in zip("wcgks", *window[1:4], strict=True):
        found += [f"<{name}={before}|{here}", f">{name}={here}|{behind}"]
        found.append(f"^{name}={before}|{behind}")
    return found
