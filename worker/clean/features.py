"""Blocks come in, one column of figures a feature goes out: what a block says, where it stands.

Columns instead of rows: text is counted in one array of all its characters, holders by running
sums, so that a page costs a few hundred array operations and none a block.
"""

import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.clean.blocks import CUSTOM, TAGS, Blocks, Holders
from worker.clean.characters import Floats, Ints, Text, phrase_columns, read_text, text_columns
from worker.clean.naming import KINDS as NAME_KINDS
from worker.clean.naming import Naming

_NOT_WORD = re.compile(r"[\W_]+")
OWN = 34  # features at the start that say what a block is and where, not what holds it
_LEVELS = 4  # holders looked at above a block, each larger than the one before
_SHIFTS = (1, 2, -1, -2)
_AROUND = 5  # blocks before and after that make a window
_SIGNIFICANT = (
    "nav footer header aside form figure figcaption table li ul article main blockquote section "
    "details address".split()
)
_TAG_BITS = np.zeros(CUSTOM + 1, dtype=np.int64)
for _bit, _name in enumerate(_SIGNIFICANT):
    _TAG_BITS[TAGS[_name]] = 1 << _bit
_HEADINGS = np.zeros(CUSTOM + 1, dtype=bool)
_HEADINGS[[TAGS[f"h{level}"] for level in range(1, 7)]] = True


class Page(NamedTuple):
    """What features are made of, and what they share."""

    blocks: Blocks
    tags: Ints
    held_by: Ints
    text: Text
    links: Floats  # share of a block's characters that are links
    prose: Floats  # characters of blocks that read like paragraphs
    larger: list[Ints]  # holders of each block, innermost first, each larger than the one before


def features(blocks: Blocks, title: str, anchor: str, naming: Naming) -> Floats:
    """One row a feature, one column a block. `anchor` is the body the page itself declares."""
    page = _page(blocks)
    hidden = np.array(blocks.holders.hidden, dtype=bool)[page.held_by]
    named, name_score = _names(page, naming)
    spoken = phrase_columns(blocks.texts)
    told = text_columns(page.text)
    heading = _HEADINGS[page.tags].astype(np.float32)
    own = [page.tags, heading, page.links, blocks.links]
    columns = [
        *told,
        *own,
        *_place_columns(page, title, spoken),
        _anchored(page, anchor),
        hidden,
        np.full(len(hidden), page.prose[hidden].sum() / max(page.prose.sum(), 1)),
        *named,
        *spoken,
        *_holder_columns(page),
        *_neighbours(page, [told[0], page.links, name_score, told[2], heading, spoken[-1]]),
    ]
    return np.array(columns, dtype=np.float32)


def _page(blocks: Blocks) -> Page:
    holders = blocks.holders
    held_by = np.array(blocks.held_by, dtype=np.int64)
    tags = np.array(holders.tags, dtype=np.int64)[held_by]
    text = read_text(blocks.texts)
    links = (np.array(blocks.link_chars) / text.sizes).astype(np.float32)
    reads = (tags == TAGS["p"]) | ((text.sizes > 80) & (links < 0.3))
    prose = np.where(reads, text.sizes, 0).astype(np.float32)
    up = wider(holders)
    larger = [held_by]
    while len(larger) < _LEVELS:
        larger.append(up[larger[-1]])
    return Page(blocks, tags, held_by, text, links, prose, larger)


def wider(holders: Holders) -> Ints:
    """For each holder the nearest one around it that holds more blocks, or the body."""
    first, stop, parents = holders.first, holders.stop, holders.parents
    up = [0]
    for at in range(1, len(parents)):
        parent = parents[at]
        same = first[parent] == first[at] and stop[parent] == stop[at]
        up.append(up[parent] if same else parent)
    return np.array(up, dtype=np.int64)


def _names(page: Page, naming: Naming) -> tuple[list[Floats], Floats]:
    """What the names of a block's holders say: nearest ones, worst, best, and kinds."""
    h = page.blocks.holders
    read = [naming.read(name) for name in h.names]
    bits = _TAG_BITS[h.tags].tolist()
    total, worst, best, kinds, tags = [0.0], [0.0], [0.0], [0], [0]
    for up, (low, high, kind), bit in zip(h.parents[1:], read[1:], bits[1:], strict=True):
        total.append(total[up] + low + high)
        worst.append(min(worst[up], low))
        best.append(max(best[up], high))
        kinds.append(kinds[up] | kind)
        tags.append(tags[up] | bit)
    lows, highs = np.array([r[:2] for r in read], dtype=np.float32).T
    own_kinds = np.array([r[2] for r in read], dtype=np.int64)
    parents = np.array(h.parents, dtype=np.int64)
    block = page.held_by
    levels = [block, parents[block], parents[parents[block]]]
    near = own_kinds[levels[0]] | own_kinds[levels[1]] | own_kinds[levels[2]]
    score = np.array(total, dtype=np.float32)[block]
    columns = [column[level] for level in levels for column in (lows, highs)]
    columns += [score, np.array(worst, np.float32)[block], np.array(best, np.float32)[block]]
    columns += [np.array(h.depths)[block]]
    columns += _bits(np.array(kinds, dtype=np.int64)[block], len(NAME_KINDS))
    columns += _bits(near, len(NAME_KINDS))
    columns += _bits(np.array(tags, dtype=np.int64)[block], len(_SIGNIFICANT))
    return columns, score


