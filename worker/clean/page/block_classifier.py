"""Decide for each text block of a page (a passage such as a paragraph or heading) whether it is
part of the article.

Two trained forests of decision trees do this. The first computes a probability from the block
itself and its place in the page, the second also from the first one's probabilities for the blocks
around it.
"""

import io
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from worker.clean.page.article_structure import arrange
from worker.clean.page.block_features import features, holder_columns
from worker.clean.page.block_text import text_of
from worker.clean.page.blocks import Blocks, read_blocks
from worker.clean.page.character_features import Floats
from worker.clean.page.class_names import ClassNameScores
from worker.clean.page.forest import Forest, probabilities, read_forest
from worker.clean.page.neighbour_features import second_features

_HOPELESS = 0.03  # probability; such blocks are not classified by the second forest
_KEPT = 0.5  # probability; from .35 to .5 F1 is level on sites not trained on, precision grows


class BlockWeights(NamedTuple):
    """What the classifier that finds the article on a page learned in training.

    `class_scores` says how likely article text is in elements with class names such as "sidebar".
    `first` and `second` are two forests of decision trees; the second reads the results of the
    first.
    """

    class_scores: ClassNameScores
    first: Forest
    second: Forest


class ClassifiedText(NamedTuple):
    """The text that the classifier takes for the article of a page, and how unsure it is of this
    choice.

    `doubt` is 0 if the classifier is sure of each passage of the page, whether it belongs to the
    article or not. It grows with the length of the passages of which it is unsure.
    """

    text: str
    doubt: float  # sum of characters * p * (1 - p) over all blocks, per character kept


NO_TEXT = ClassifiedText("", 1.0)


def classify_blocks(tree: LexborHTMLParser, weights: BlockWeights) -> ClassifiedText:
    """Extract the text of the article from a page. A classifier decides which text blocks (passages
    such as paragraphs) belong to the article, and the choice is corrected by the elements around
    them.

    Returns the text, with each block on lines of its own, and how unsure the classifier is of its
    choice. `weights` are the numbers that the classifier learned in training.
    """
    blocks = read_blocks(tree)
    if not blocks.texts:
        return NO_TEXT
    probability = probabilities_of(blocks, title_of(tree), weights)
    kept = probability >= _KEPT
    sizes = np.array([len(text) for text in blocks.texts])
    doubt = float((sizes * probability * (1 - probability)).sum() / max(1, sizes[kept].sum()))
    chosen = arrange(blocks, np.flatnonzero(kept).tolist(), probability)
    return ClassifiedText(text_of(blocks, chosen), doubt)


def probabilities_of(blocks: Blocks, title: str, weights: BlockWeights) -> Floats:
    """Compute for each text block (passage) of a page the probability from 0 to 1 that it is part
    of the article.

    `title` is the text of the page's <title>, with which headings are compared; `weights` are what
    the classifier learned in training.
    """
    holders = holder_columns(blocks)
    matrix = features(blocks, holders, title, weights.class_scores)
    probability = probabilities(weights.first, matrix)
    open_ = np.flatnonzero(probability > _HOPELESS)
    second_matrix = second_features(holders, matrix, probability)[:, open_]
    probability[open_] = probabilities(weights.second, second_matrix)
    return probability


def title_of(tree: LexborHTMLParser) -> str:
    """Return the text of a page's <title> element, "" if it has none."""
    title = tree.css_first("title")
    return title.text() if title else ""


@cache
def shipped_weights() -> BlockWeights:
    """Return the trained weights of the block classifier (numbers it learned) that come with this
    package. Their file is read once per process."""
    return read_weights(files("worker.clean").joinpath("weights", "blocks.npz").read_bytes())


def read_weights(stored: bytes) -> BlockWeights:
    """Read the weights of the block classifier (numbers it learned in training) from the bytes of
    an .npz file, as training writes it."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        tokens = bytes(arrays["tokens"]).decode().split("\n")
        scores = dict(zip(tokens, arrays["scores"].astype(float).tolist(), strict=True))
        first, second = (read_forest(arrays, prefix) for prefix in ("first", "second"))
        return BlockWeights(ClassNameScores(scores), first, second)
