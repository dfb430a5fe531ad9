"""The lexicon of a model of names: what is known of each word, found by the word's CRC-32.

It has a word's cluster (of similar words), gazetteer groups, case and usual label; see
LexiconEntry.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import HashedKeys, KeyTable, ModelArrays, crc
from worker.tag.entities.word_features import LexiconEntry

LexiconColumn = NDArray[np.int16]


class LexiconRows(NamedTuple):
    """The lexicon entries of some words as one array per property; -1 stands for unknown."""

    clusters: LexiconColumn
    groups: LexiconColumn  # index of the set of groups
    lower: LexiconColumn  # share of lowercase uses, in quarters
    usual_labels: LexiconColumn


class Lexicon:
    """Finds what the lexicon knows of words: their clusters, groups, letter case and usual labels.

    Its arrays hold numbers: of a cluster, or the index of an item in the lists `groups` and
    `usual_labels`. Each array and list ends with an entry for the words that the lexicon lacks, so
    the number -1 leads to that entry.
    """

    def __init__(self, arrays: ModelArrays) -> None:
        self._words = KeyTable(arrays["words"])
        self._forms = KeyTable(arrays["known"])
        self.groups = [*(tuple(str(s).split()) for s in arrays["group_sets"]), ()]
        self.usual_labels = [*(str(s) for s in arrays["known_names"]), ""]
        columns = [arrays[name].astype(np.int16) for name in ("clusters", "groups", "lower")]
        self._columns = np.pad(np.stack(columns, 1), ((0, 1), (0, 0)), constant_values=-1)
        self._usual_label_of = np.append(arrays["known_as"].astype(np.int16), np.int16(-1))
        self.clusters = int(columns[0].max()) + 1

    def look_up(self, lowered: HashedKeys, forms: HashedKeys) -> LexiconRows:
        """The entries of some words, by the CRC-32 of each in lowercase and of each as written."""
        clusters, groups, lower = self._columns.take(self._words.rows(lowered), 0, mode="wrap").T
        usual_labels = self._usual_label_of[self._forms.rows(forms)]
        return LexiconRows(clusters, groups, lower, usual_labels)

    def lower(self, word: str) -> int:
        """The share of a word's uses in a large corpus that are in lowercase.

        It is in quarters, 0 to 4, or -1 if the lexicon lacks the word or its share.
        """
        return int(self._columns[self._words.row(crc(word.lower())), 2])

    def entry(self, word: str) -> LexiconEntry:
        """The lexicon entry of one word, with the names of its groups and its usual label."""
        cluster, groups, lower, label = (
            int(column[0]) for column in self.look_up([crc(word.lower())], [crc(word)])
        )
        return LexiconEntry(cluster, self.groups[groups], lower, self.usual_labels[label])
