"""Name the features of words by which names are found in a text.

A trained model gives each word a label (person, no name …). A feature is a fact about that word or
a word near it, such as its last letters, or that it is in a list of cities. The name of a feature
also says which word: `0w=kyiv` is the word to be labelled, `-w=kyiv` the one before it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

POSITIONS = 6  # of a word relative to the token that is labelled
START, HERE, BEFORE, AFTER, BEFORE_2, AFTER_2 = range(POSITIONS)  # START: first of a sentence
EDGE = ""  # the pseudo-word before the first and after the last token of a sentence

LOWER, TITLE, CAPITALS, MARK, OTHER, NONE = range(6)  # kinds of shape; NONE: of an edge

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


class LexiconEntry(NamedTuple):
    """What large collections of texts show of one word, as a help to find names.

    `cluster` is the number of a group of words that are used alike; -1 is unknown. `groups` are the
    lists with the word (country, city …). `lower` says how often it is in lowercase, from 0 (hardly
    ever) to 4 (nearly always); -1 is unknown. `usual_label` is its commonest label, such as person;
    "" is unknown.
    """

    cluster: int = -1  # of its embedding; -1: unknown
    groups: tuple[str, ...] = ()  # of the gazetteer: country, city, title, orgcue …
    lower: int = -1  # how often it is written in lowercase, in quarters; -1: unknown
    usual_label: str = ""  # the commonest label of the form in a large corpus; "": unknown


def shape(word: str) -> str:
    """Return the shape of a word, which says how it is written: letter case, digits or punctuation.

    `Aa` for Kyiv, `AA` for NATO, `A.` for U.S., `d` for digits, `P,` for a comma. SHAPES lists
    all.
    """
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


def shape_kind(word_shape: str) -> int:
    """Return which of five kinds a word's shape is, as a number: LOWER, TITLE, CAPITALS, MARK or
    OTHER.

    A shape, such as `Aa` for Kyiv, says how a word is written (see shape()). MARK is punctuation,
    except for hyphens, ampersands and apostrophes: they occur in names, and are OTHER. The model
    combines the kinds of three words in a row, so there are only a few kinds.
    """
    if word_shape[0] == "P":
        return OTHER if word_shape in ("P-", "P&", "P'") else MARK
    return _KINDS.get(word_shape, OTHER)


def is_capital(word_shape: str) -> bool:
    """Whether a word of this shape (a result of shape(), such as `Aa`) has a capital letter."""
    return word_shape not in ("a", "d") and word_shape[0] != "P"


# Prefixes of the names of spelling features; spelling_features() returns the suffixes.
WORD, LAST_2, LAST_3, FIRST_3, LENGTH, LAST_4, HYPHEN = "w=", "2=", "3=", "p=", "n=", "4=", "hy"
SPELLING_PREFIXES = (WORD, LAST_2, LAST_3, FIRST_3, LENGTH, LAST_4, HYPHEN)


def spelling_features(word: str, word_shape: str) -> list[str]:
    """Return what describes the spelling of a word, such as its first and last letters and its
    length.

    The values are in the order of SPELLING_PREFIXES. A prefix of that list and its value make the
    name of a feature: "3=" and "iev" say that the last three letters are "iev". Words without a
    capital have fewer values.
    """
    lower = word.lower()
    suffixes = [lower, lower[-2:], lower[-3:], lower[:3], "12345678"[len(word[:8]) - 1]]
    if is_capital(word_shape):
        suffixes.append(lower[-4:] + word_shape)
        if "-" in word:
            suffixes.append("")
    return suffixes


def lexicon_features(entry: LexiconEntry) -> list[str]:
    """Return the names of the features that say what large collections of texts show of a word: the
    group of words that are used like it, the lists it is in (country, city …), and its usual label
    (person …).

    What is unknown of the word gives no feature.
    """
    features = [f"c={entry.cluster}"] if entry.cluster >= 0 else []
    features += ["g=" + group for group in entry.groups]
    return [*features, "k=" + entry.usual_label] if entry.usual_label else features


def cluster_shape(cluster: int, word_shape: str) -> str:
    """Return the name of a feature that combines a word's cluster (the number of a group of words
    that are used alike) with its shape, such as `Aa` for Kyiv.

    Returns "" if the cluster is unknown (-1) or the word has no capital letter.
    """
    return f"cs={cluster}{word_shape}" if cluster >= 0 and is_capital(word_shape) else ""


def case_features(word_shape: str, lower: int, start: str = "") -> list[str]:
    """Return names of features that say how a word is written in a text, and how it is written
    usually.

    `word_shape` is how it is written in the text, such as `Aa` for Kyiv. `lower` says how often it
    is in lowercase in other texts, from 0 (hardly ever) to 4 (nearly always); -1 is unknown.
    `start` is "^" for the first word of a sentence, which has a capital even if it is no name.
    """
    features = ["s=" + word_shape + start]
    if is_capital(word_shape):
        features += [f"lo={lower}{start}", f"lo={lower}{word_shape}{start}"]
    return features


def neighbour_case_features(word_shape: str, lower: int) -> list[str]:
    """Return names of features of a word's letter case that help to label the words before and
    after it.

    `word_shape` is how the word is written in the text, such as `Aa` for Kyiv. `lower` says how
    often it is in lowercase in other texts, from 0 (hardly ever) to 4 (nearly always); -1 is
    unknown.
    """
    return ["s=" + word_shape, f"lo={lower}"] if word_shape[0] == "A" else ["s=" + word_shape]


FeaturesByPosition = tuple[tuple[str, ...], ...]  # names of features, by position from START on


def features_by_position(
    here: Iterable[str] = (),
    start: Iterable[str] = (),
    inside: Iterable[str] = (),
    near: Sequence[str] = (),
    far: Sequence[str] = (),
) -> FeaturesByPosition:
    """Return the features of a word in six tuples, one for each place where it may stand as seen
    from the word that is to be labelled (person, no name …).

    It may be that word itself, at the start of a sentence (features `here` and `start`) or
    elsewhere (`here` and `inside`). It may stand one before or one after it (`near`), or two before
    or two after (`far`). A prefix of each feature's name says the place: "-" is one before. Empty
    names are left out.
    """
    here = [*here]
    neighbours = ("-", near), ("+", near), ("-2", far), ("+2", far)
    positions = ("0", (*here, *start)), ("0", (*here, *inside)), *neighbours
    return tuple(tuple(prefix + name for name in names if name) for prefix, names in positions)


def word_features(word: str, entry: LexiconEntry) -> FeaturesByPosition:
    """Return the names of all features of a word, by which the model labels this word and those
    near it.

    There are six tuples of names. Two are for labelling the word itself: at the start of a
    sentence, and elsewhere. The others are for labelling another word, if this one stands one
    before it, one after, two before or two after. An empty `word` is the beginning or end of a
    sentence.
    """
    if not word:
        return (), (), ("-^",), ("+$",), (), ()
    word_shape = shape(word)
    suffixes = zip(SPELLING_PREFIXES, spelling_features(word, word_shape), strict=False)
    spelling = {prefix: prefix + suffix for prefix, suffix in suffixes}
    itself, last_3, looked_up = spelling[WORD], spelling[LAST_3], lexicon_features(entry)
    first_case, *more_case = neighbour_case_features(word_shape, entry.lower)
    return features_by_position(
        here=(
            *(itself, *looked_up, spelling[LAST_2], last_3, spelling[FIRST_3], spelling[LENGTH]),
            spelling.get(LAST_4, ""),
            cluster_shape(entry.cluster, word_shape),
            spelling.get(HYPHEN, ""),
        ),
        start=case_features(word_shape, entry.lower, "^"),
        inside=case_features(word_shape, entry.lower),
        near=(itself, *looked_up, first_case, last_3, *more_case),
        far=(itself,),
    )


def kind_pattern(before: int, here: int, after: int) -> str:
    """Return the name of a feature: how a word, the one before and the one after it are written.

    Each argument is a number from shape_kind() for one of the three words, such as that for
    lowercase; or NONE where the sentence has no such word.
    """
    return f"x={before}{here}{after}"


class WordTraits(NamedTuple):
    """Facts about one word as strings, from which features of several neighbouring words are made.

    `word` is the word in lowercase, and `shape` says how it is written, such as `Aa` for Kyiv. From
    large collections of texts are `cluster`, a group of words that are used alike, `groups`, lists
    with the word (city …), and `usual_label` (person …). All are "" for the beginning or end of a
    sentence.
    """

    word: str = ""
    cluster: str = ""
    groups: str = ""
    usual_label: str = ""
    shape: str = ""


def traits(word: str, entry: LexiconEntry) -> WordTraits:
    """Return facts about one word as strings, from which features of several neighbouring words are
    made.

    `entry` is what large collections of texts show of the word. An empty `word` stands for the
    beginning or end of a sentence, of which all facts are "".
    """
    if not word:
        return WordTraits()
    groups = "+".join(entry.groups)
    return WordTraits(word.lower(), str(entry.cluster), groups, entry.usual_label, shape(word))


def combinations(window: Sequence[WordTraits]) -> list[str]:
    """Return the names of features that combine several words, for labelling a word as person, no
    name and so on. `window` has that word in the middle, between two words before and two after it.

    Only the slower, more accurate model uses them; the fast one scores words one by one.
    """
    features = ["5=" + " ".join(word.shape for word in window)]
    for name, before, here, after in zip("wcgks", *window[1:4], strict=True):
        features += [f"<{name}={before}|{here}", f">{name}={here}|{after}"]
        features.append(f"^{name}={before}|{after}")
    return features
