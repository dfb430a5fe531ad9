"""Classify the text blocks of a page, and return the text of its article with a measure of doubt.

One walk over the tree collects the blocks. Two forests classify each block: the first by the block
and its position, the second also by the first forest's results for the blocks around it.
"""

import io
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from worker.clean.page.block_features import features, larger_holders
from worker.clean.page.blocks import BREAK, TAGS, Blocks, read_blocks
from worker.clean.page.character_features import Floats
from worker.clean.page.class_names import ClassNameScores
from worker.clean.page.forest import Forest, probabilities, read_forest
from worker.clean.page.neighbour_features import second_features

_HOPELESS = 0.03  # probability; such blocks are not classified by the second forest
_KEPT = 0.5  # probability; from .35 to .5 F1 is level on sites not trained on, precision grows
_NEVER = frozenset(TAGS[name] for name in ("figcaption", "caption"))
_CELLS = frozenset(TAGS[name] for name in ("td", "th"))


class BlockWeights(NamedTuple):
    """Everything that training learned: scores of class names, and two forests."""

    class_scores: ClassNameScores
    first: Forest
    second: Forest


class ClassifiedText(NamedTuple):
    """The text of the blocks that were kept, and the doubt about them."""

    text: str
    doubt: float  # sum of characters * p * (1 - p) over all blocks, per character kept


NO_TEXT = ClassifiedText("", 1.0)


def classify_blocks(tree: LexborHTMLParser, weights: BlockWeights) -> ClassifiedText:
    """The text of the article, one line per paragraph, heading, list item or table row."""
    blocks = read_blocks(tree)
    if not blocks.texts:
        return NO_TEXT
    probability = probabilities_of(blocks, title_of(tree), weights)
    kept = probability >= _KEPT
    sizes = np.array([len(text) for text in blocks.texts])
    doubt = float((sizes * probability * (1 - probability)).sum() / max(1, sizes[kept].sum()))
    return ClassifiedText(lines(blocks, np.flatnonzero(kept).tolist()), doubt)


def probabilities_of(blocks: Blocks, title: str, weights: BlockWeights) -> Floats:
    """For each block the probability that it is part of the article."""
    larger = larger_holders(blocks)
    matrix = features(blocks, larger, title, weights.class_scores)
    probability = probabilities(weights.first, matrix)
    open_ = np.flatnonzero(probability > _HOPELESS)
    second_matrix = second_features(blocks, larger, matrix, probability)[:, open_]
    probability[open_] = probabilities(weights.second, second_matrix)
    return probability


def title_of(tree: LexborHTMLParser) -> str:
    """The text of the <title> element, "" without one."""
    title = tree.css_first("title")
    return title.text() if title else ""


def lines(blocks: Blocks, kept: Sequence[int]) -> str:
    """Join the texts of the blocks at these indexes, without captions; a table row is one line."""
    holders = blocks.holders
    parts: list[str] = []
    row_before = -1
    for at in kept:
        held_by = blocks.held_by[at]
        tag = holders.tags[held_by]
        if tag in _NEVER:
            continue
        row = holders.parents[held_by] if tag in _CELLS else -1
        parts += (" " if 0 <= row == row_before else "\n", blocks.texts[at].replace(BREAK, "\n"))
        row_before = row
    return "".join(parts[1:])


@cache
def shipped_weights() -> BlockWeights:
    """The weights in this package."""
    return read_weights(files("worker.clean").joinpath("weights", "blocks.npz").read_bytes())


def read_weights(stored: bytes) -> BlockWeights:
    """Read weights from the bytes of an .npz file."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        tokens = bytes(arrays["tokens"]).decode().split("\n")
        scores = dict(zip(tokens, arrays["scores"].astype(float).tolist(), strict=True))
        first, second = (read_forest(arrays, prefix) for prefix in ("first", "second"))
        return BlockWeights(ClassNameScores(scores), first, second)
