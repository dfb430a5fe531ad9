"""Correct the choice of the text blocks (passages of a page) that form its article, by means of the
elements around the blocks.

A trained classifier has judged each block by itself and its neighbours. Here captions, boxes,
hidden text and repeated text are removed from its choice. Missing items of a list, cells of a table
and entries of a live blog are added.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from worker.clean.page.block_text import CELLS, cell_around
from worker.clean.page.blocks import TAGS, Blocks
from worker.clean.page.character_features import Floats
from worker.clean.page.element_roles import BOX, CAPTION, HIDDEN, LEAD, MAX_CHARS, roles_of
from worker.clean.page.hidden_text import hidden_to_remove
from worker.clean.page.like_blocks import missing_of_groups
from worker.clean.page.live_blog import is_time, live_entries
from worker.clean.page.repeated_text import repeated

_FIGURE = 1 << 20  # inside of a figure, where text is a caption if no other element says what it is
_INHERITED = CAPTION | BOX | HIDDEN
_NO_CAPTIONS = frozenset(TAGS[name] for name in "table blockquote pre ul ol dl".split())
_HEADINGS = frozenset(TAGS[f"h{level}"] for level in range(1, 7))
_LISTS = frozenset(TAGS[name] for name in ("ul", "ol"))
_ITEMS = frozenset(TAGS[name] for name in ("li", "p", "dt", "dd"))
_PASSAGES = frozenset(TAGS[name] for name in "p h2 h3 h4 li blockquote pre".split())
_LEAD_TAGS = frozenset(TAGS[name] for name in ("p", "div", "h2"))
_TABLE, _DL, _ASIDE, _P = (TAGS[name] for name in ("table", "dl", "aside", "p"))
_PRE = TAGS["pre"]
# Elements that give roles to the text in them, or take the role _FIGURE from it.
_SPEAKING = dict.fromkeys(_NO_CAPTIONS, 0) | {
    TAGS["figcaption"]: CAPTION,
    TAGS["caption"]: CAPTION,
    TAGS["figure"]: _FIGURE,
    TAGS["form"]: BOX,
    _ASIDE: BOX,
}

_MAX_GAP = 2  # blocks that were not kept between two that were
_MIN_IN_GAP, _MIN_CODE, _MIN_ITEM_PROBABILITY = 0.1, 0.3, 0.2
_MIN_LIST_KEPT, _MIN_TABLE_KEPT = 0.5, 0.3  # share of its characters
_MAX_TAIL, _MIN_PROSE_CHARS, _MIN_TAIL_PROBABILITY = 3, 80, 0.2
_MIN_SIBLINGS = 3
_TOP = 3  # first blocks of an article
_MAX_ITEM_BLOCKS = 2
_MAX_LINKED = 0.3  # share of characters in links
_MAX_CELL_CHARS, _MIN_PLAIN_CELLS = 200, 0.7
_LEAD_CHARS = range(40, 600)
_MIN_LIKE_PROBABILITY = 0.1
_MIN_LEAD_PROBABILITY, _MAX_LEAD_DISTANCE = 0.05, 12


class Structure(NamedTuple):
    """The text blocks (passages) of a page, together with what the elements around them are.

    `probability` is, for each block, the probability that it belongs to the article. `own` says for
    each element with text, by its class names and ids, whether it is a caption, a box, hidden and
    so on, as bits. `roles` says the same, but includes what the elements around it are.
    """

    blocks: Blocks
    probability: Floats
    own: list[int]
    roles: list[int]

    def linked(self, at: int) -> bool:
        """Whether much of a text block (more than 30 % of its characters) is links. `at` is its
        number."""
        return self.blocks.link_chars[at] > _MAX_LINKED * len(self.blocks.texts[at])

    def superfluous(self, at: int) -> bool:
        """Whether a text block is in a caption, a box beside the article or a hidden element, so
        that it is not added to the article. `at` is the number of the block."""
        return bool(self.roles[self.blocks.held_by[at]] & (CAPTION | BOX | HIDDEN | _FIGURE))


def arrange(blocks: Blocks, kept: Sequence[int], probability: Floats) -> list[int]:
    """Correct which text blocks (passages) of a page form its article, by means of the elements
    around them.

    `kept` are the numbers of the blocks that a classifier chose, and `probability` is, for each
    block of the page, the probability that it belongs to the article. Captions, boxes, hidden and
    repeated text are removed; missing parts of lists, tables and live blogs are added. Returns the
    numbers of the blocks that form the article, in the order of the page.
    """
    if not kept:
        return []
    own = _own_roles(blocks)
    structure = Structure(blocks, probability, own, _inherited(blocks, own, kept))
    chosen = _without_superfluous(structure, kept)
    chosen = _with_missing(structure, chosen)
    entries = live_entries(blocks, own, chosen, structure.superfluous)
    chosen |= entries
    chosen -= repeated(blocks, own, sorted(chosen))
    arranged = _without_last_headings(blocks, sorted(chosen))
    return arranged if entries else _without_first_time(blocks, arranged)


def _own_roles(blocks: Blocks) -> list[int]:
    """The roles of each element by its names. The id of a heading is made from its words."""
    holders = blocks.holders
    roles = {names: roles_of(names[:MAX_CHARS]) for names in set(holders.names)}
    return [
        (roles[names] if tag not in _HEADINGS else 0) | (HIDDEN if hidden else 0)
        for names, tag, hidden in zip(holders.names, holders.tags, holders.hidden, strict=True)
    ]


def _inherited(blocks: Blocks, own: Sequence[int], kept: Collection[int]) -> list[int]:
    """The roles of each element with those of the elements around it.

    An element with more than half of the article is no caption and no box, whatever its name.
    """
    parents, tags, _, _, first, stop = blocks.holders
    sizes = [0] * len(blocks.texts)
    for at in kept:
        sizes[at] = len(blocks.texts[at])
    before = list(accumulate(sizes, initial=0))
    half = before[-1] / 2
    direct = {parents[blocks.held_by[at]] for at in kept}
    roles = [0]
    for number in range(1, len(own)):
        parent, tag = parents[number], tags[number]
        inherited, added = roles[parent], own[number] & _INHERITED
        if tag in _SPEAKING:
            if tag in _NO_CAPTIONS:
                inherited &= ~_FIGURE
            elif tag != _ASIDE or parent not in direct:
                added |= _SPEAKING[tag]
        if added and before[stop[number]] - before[first[number]] > half:
            added &= HIDDEN
        roles.append(inherited | added)
    return roles


def _without_superfluous(structure: Structure, kept: Sequence[int]) -> set[int]:
    """Remove captions, then boxes, then hidden text, each only if an article remains."""
    blocks, roles = structure.blocks, structure.roles
    chosen = set(kept)
    captions = {at for at in chosen if roles[blocks.held_by[at]] & (CAPTION | _FIGURE)}
    if captions and 2 * _chars(blocks, chosen - captions) >= _chars(blocks, captions):
        chosen -= captions
    boxes = {at for at in chosen if roles[blocks.held_by[at]] & BOX}
    if boxes and _chars(blocks, chosen - boxes) >= 2 * _chars(blocks, boxes):
        chosen -= boxes
    return chosen - hidden_to_remove(blocks, structure.own, roles, chosen)


def _chars(blocks: Blocks, numbers: Iterable[int]) -> int:
    return sum(len(blocks.texts[at]) for at in numbers)


def _with_missing(structure: Structure, chosen: set[int]) -> set[int]:
    """Put back blocks that the article lacks: its lead, blocks between two of its blocks, the rest
    of its lists and tables, its last paragraphs, and those that are like most of its blocks."""
    blocks, kept = structure.blocks, sorted(chosen)
    if not kept:
        return chosen
    missing = [*_in_gaps(structure, kept), *_last_paragraphs(structure, kept)]
    missing += _in_groups(structure, chosen)
    likely = set((structure.probability >= _MIN_LIKE_PROBABILITY).nonzero()[0].tolist()) - chosen
    missing += missing_of_groups(blocks, chosen, likely)
    missing += _leads(structure, kept)
    return chosen.union(at for at in missing if not structure.superfluous(at))


def _in_gaps(structure: Structure, kept: Sequence[int]) -> Iterable[int]:
    blocks, probability = structure.blocks, structure.probability
    parents, tags = blocks.holders.parents, blocks.holders.tags
    begun = False  # before its first paragraph, an article has bylines and dates
    for before, after in pairwise(kept):
        begun = begun or len(blocks.texts[before]) >= _MIN_PROSE_CHARS
        if not begun or not 1 < after - before <= _MAX_GAP + 1:
            continue
        around = {parents[blocks.held_by[before]], parents[blocks.held_by[after]]}
        for at in range(before + 1, after):
            held_by = blocks.held_by[at]
            if (
                parents[held_by] in around
                and tags[held_by] in _PASSAGES
                and probability[at] >= (_MIN_CODE if tags[held_by] == _PRE else _MIN_IN_GAP)
                and not structure.linked(at)
            ):
                yield at


def _last_paragraphs(structure: Structure, kept: Sequence[int]) -> Iterable[int]:
    blocks, holders = structure.blocks, structure.blocks.holders
    body = holders.parents[blocks.held_by[kept[-1]]]
    if sum(holders.parents[blocks.held_by[at]] == body for at in kept) < _MIN_SIBLINGS:
        return
    for at in range(kept[-1] + 1, min(kept[-1] + 1 + _MAX_TAIL, len(blocks.texts))):
        held_by = blocks.held_by[at]
        prose = holders.tags[held_by] == _P and len(blocks.texts[at]) >= _MIN_PROSE_CHARS
        if not prose or holders.parents[held_by] != body or structure.linked(at):
            return
        if structure.probability[at] < _MIN_TAIL_PROBABILITY:
            return
        yield at


def _in_groups(structure: Structure, chosen: set[int]) -> Iterable[int]:
    """Yield the items of lists and the cells of tables of which the greater part was kept."""
    blocks, holders = structure.blocks, structure.blocks.holders
    children = Counter(holders.parents)
    for number, tag in enumerate(holders.tags):
        if tag not in _LISTS and tag not in (_TABLE, _DL):
            continue
        inside = range(holders.first[number], holders.stop[number])
        kept_chars = _chars(blocks, [at for at in inside if at in chosen])
        least = _MIN_LIST_KEPT if tag in _LISTS else _MIN_TABLE_KEPT
        if not kept_chars or kept_chars < least * _chars(blocks, inside):
            continue
        if tag == _TABLE and not _is_table_of_data(structure, inside):
            continue
        if tag in _LISTS and len(inside) > _MAX_ITEM_BLOCKS * children[number]:
            continue  # its items are sections
        wanted = CELLS | _ITEMS if tag == _TABLE else _ITEMS
        lowest = 0 if tag == _TABLE else _MIN_ITEM_PROBABILITY
        yield from (
            at
            for at in inside
            if holders.tags[blocks.held_by[at]] in wanted and structure.probability[at] >= lowest
        )


def _is_table_of_data(structure: Structure, inside: range) -> bool:
    """Whether most cells of a table have one short text without links, unlike in a table that
    arranges the parts of a page."""
    blocks, holders = structure.blocks, structure.blocks.holders
    plain = 0
    for at in inside:
        cell = cell_around(holders, blocks.held_by[at])
        alone = cell > 0 and holders.stop[cell] - holders.first[cell] == 1
        plain += alone and len(blocks.texts[at]) <= _MAX_CELL_CHARS and not structure.linked(at)
    return plain >= _MIN_PLAIN_CELLS * len(inside)


def _leads(structure: Structure, kept: Sequence[int]) -> Iterable[int]:
    """Yield paragraphs before the article whose element is named as its lead (standfirst)."""
    blocks, own, parents = structure.blocks, structure.own, structure.blocks.holders.parents
    for at in range(max(0, kept[0] - _MAX_LEAD_DISTANCE), kept[0]):
        text, held_by = blocks.texts[at], blocks.held_by[at]
        if (
            len(text) in _LEAD_CHARS
            and blocks.holders.tags[held_by] in _LEAD_TAGS
            and (own[held_by] | own[parents[held_by]]) & LEAD
            and structure.probability[at] >= _MIN_LEAD_PROBABILITY
            and not structure.linked(at)
        ):
            yield at


def _without_last_headings(blocks: Blocks, kept: list[int]) -> list[int]:
    """Remove headings at the end: what they announced was no part of the article."""
    tags = blocks.holders.tags
    parents = blocks.holders.parents
    while len(kept) > 1:
        held_by = blocks.held_by[kept[-1]]
        if tags[held_by] not in _HEADINGS or tags[parents[held_by]] in _ITEMS | CELLS:
            break
        kept.pop()
    return kept


def _without_first_time(blocks: Blocks, kept: list[int]) -> list[int]:
    """Remove a time, such as that of publication, that stands alone before the article."""
    for place, at in enumerate(kept[:_TOP]):
        if is_time(blocks.texts[at]):
            return kept[:place] + kept[place + 1 :]
        if len(blocks.texts[at]) >= _MIN_PROSE_CHARS:
            break
    return kept
