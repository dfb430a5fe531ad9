"""Label the blocks of a page by whether they belong to its gold text, for training."""

import re
from bisect import bisect_left
from itertools import pairwise

from worker.clean.page.blocks import BREAK

_WORD = re.compile(r"\w+")
_ANCHOR_WORDS = 6  # a block this long is found by its words alone, shorter ones by place too
_SHINGLE = 4


def words(text: str) -> list[str]:
    return _WORD.findall(text.replace(BREAK, " ").lower())


def label(texts: list[str], gold: str) -> list[float]:
    """The share of each block's words that the gold text holds, in the gold text's order.

    Long blocks are found first; the longest chain of them that both texts have in the same order
    stands. A short block counts only between its neighbours of that chain: "Share" in the article
    does not make every share button part of it.
    """
    gold_words = words(gold)
    places: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(gold_words) - _SHINGLE + 1):
        places.setdefault(tuple(gold_words[at : at + _SHINGLE]), []).append(at)
    split = [words(text) for text in texts]
    found = [_place(own, places) if len(own) >= _ANCHOR_WORDS else None for own in split]
    chain = _longest_chain([(n, at) for n, at in enumerate(found) if at is not None])
    labels = [0.0] * len(texts)
    gaps = [(-1, 0), *chain, (len(texts), len(gold_words))]
    for number, _ in chain:
        labels[number] = _share(split[number], places)
    for (before, low), (after, high) in pairwise(gaps):
        low += len(split[before]) if before >= 0 else 0
        at = low
        for number in range(before + 1, after):
            own = split[number]
            if own and (place := _find(gold_words, own, at, high)) is not None:
                labels[number] = 1.0
                at = place + len(own)
    return labels


def _place(own: list[str], places: dict[tuple[str, ...], list[int]]) -> int | None:
    """Where a block stands in the gold text: where most of its first shingles say."""
    votes: dict[int, int] = {}
    for at in range(len(own) - _SHINGLE + 1):
        for place in places.get(tuple(own[at : at + _SHINGLE]), ())[:5]:
            start = (place - at) // 8
            votes[start] = votes.get(start, 0) + 1
    if not votes or sum(votes.values()) < 0.3 * (len(own) - _SHINGLE + 1):
        return None
    return max(votes, key=lambda start: (votes[start], -start)) * 8


def _share(own: list[str], places: dict[tuple[str, ...], list[int]]) -> float:
    count = len(own) - _SHINGLE + 1
    return sum(tuple(own[at : at + _SHINGLE]) in places for at in range(count)) / count


def _longest_chain(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most blocks whose places in the gold text grow; small steps back are rounding."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (_, place) in enumerate(found):
        at = bisect_left(tails, place + 8)
        previous.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [place + 8]
        ends[at : at + 1] = [index]
    chain, index = [], ends[-1] if ends else -1
    while index >= 0:
        chain.append(found[index])
        index = previous[index]
    return chain[::-1]


def _find(gold: list[str], own: list[str], low: int, high: int) -> int | None:
    """The first place of these words in gold[low:high]; a few words of slack for rounding."""
    for at in range(max(0, low - 8), min(high + 8, len(gold)) - len(own) + 1):
        if gold[at] == own[0] and gold[at : at + len(own)] == own:
            return at
    return None
