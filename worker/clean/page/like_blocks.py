"""Group the text blocks of a page (passages) that stand in elements made by one template, such as
the paragraphs of a body, the reviews of several products, or the entries of a live blog."""

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


def missing_of_groups(blocks: Blocks, chosen: Collection[int]) -> Iterable[int]:
    """Yield the blocks of a page that are not chosen, although most blocks like them are.

    Blocks are alike if the four elements around each have the same tags, class names and ids, but
    for digits.
    """
    for group in _groups(blocks):
        if len(group) < _MIN_GROUP:
            continue
        missing = [at for at in group if at not in chosen]
        if not missing or len(missing) == len(group):
            continue
        total = sum(len(blocks.texts[at]) for at in group)
        if sum(len(blocks.texts[at]) for at in missing) <= (1 - _MIN_KEPT) * total:
            yield from missing


def _groups(blocks: Blocks) -> Iterable[list[int]]:
    tags, names, parents = blocks.holders.tags, blocks.holders.names, blocks.holders.parents
    described: dict[int, tuple[tuple[int, str], ...]] = {}
    groups: dict[tuple[tuple[int, str], ...], list[int]] = defaultdict(list)
    for at, held_by in enumerate(blocks.held_by):
        size = len(blocks.texts[at])
        if size < _MIN_CHARS or blocks.link_chars[at] > _MAX_LINKED * size:
            continue
        if held_by not in described:
            elements, element = [], held_by
            for _ in range(_ELEMENTS):
                elements.append((tags[element], _without_digits(names[element][:MAX_CHARS])))
                element = parents[element]
            described[held_by] = tuple(elements)
        groups[described[held_by]].append(at)
    return groups.values()


@lru_cache(maxsize=10_000)
def _without_digits(names: str) -> str:
    return _DIGITS.sub("", names)
