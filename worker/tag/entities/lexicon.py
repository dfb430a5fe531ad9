"""The lexicon of a model of names: what large corpora show of each word.

It knows which words have a similar use (a cluster), in which gazetteer lists a word is (country,
city …), how often it is in lowercase, and its commonest label (person …). It finds a word by its
CRC-32.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import HashedKeys, KeyTable, ModelArrays, crc
from worker.tag.entities.word_features import LexiconEntry

LexiconColumn = NDArray[np.int16]


class LexiconRows(NamedTuple):
    """What the lexicon knows of several words: one array per property, with a number for each word.

    `clusters` has numbers of groups of similar words, `groups` numbers of sets of gazetteer lists
    (country, city …), `usual_labels` numbers of labels (person …). `lower` says how often the word
    is in lowercase, from 0 (hardly ever) to 4 (nearly always). -1 stands for unknown.
    """

    clusters: LexiconColumn
    groups: LexiconColumn  # index of the set of groups
    lower: LexiconColumn  # share of lowercase uses, in quarters
    usual_labels: LexiconColumn


class Lexicon:
    """Looks up what large corpora show of words: clusters of similar words, gazetteer lists
    (country, city …), how often they are in lowercase, and usual labels (person …).

    The model file has numbers for the sets of gazetteer lists and for the labels. These numbers are
    indexes in the lists `groups` and `usual_labels`, which have the names.
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
        """Return what the lexicon knows of some words: clusters, gazetteer lists, letter case and
        labels.

        `lowered` has the CRC-32 of each word in lowercase, and `forms` that of each word as
        written. Only the usual label of a word depends on its letter case.
        """
        clusters, groups, lower = self._columns.take(self._words.rows(lowered), 0, mode="wrap").T
        usual_labels = self._usual_label_of[self._forms.rows(forms)]
        return LexiconRows(clusters, groups, lower, usual_labels)

    def lower(self, word: str) -> int:
        """How often a word is written in lowercase in a large corpus, from 0 (hardly ever) to 4
        (nearly always).

        -1 if the lexicon does not know that.
        """
        return int(self._columns[self._words.row(crc(word.lower())), 2])

    def entry(self, word: str) -> LexiconEntry:
        """Return what the lexicon knows of one word, with names in place of the stored numbers."""
        cluster, groups, lower, label = (
            int(column[0]) for column in self.look_up([crc(word.lower())], [crc(word)])
        )
        return LexiconEntry(cluster, self.groups[groups], lower, self.usual_labels[label])
