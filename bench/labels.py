"""Label the blocks of a page by whether they belong to its gold text, for training."""

import re
from bisect import bisect_left
from itertools import pairwise

from worker.clean.page.blocks import BREAK

_WORD = re.compile(r"\w+")
_ANCHOR_WORDS = 6  # blocks of at least this length are matched regardless of their neighbours
_SHINGLE = 4


def words(text: str) -> list[str]:
    return _WORD.findall(text.replace(BREAK, " ").lower())


def label(texts: list[str], gold: str) -> list[float]:
    """Return for each block the share of its words that is in the gold text, from 0 to 1.

    Long blocks are located in the gold text first. Of these, the longest chain is kept that is in
    the same order in both texts. A short block counts only if it is in the gold text between its
    neighbours in that chain, so the word "Share" in an article does not label each share button.
    """
    gold_words = words(gold)
    positions: dict[tuple[str, ...], list[int]] = {}
    for position in range(len(gold_words) - _SHINGLE + 1):
        positions.setdefault(tuple(gold_words[position : position + _SHINGLE]), []).append(position)
    split = [words(text) for text in texts]
    anchors = [
        _position(block_words, positions) if len(block_words) >= _ANCHOR_WORDS else None
        for block_words in split
    ]
    chain = _longest_chain(
        [(n, position) for n, position in enumerate(anchors) if position is not None]
    )
    labels = [0.0] * len(texts)
    gaps = [(-1, 0), *chain, (len(texts), len(gold_words))]
    for number, _ in chain:
        labels[number] = _share(split[number], positions)
    for (before, low), (after, high) in pairwise(gaps):
        low += len(split[before]) if before >= 0 else 0
        position = low
        for number in range(before + 1, after):
            block_words = split[number]
            if (
                block_words
                and (match_at := _find(gold_words, block_words, position, high)) is not None
            ):
                labels[number] = 1.0
                position = match_at + len(block_words)
    return labels


def _position(block_words: list[str], positions: dict[tuple[str, ...], list[int]]) -> int | None:
    """The position of a block in the gold text by a vote of its shingles, rounded to 8 words.

    None if fewer than 30 % of the shingles are found.
    """
    votes: dict[int, int] = {}
    for at in range(len(block_words) - _SHINGLE + 1):
        for position in positions.get(tuple(block_words[at : at + _SHINGLE]), ())[:5]:
            start = (position - at) // 8
            votes[start] = votes.get(start, 0) + 1
    if not votes or sum(votes.values()) < 0.3 * (len(block_words) - _SHINGLE + 1):
        return None
    return max(votes, key=lambda start: (votes[start], -start)) * 8


def _share(own: list[str], positions: dict[tuple[str, ...], list[int]]) -> float:
    count = len(own) - _SHINGLE + 1
    return sum(tuple(own[at : at + _SHINGLE]) in positions for at in range(count)) / count


def _longest_chain(anchors: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence of ascending positions, with some tolerance because of rounding."""
    tails: list[int] = []
    last_indexes: list[int] = []
    previous: list[int] = []
    for index, (_, position) in enumerate(anchors):
        at = bisect_left(tails, position + 8)
        previous.append(last_indexes[at - 1] if at else -1)
        tails[at : at + 1] = [position + 8]
        last_indexes[at : at + 1] = [index]
    chain, index = [], last_indexes[-1] if last_indexes else -1
    while index >= 0:
        chain.append(anchors[index])
        index = previous[index]
    return chain[::-1]


def _find(gold: list[str], own: list[str], low: int, high: int) -> int | None:
    """The first position of these words in gold[low:high], with eight words of tolerance."""
    for at in range(max(0, low - 8), min(high + 8, len(gold)) - len(own) + 1):
        if gold[at] == own[0] and gold[at : at + len(own)] == own:
            return at
    return None
