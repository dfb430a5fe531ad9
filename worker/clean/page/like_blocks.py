"""Find groups of text blocks (passages of a page) that a site made with the same template, such as
the paragraphs of a text, the reviews of several products, or the entries of a live blog.

If most blocks of a group belong to the article, the others of the group probably do, too.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache

from worker.clean.page.blocks import Blocks
from worker.clean.page.element_roles import MAX_CHARS

_DIGITS = re.compile(r"\d+")
_ELEMENTS = 4  # around a block that must be alike
_MIN_CHARS = 60  # of a block; shorter ones stand in many places
_MIN_GROUP = 3
_MIN_KEPT = 0.5  # share of the characters of a group
_MAX_LINKED = 0.3

ElementPath = tuple[tuple[int, str], ...]  # tag and names of an element, then of those around it


def missing_of_groups(
    blocks: Blocks, chosen: Collection[int], candidates: Collection[int]
) -> Iterable[int]:
    """Yield the text blocks of a page (passages) that probably belong to the article, because most
    text of their group belongs to it.

    A group has at least three blocks that stand in the same kind of element: the element around the
    block, and the three elements around that, have the same tags, classes and ids, except for
    digits in the names. Blocks of fewer than 60 characters, and blocks that are mostly links,
    belong to no group. `chosen` are the numbers of the blocks that are known to belong to the
    article. Only blocks in `candidates` are yielded.
    """
    long = [at for at in candidates if len(blocks.texts[at]) >= _MIN_CHARS]
    if not long:
        return
    parents = {blocks.held_by[at]: _around(blocks, blocks.held_by[at]) for at in long}
    for group in _groups(blocks, set(parents.values())):
        missing = [at for at in group if at not in chosen]
        total = sum(len(blocks.texts[at]) for at in group)
        few = sum(len(blocks.texts[at]) for at in missing) <= (1 - _MIN_KEPT) * total
        if len(group) >= _MIN_GROUP and few:
            yield from (at for at in missing if at in candidates)


def _groups(blocks: Blocks, wanted: Collection[ElementPath]) -> Iterable[list[int]]:
    described: dict[int, ElementPath] = {}
    groups: dict[ElementPath, list[int]] = defaultdict(list)
    innermost = {path[0] for path in wanted}
    tags, names = blocks.holders.tags, blocks.holders.names
    for at, held_by in enumerate(blocks.held_by):
        size = len(blocks.texts[at])
        if size < _MIN_CHARS or blocks.link_chars[at] > _MAX_LINKED * size:
            continue
        if (tags[held_by], _without_digits(names[held_by][:MAX_CHARS])) not in innermost:
            continue
        if held_by not in described:
            described[held_by] = _around(blocks, held_by)
        groups[described[held_by]].append(at)
    return [group for path, group in groups.items() if path in wanted]


def _around(blocks: Blocks, element: int) -> ElementPath:
    """Tag and names of an element and of three around it, without digits."""
    tags, names, parents = blocks.holders.tags, blocks.holders.names, blocks.holders.parents
    path = []
    for _ in range(_ELEMENTS):
        path.append((tags[element], _without_digits(names[element][:MAX_CHARS])))
        element = parents[element]
    return tuple(path)


@lru_cache(maxsize=10_000)
def _without_digits(names: str) -> str:
    return _DIGITS.sub("", names)
