"""Compute numeric features of the text blocks (passages) of a page, by which the block classifier
decides which of them belong to the article.

The features describe the words of a block, its position on the page, and the elements around it.
They are computed for all blocks together, and returned as one array with a row per feature and a
column per block.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.clean.page.blocks import CUSTOM, TAGS, Blocks
from worker.clean.page.character_features import (
    CharacterTable,
    Floats,
    Ints,
    phrase_shares,
    read_text,
    text_columns,
)
from worker.clean.page.class_names import ClassNameScores

OWN = 16  # number of leading features that describe the block and its position, not its holders
_LEVELS = 4  # holders of a block that are used, each larger than the one before
_AROUND = 5  # blocks before and after that make a window
_HEADINGS = np.zeros(CUSTOM + 1, dtype=bool)
_HEADINGS[[TAGS[f"h{level}"] for level in range(1, 7)]] = True
_MAX_HEADING = 300  # characters that are compared with the title
_LIKE_TITLE = 0.3  # share of its words in the title above which a heading is the article's

Column = Floats | Ints | NDArray[np.float64]
Columns = list[Column]
HolderLevels = list[Ints]  # holders of each block, innermost first, each larger than the one before


class HolderColumns(NamedTuple):
    """The elements of a page that hold text blocks (passages), as arrays, from which the features
    of all blocks are computed at once.

    `parents` has the number of the element around each one, `tags` a number for its tag, and
    `kinds` a number that is equal for elements with the same tag and the same names. The blocks in
    an element are those from `first` up to, but without, `stop`. `larger` has four arrays with an
    element for each block: the one that holds it, and the next three around that with ever more
    blocks; where there is none, the body of the page.
    """

    parents: Ints
    tags: Ints
    first: Ints
    stop: Ints
    kinds: Ints
    larger: HolderLevels


class PageColumns(NamedTuple):
    """The text blocks of a page (passages such as paragraphs) as arrays with one entry per block,
    from which the features of the blocks are computed.

    `blocks` are the blocks themselves, `text` their characters. `held_by` has the index in
    `blocks.holders` of the element around each block, `tags` a number for that element's tag, and
    `holders` are all elements with text. `links` is the share of characters in links; `prose` is
    the length of a block that reads like a paragraph, else 0.
    """

    blocks: Blocks
    tags: Ints
    held_by: Ints
    text: CharacterTable
    links: Floats  # share of a block's characters that are links
    prose: Floats  # characters of blocks that read like paragraphs
    holders: HolderColumns


def features(
    blocks: Blocks, holders: HolderColumns, title: str, class_scores: ClassNameScores
) -> Floats:
    """Compute numeric features of the text blocks (passages) of a page, by which a classifier
    decides which of them belong to the article. Returns one row per feature, one column per block.

    `holders` are the elements around the blocks. `title` is the text of the page's <title>.
    `class_scores` says how likely article text is in elements with a certain class name.
    """
    page = _page(blocks, holders)
    hidden = np.array(blocks.holders.hidden, dtype=bool)[page.held_by]
    named = _names(page, class_scores)
    phrases = phrase_shares(blocks.texts)
    columns: Columns = [
        *text_columns(page.text),
        page.tags,
        page.links,
        *_position(page, title),
        np.full(len(hidden), page.prose[hidden].sum() / max(page.prose.sum(), 1)),
        *named,
        phrases,
        *_holders(page),
        *(shifted(column, by) for column in (page.links, named[0]) for by in (1, 2, -1, -2)),
        *(shifted(phrases, by) for by in (-1, -2)),
        *_windows(page),
    ]
    matrix = np.empty((len(columns), len(hidden)), dtype=np.float32)
    for row, column in zip(matrix, columns, strict=True):
        row[:] = column
    return matrix


def _page(blocks: Blocks, holders: HolderColumns) -> PageColumns:
    held_by = holders.larger[0]
    tags = holders.tags[held_by]
    text = read_text(blocks.texts)
    links = (np.array(blocks.link_chars) / text.sizes).astype(np.float32)
    reads = (tags == TAGS["p"]) | ((text.sizes > 80) & (links < 0.3))
    prose = np.where(reads, text.sizes, 0).astype(np.float32)
    return PageColumns(blocks, tags, held_by, text, links, prose, holders)


def holder_columns(blocks: Blocks) -> HolderColumns:
    """Return the elements of a page that hold text blocks as arrays, with four elements around each
    block: the innermost one, and three of its ancestors, each with more blocks than the one before.
    """
    h = blocks.holders
    parents, tags, first, stop = (
        np.array(listed, dtype=np.int64) for listed in (h.parents, h.tags, h.first, h.stop)
    )
    numbers: dict[tuple[int, str], int] = {}
    kinds = [numbers.setdefault(key, len(numbers)) for key in zip(h.tags, h.names, strict=True)]
    same = (first[parents] == first) & (stop[parents] == stop)
    up = _wider(h.parents, same.tolist())
    larger = [np.array(blocks.held_by, dtype=np.int64)]
    while len(larger) < _LEVELS:
        larger.append(up[larger[-1]])
    return HolderColumns(parents, tags, first, stop, np.array(kinds, dtype=np.int64), larger)


def _wider(parents: Sequence[int], same: Sequence[bool]) -> Ints:
    """For each element of a page that holds text, find its nearest ancestor that holds more text
    blocks than the element itself. `same` says which elements hold as many as their parents.

    The body, element 0, has no ancestor, and gets 0.
    """
    up = [0]
    for parent, equal in zip(parents[1:], same[1:], strict=True):
        up.append(up[parent] if equal else parent)
    return np.array(up, dtype=np.int64)


def _names(page: PageColumns, class_scores: ClassNameScores) -> Columns:
    """Compute features from the class names and ids of the elements that hold a block.

    Their scores (see `ClassNameScores`) are summed over all these elements, with the lowest and the
    highest; then come the scores of the three innermost elements.
    """
    h = page.blocks.holders
    meanings = {name: class_scores.read(name) for name in set(h.names)}
    read = [*map(meanings.__getitem__, h.names)]
    total, worst, best = [0.0], [0.0], [0.0]
    for up, (low, high) in zip(h.parents[1:], read[1:], strict=True):
        total.append(total[up] + low + high)
        worst.append(min(worst[up], low))
        best.append(max(best[up], high))
    lows, highs = np.array(read, dtype=np.float32).T
    parents, block = page.holders.parents, page.held_by
    above = parents[block]
    inherited = np.array((total, worst, best), dtype=np.float32)[:, block]
    return [*inherited, lows[block], lows[above], highs[above], lows[parents[above]]]


def _holders(page: PageColumns) -> Columns:
    """Compute features of the four holders of each block: shares of the page's text and of its
    prose, share of text in links, number of blocks, and share of text that is prose.

    For the two innermost also the tag, and how many holders have the same tag and names.
    """
    _, tags, first, stop, kinds, larger = page.holders
    sizes = page.text.sizes

    def over(values: NDArray[np.float64] | Ints | Floats) -> NDArray[np.float64]:
        running = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
        return np.asarray(running[stop] - running[first])

    chars, prose = over(sizes), over(page.prose)
    some = np.maximum(chars, 1)
    linked = over(page.links * sizes) / some
    block_counts = (stop - first).astype(np.float64)
    of_holders = np.array(
        (prose / max(prose[0], 1), chars / chars[0], linked, block_counts, prose / some),
        dtype=np.float32,
    )
    repeated = np.bincount(kinds)[kinds]
    columns: Columns = [row for holder in larger for row in of_holders[:, holder]]
    columns += [column[holder] for holder in larger[:2] for column in (repeated, tags)]
    page_totals = (block_counts[0], chars[0], prose[0] / chars[0], linked[0])
    return columns + [np.full(len(sizes), figure, dtype=np.float32) for figure in page_totals]


def _position(page: PageColumns, title: str) -> Columns:
    """Compute where each block is: on the page, after the last heading, and after the title's
    heading.

    The last of the seven features is how often the text of the block occurs on the page.
    """
    sizes, texts = page.text.sizes, page.blocks.texts
    count = len(sizes)
    order = np.arange(count)
    stops = np.cumsum(sizes)
    last = np.maximum.accumulate(np.where(_HEADINGS[page.tags], order, -1))
    top = _top_heading(page, title)
    seen = Counter(texts)
    prose = np.cumsum(page.prose, dtype=np.float64)
    return [
        order / count,
        stops / stops[-1],
        prose / max(prose[-1], 1),
        order - last,
        order - top if top >= 0 else np.full(count, 999),
        (stops - stops[top]) / stops[-1] if top >= 0 else np.full(count, 2),
        np.array([*map(seen.__getitem__, texts)]),
    ]


def _top_heading(page: PageColumns, title: str) -> int:
    """Find the article's heading: the one with the largest share of its words in the page's title.

    Returns the index of its block, -1 if no heading has more than 30 % of its words in the title.
    """
    words = set(title.lower().split())
    best, heading = _LIKE_TITLE, -1
    for at in np.flatnonzero(_HEADINGS[page.tags]).tolist() if words else ():
        own = set(page.blocks.texts[at][:_MAX_HEADING].lower().split())
        if len(own & words) > best * max(1, len(own)):
            best, heading = len(own & words) / max(1, len(own)), at
    return heading


def shifted(column: Column, by: int) -> Floats:
    """Return for each text block of a page the value of a neighbouring block, to use it as a
    feature.

    `column` has one value per block, in the order of the page. The neighbour is `by` blocks
    earlier, or later if `by` is negative. A block without such a neighbour gets -1.
    """
    moved = np.full(len(column), -1, dtype=np.float32)
    if by > 0:
        moved[by:] = column[:-by]
    else:
        moved[:by] = column[-by:]
    return moved


def _windows(page: PageColumns) -> Columns:
    """Compute features of the window of five blocks before and after each block.

    They are the number of characters in the window, and the shares of them in links and in prose.
    """
    order = np.arange(len(page.tags))
    low = np.maximum(order - _AROUND, 0)
    high = np.minimum(order + _AROUND + 1, len(order))

    def window(values: NDArray[np.float64] | Ints | Floats) -> NDArray[np.float64]:
        running = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
        return np.asarray(running[high] - running[low])

    text = window(page.text.sizes)
    return [text, window(page.text.sizes * page.links) / text, window(page.prose) / text]
