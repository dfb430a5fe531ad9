"""Print pairs of similar texts of a corpus for labelling by hand, spread evenly over similarity.

    python -m bench.pairs DATA fnc1|reuters [--pairs 200] > pairs.txt

Similarity is containment: the exact share of the shorter text's 4-word shingles that are also in
the longer text. The labels are in bench/labels; they were assigned before any verdict of the worker
was seen.
"""

import argparse
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from pathlib import Path

from devtools.news_corpora import Text, fnc1, reuters

_BOUNDS = (0.08, 0.15, 0.22, 0.3, 0.4, 0.5, 0.65, 0.85, 0.999)
_MOST_HOLDERS = 60  # shingles of more texts than this are ignored
_SERIES = 0.25  # maximum share of pairs of results of two companies, which are easy to label
_WORD = re.compile(r"\w+")


def shingles(text: str, width: int = 4) -> set[int]:
    words = _WORD.findall(text.lower())
    return {hash(tuple(words[n : n + width])) for n in range(len(words) - width + 1)}


def similar_pairs(texts: Sequence[Text]) -> dict[tuple[int, int], float]:
    """Containment of all pairs that share at least one shingle in fifty."""
    sets = [shingles(text.text) for text in texts]
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for number, text_shingles in enumerate(sets):
        for shingle in text_shingles:
            holders[shingle].append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for numbers in holders.values():
        if len(numbers) <= _MOST_HOLDERS:
            shared.update(combinations(numbers, 2))
    return {
        pair: count / fewer
        for pair, count in shared.items()
        if (fewer := min(len(sets[pair[0]]), len(sets[pair[1]]))) and count > fewer / 50
    }


def sample(
    texts: Sequence[Text], pairs: dict[tuple[int, int], float], most: int, seed: int
) -> list[tuple[Text, Text, float]]:
    """Draw equally many pairs from each interval between two bounds; each text at most twice."""
    rng = random.Random(seed)
    strata = [
        [(a, b, share) for (a, b), share in sorted(pairs.items()) if low <= share < high]
        for low, high in pairwise(_BOUNDS)
    ]
    taken: list[tuple[Text, Text, float]] = []
    used: Counter[int] = Counter()
    series = 0
    for stratum in strata:
        rng.shuffle(stratum)
        quota = (most - len(taken)) // (len(strata) - strata.index(stratum))
        for a, b, share in stratum:
            company = bool(texts[a].tickers and texts[b].tickers - texts[a].tickers)
            if used[a] > 1 or used[b] > 1 or (company and series >= _SERIES * most):
                continue
            if not quota:
                break
            quota, series = quota - 1, series + company
            used.update((a, b))
            taken.append((texts[a], texts[b], share))
    return taken


def format_pairs(pairs: Iterable[tuple[Text, Text, float]]) -> str:
    parts = []
    for number, (a, b, _) in enumerate(pairs, 1):
        rows = [f"## {number}  {a.id} | {b.id}  {a.day} | {b.day}"]
        rows += [f"[{t.title}] {len(t.text.split())} words\n{t.text}" for t in (a, b)]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("corpus", choices=("fnc1", "reuters"))
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    texts = (fnc1 if options.corpus == "fnc1" else reuters)(options.data)
    print(format_pairs(sample(texts, similar_pairs(texts), options.pairs, options.seed)))


if __name__ == "__main__":
    main()
