"""The lexicon: words come in, what is known of them goes out. No strings are kept: a word is found
by the CRC of its spelling."""

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import Arrays, Keys, Wanted, crc
from worker.tag.entities.word_features import Entry

Facts = NDArray[np.int16]


class Lexicon:
    """What is known of words, each fact as a number from 0 on; what is unknown comes last."""

    def __init__(self, arrays: Arrays) -> None:
        self._words = Keys(arrays["words"])
        self._forms = Keys(arrays["known"])
        self.groups = [*(tuple(str(s).split()) for s in arrays["group_sets"]), ()]
        self.known = [*(str(s) for s in arrays["known_names"]), ""]
        facts = [arrays[name].astype(np.int16) for name in ("clusters", "groups", "lower")]
        self._facts = np.pad(np.stack(facts, 1), ((0, 1), (0, 0)), constant_values=-1)
        self._known_as = np.append(arrays["known_as"].astype(np.int16), np.int16(-1))
        self.clusters = int(facts[0].max()) + 1

    def about(self, small: Wanted, forms: Wanted) -> tuple[Facts, Facts, Facts, Facts]:
        """Cluster, set of groups, share of small letters, what a form mostly was; -1: unknown.
        Words are given in small letters and as they are."""
        clusters, groups, lower = self._facts.take(self._words.rows(small), 0, mode="wrap").T
        return clusters, groups, lower, self._known_as[self._forms.rows(forms)]

    def lower(self, word: str) -> int:
        """How often a word is written small, in quarters; -1 when unknown."""
        return int(self._facts[self._words.row(crc(word.lower())), 2])

    def entry(self, word: str) -> Entry:
        cluster, groups, lower, known = (
            int(fact[0]) for fact in self.about([crc(word.lower())], [crc(word)])
        )
        return Entry(cluster, self.groups[groups], lower, self.known[known])
