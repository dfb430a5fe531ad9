"""What a word tells of the names it may be part of: a word comes in, feature strings go out.

Every feature belongs to one word form, seen as the current word, the one before or the one behind
it. So a form's scores are computed once and kept, and an article is a few table look-ups.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

PLACES = 6  # of a word as seen from the token that is judged
START, HERE, BEFORE, BEHIND, BEFORE_2, BEHIND_2 = range(PLACES)
EDGE = ""  # stands before the first and behind the last token of a sentence

LOWER, TITLE, CAPITALS, MARK, OTHER, NONE = range(6)  # kinds of shape

_MARKS = ".,()\"'-:;&@#"
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
SHAPES = (*_KINDS, "d", "D", "P?", *("P" + mark for mark in _MARKS))


class Entry(NamedTuple):
    """What the lexicon knows of a word."""

    cluster: int = -1  # of its embedding
    groups: tuple[str, ...] = ()  # of the gazetteer: country, city, title, orgcue …
    lower: int = -1  # how often it is written small, in quarters; -1 when unknown
    known: str = ""  # what the form mostly was in a large corpus


def shape(word: str) -> str:
    """Of SHAPES: `Aa` for Kyiv, `AA` for NATO, `A.` for U.S., `d` for digits, `P,` for a comma."""
    first = word[0]
    if not word.isalpha():
        if not first.isalnum():
            return "P" + (first if first in _MARKS else "?")
        if word.isdigit():
            return "d"
        if any(map(str.isdigit, word)):
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


def is_capital(its: str) -> bool:
    """Is a word of this shape written large, at least in part?"""
    return its not in ("a", "d") and its[0] != "P"


# What the letters of a word tell, each as a feature's name goes on: see `spelled`.
WORD, LAST_2, LAST_3, FIRST_3, LENGTH, LAST_4, HYPHEN = "w=", "2=", "3=", "p=", "n=", "4=", "hy"
SPELLED = (WORD, LAST_2, LAST_3, FIRST_3, LENGTH, LAST_4, HYPHEN)


def spelled(word: str, its: str) -> list[str]:
    """How the first names of SPELLED end for a word of this shape, which has no others."""
    lower = word.lower()
    ends = [lower, lower[-2:], lower[-3:], lower[:3], "12345678"[len(word[:8]) - 1]]
    if is_capital(its):
        ends.append(lower[-4:] + its)
        if "-" in word:
            ends.append("")
    return ends


def looked_up(entry: Entry) -> list[str]:
    """What the lexicon tells of a word, to whoever looks at it."""
    found = [f"c={entry.cluster}"] if entry.cluster >= 0 else []
    found += ["g=" + group for group in entry.groups]
    return [*found, "k=" + entry.known] if entry.known else found


def cluster_written(cluster: int, its: str) -> str:
    """A cluster and a shape, "" where that tells nothing."""
    return f"cs={cluster}{its}" if cluster >= 0 and is_capital(its) else ""


def written(its: str, lower: int, start: str = "") -> list[str]:
    """How a word is written that is so often written small. A capital says little at the start of
    a sentence (`^`), and nothing of a word mostly written so."""
    found = ["s=" + its + start]
    if is_capital(its):
        found += [f"lo={lower}{start}", f"lo={lower}{its}{start}"]
    return found


def near_written(its: str, lower: int) -> list[str]:
    """The same to its neighbours."""
    return ["s=" + its, f"lo={lower}"] if its[0] == "A" else ["s=" + its]


Seen = tuple[tuple[str, ...], ...]  # names of features by place, in the order of the constants


def seen_from(
    here: Iterable[str] = (),
    start: Iterable[str] = (),
    inside: Iterable[str] = (),
    near: Sequence[str] = (),
    far: Sequence[str] = (),
) -> Seen:
    """A word's features: as the current one, that at the start of a sentence or not, one word
    away, two words away. Empty names are none."""
    here = [*here]
    beside = ("-", near), ("+", near), ("-2", far), ("+2", far)
    seen = ("0", (*here, *start)), ("0", (*here, *inside)), *beside
    return tuple(tuple(place + name for name in names if name) for place, names in seen)


def seen_at(word: str, entry: Entry) -> Seen:
    """All features of a word that the lexicon has this entry of: what the trainer is told."""
    if not word:
        return (), (), ("-^",), ("+$",), (), ()
    its = shape(word)
    ends = zip(SPELLED, spelled(word, its), strict=False)
    letters = {name: name + end for name, end in ends}
    whole, last_3, told = letters[WORD], letters[LAST_3], looked_up(entry)
    together = cluster_written(entry.cluster, its)
    edge, *small = near_written(its, entry.lower)
    return seen_from(
        here=(
            *(whole, *told, letters[LAST_2], last_3, letters[FIRST_3], letters[LENGTH]),
            *(letters.get(LAST_4, ""), together, letters.get(HYPHEN, "")),
        ),
        start=written(its, entry.lower, "^"),
        inside=written(its, entry.lower),
        near=(whole, *told, edge, last_3, *small),
        far=(whole,),
    )


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