def _bits(masks: Ints, count: int) -> list[Floats]:
    return [((masks >> bit) & 1).astype(np.float32) for bit in range(count)]


def _holder_columns(page: Page) -> list[Floats]:
    """Of each larger holder: its share of the page's text and prose, links, blocks, repetition."""
    h, sizes = page.blocks.holders, page.text.sizes
    first, stop = np.array(h.first), np.array(h.stop)

    def over(values: NDArray[np.float64] | Ints | Floats) -> NDArray[np.float64]:
        running = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
        return np.asarray(running[stop] - running[first])

    chars, prose = over(sizes), over(page.prose)
    linked = over(page.links * sizes) / np.maximum(chars, 1)
    held = (stop - first).astype(np.float64)
    keys = list(zip(h.tags, h.names, strict=True))
    repeated = np.array([*map(Counter(keys).__getitem__, keys)], dtype=np.float64)
    tags = np.array(h.tags, dtype=np.float64)
    columns = []
    for holder in page.larger:
        columns += [
            prose[holder] / max(prose[0], 1),
            chars[holder] / chars[0],
            linked[holder],
            held[holder],
            prose[holder] / np.maximum(chars[holder], 1),
            repeated[holder],
            tags[holder],
        ]
    whole = np.ones(len(sizes))
    columns += [whole * held[0], whole * chars[0], whole * prose[0] / chars[0], whole * linked[0]]
    return columns


def _place_columns(page: Page, title: str, phrases: Floats) -> list[Floats]:
    """Where a block stands on the page, after which heading, and how far from the title's."""
    sizes, count = page.text.sizes, len(page.text.sizes)
    order = np.arange(count)
    ends = np.cumsum(sizes)
    heading = _HEADINGS[page.tags]
    last = np.maximum.accumulate(np.where(heading, order, -1))
    likeness = _likeness(page, title)
    top = int(likeness.argmax()) if count and likeness.max() > 0.3 else -1
    under = [np.where(last >= 0, kind[last], 0) for kind in phrases[[0, 1, 5, 9]]]
    seen = Counter(page.blocks.texts)
    prose = np.cumsum(page.prose, dtype=np.float64)
    return [
        (column).astype(np.float32)
        for column in (
            order / count,
            ends / ends[-1],
            prose / max(prose[-1], 1),
            order - last,
            np.where(last >= 0, page.tags[last], -1),
            *under,
            likeness,
            order - top if top >= 0 else np.full(count, 999),
            (ends - ends[top]) / ends[-1] if top >= 0 else np.full(count, 2),
            np.array([*map(seen.__getitem__, page.blocks.texts)]),
        )
    ]


def _likeness(page: Page, title: str) -> Floats:
    """Words that a heading shares with the page's title, of all words of both."""
    words = set(title.lower().split())
    found = np.zeros(len(page.tags), dtype=np.float32)
    if words:
        for at in np.flatnonzero(_HEADINGS[page.tags]):
            own = set(page.blocks.texts[at].lower().split())
            found[at] = len(own & words) / max(1, len(own))
    return found


def shifted(column: Floats, by: int) -> Floats:
    """The column as the block `by` places on sees it; -1 beyond the ends."""
    moved = np.full(len(column), -1, dtype=np.float32)
    if by > 0:
        moved[by:] = column[:-by]
    else:
        moved[:by] = column[-by:]
    return moved


def _neighbours(page: Page, columns: list[Floats]) -> list[NDArray[np.floating[Any]]]:
    count = len(page.tags)
    around: list[NDArray[np.floating[Any]]] = [
        shifted(column, by) for column in columns for by in _SHIFTS
    ]
    sizes = page.text.sizes.astype(np.float64)
    low = np.maximum(np.arange(count) - _AROUND, 0)
    high = np.minimum(np.arange(count) + _AROUND + 1, count)

    def window(values: NDArray[np.float64]) -> NDArray[np.float64]:
        running = np.concatenate(([0.0], np.cumsum(values)))
        return np.asarray(running[high] - running[low])

    text = window(sizes)
    around += [
        text,
        window(sizes * page.links) / text,
        window(page.prose.astype(np.float64)) / text,
    ]
    return around


def _anchored(page: Page, anchor: str) -> Floats:
    """Whether the body that the page declares has this block; -1 where it declares none."""
    if not anchor:
        return np.full(len(page.tags), -1, dtype=np.float32)
    squeezed = _squeezed(anchor)
    return np.array(
        [_squeezed(text[:120])[:60] in squeezed for text in page.blocks.texts], np.float32
    )


def _squeezed(text: str) -> str:
    return _NOT_WORD.sub("", text.casefold())
