"""Look up what large collections of texts show of a word, as a help to find names. This knowledge
is called the lexicon of the model.

It says which words are used alike (a cluster), whether a word is in a list of countries, cities and
so on, how often it is written in lowercase, and its commonest label (person …).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import HashedKeys, KeyTable, ModelArrays, crc
from worker.tag.entities.word_features import LexiconEntry

LexiconColumn = NDArray[np.int16]


class LexiconRows(NamedTuple):
    """What the lexicon, a table of facts from large collections of texts, says of several words.

    Each field is an array with one number per word; -1 is unknown. `clusters` are numbers of groups
    of words that are used alike, `groups` those of sets of word lists (cities …) with the word, and
    `usual_labels` those of its usual label (person …). `lower` says how often it is in lowercase,
    from 0 (hardly ever) to 4 (nearly always).
    """

    clusters: LexiconColumn
    groups: LexiconColumn  # index of the set of groups
    lower: LexiconColumn  # share of lowercase uses, in quarters
    usual_labels: LexiconColumn


class Lexicon:
    """Looks up facts about words that come from large collections of texts, as a help to find
    names.

    These are: which words are used alike, which are in lists of countries, cities and so on, how
    often they are in lowercase, and their usual labels (person …). look_up() returns them as
    numbers; `groups` and `usual_labels` are lists of the names that belong to the numbers.
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
        """Return facts about several words from large collections of texts, such as their usual
        labels.

        `lowered` are the CRC-32 of the words in lowercase, and `forms` those of the words as
        written. The usual label (person …) is looked up by the latter, all else by the former.
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
        """Return facts about one word from large collections of texts, such as its usual label
        (person …).

        Labels and lists of words are given by name, not by the number that the model's file has for
        them.
        """
        cluster, groups, lower, label = (
            int(column[0]) for column in self.look_up([crc(word.lower())], [crc(word)])
        )
        return LexiconEntry(cluster, self.groups[groups], lower, self.usual_labels[label])
