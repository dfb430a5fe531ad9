"""The features of words by which names are recognised, as strings.

The CRF (crf.py), a trained model, labels each word of a text as person, no name and so on. A
feature is something known of that word or of a neighbour, such as its last letters, or that it is a
city. The string also says which neighbour: `0w=kyiv` is the labelled word itself, and `-w=kyiv` the
word before it.
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
    """What large corpora show of one word.

    `cluster` is the number of a group of words with a similar use. `groups` are gazetteer lists
    with the word (country, city …). `lower` says how often it is in lowercase, from 0 (hardly ever)
    to 4 (nearly always). `usual_label` is its commonest label, such as person. -1 and "" stand for
    unknown.
    """

    cluster: int = -1  # of its embedding; -1: unknown
    groups: tuple[str, ...] = ()  # of the gazetteer: country, city, title, orgcue …
    lower: int = -1  # how often it is written in lowercase, in quarters; -1: unknown
    usual_label: str = ""  # the commonest label of the form in a large corpus; "": unknown


def shape(word: str) -> str:
    """The shape of a word, one of SHAPES: its letter case, digits or punctuation mark.

    `Aa` for Kyiv, `AA` for NATO, `A.` for U.S., `d` for digits, `P,` for a comma.
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
    """The kind of a word's shape, as a number: LOWER, TITLE, CAPITALS, MARK or OTHER.

    It is coarser than the shape, so that the kinds of three words in a row can make one feature.
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
    """Values that describe how a word is spelt, such as its first and last letters and its length.

    They are in the order of SPELLING_PREFIXES. Such a prefix and its value make the name of a
    feature: "3=" and "iev" for the last three letters of Kiev. Words without a capital have fewer
    values.
    """
    lower = word.lower()
    suffixes = [lower, lower[-2:], lower[-3:], lower[:3], "12345678"[len(word[:8]) - 1]]
    if is_capital(word_shape):
        suffixes.append(lower[-4:] + word_shape)
        if "-" in word:
            suffixes.append("")
    return suffixes


def lexicon_features(entry: LexiconEntry) -> list[str]:
    """Names of the features that say what large corpora show of a word (see LexiconEntry).

    They are its cluster of similar words, its gazetteer lists (country, city …) and its usual
    label. For unknown ones there is no name.
    """
    features = [f"c={entry.cluster}"] if entry.cluster >= 0 else []
    features += ["g=" + group for group in entry.groups]
    return [*features, "k=" + entry.usual_label] if entry.usual_label else features


def cluster_shape(cluster: int, word_shape: str) -> str:
    """The name of the feature that combines a word's cluster (a group of words with a similar use)
    with its shape, such as `Aa` for Kyiv.

    "" if the word has no such feature, since its cluster is unknown (-1) or it has no capital.
    """
    return f"cs={cluster}{word_shape}" if cluster >= 0 and is_capital(word_shape) else ""


def case_features(word_shape: str, lower: int, start: str = "") -> list[str]:
    """Names of the features that say how a word is written here, and how it usually is.

    `word_shape` is its shape here, such as `Aa` for Kyiv. `lower` says how often it is in lowercase
    in a large corpus, from 0 (hardly ever) to 4 (nearly always); -1 if unknown. `start` is "^" for
    the first word of a sentence, whose capital hardly shows a name.
    """
    features = ["s=" + word_shape + start]
    if is_capital(word_shape):
        features += [f"lo={lower}{start}", f"lo={lower}{word_shape}{start}"]
    return features


def neighbour_case_features(word_shape: str, lower: int) -> list[str]:
    """Names of the features of a word's letter case that help to label the words next to it.

    `word_shape` is its shape, such as `Aa` for Kyiv. `lower` says how often it is in lowercase in a
    large corpus, from 0 (hardly ever) to 4 (nearly always); -1 if unknown.
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
    """Make the names of a word's features for each position in which it may stand to the labelled
    word.

    Returns six tuples of names: for the labelled word itself, first of a sentence (from `here` and
    `start`) or not (`here` and `inside`); for one before and one after it (`near`); for two before
    and two after it (`far`). Each name is a prefix for the position, such as "-" for one before,
    and an item of these arguments; empty items are left out.
    """
    here = [*here]
    neighbours = ("-", near), ("+", near), ("-2", far), ("+2", far)
    positions = ("0", (*here, *start)), ("0", (*here, *inside)), *neighbours
    return tuple(tuple(prefix + name for name in names if name) for prefix, names in positions)


def word_features(word: str, entry: LexiconEntry) -> FeaturesByPosition:
    """The names of all features of a word, from which the model learns to label it and its
    neighbours.

    Returns six tuples, one for each position in which the word may stand to the labelled word: the
    word itself (first of a sentence or not), one before, one after, two before, two after. An empty
    `word` stands for the beginning or end of a sentence.
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
    """The name of the feature that says how a word and its two neighbours are written.

    The arguments are the kinds of the three, such as lowercase or a punctuation mark, as numbers
    from shape_kind(). NONE stands for the beginning or end of a sentence.
    """
    return f"x={before}{here}{after}"


class WordTraits(NamedTuple):
    """What is known of a word, as strings from which features of several words are made.

    `word` is in lowercase, and `shape` says how it is written, such as `Aa` for Kyiv. The others
    are what large corpora show of it (see LexiconEntry). All are "" for the beginning or end of a
    sentence.
    """

    word: str = ""
    cluster: str = ""
    groups: str = ""
    usual_label: str = ""
    shape: str = ""


def traits(word: str, entry: LexiconEntry) -> WordTraits:
    """Return what is known of a word as strings, from which features of several words are made.

    `entry` is what large corpora show of it. All strings are empty if the word is, which then
    stands for the beginning or end of a sentence.
    """
    if not word:
        return WordTraits()
    groups = "+".join(entry.groups)
    return WordTraits(word.lower(), str(entry.cluster), groups, entry.usual_label, shape(word))


def combinations(window: Sequence[WordTraits]) -> list[str]:
    """Return the names of features that combine several words, to label the middle one of five
    words.

    Only the slower and more accurate of the two models of names uses them. The fast model looks up
    scores of single words, so it can't use combinations.
    """
    features = ["5=" + " ".join(word.shape for word in window)]
    for name, before, here, after in zip("wcgks", *window[1:4], strict=True):
        features += [f"<{name}={before}|{here}", f">{name}={here}|{after}"]
        features.append(f"^{name}={before}|{after}")
    return features
