"""Decide which hidden text of a page to remove from its article.

Most hidden text is not needed: it repeats the article, for search engines or for printing, or it
belongs to something else, such as a card that appears over a name. But some pages hide the article,
or the end of it, until a script shows it. Such text must stay.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from worker.clean.page.blocks import Blocks
from worker.clean.page.element_roles import BOX, HIDDEN, may_expand

_WORD = re.compile(r"\w+")
_RUN = 4  # words
_MIN_COPIED = 0.6  # share of the runs of a block that the shown text has
_MIN_ARTICLE = 250  # characters that must be shown, or hidden text may be the article
_MIN_PROSE_CHARS, _MIN_ANSWER_CHARS = 80, 40
_MIN_PARAGRAPHS = 2  # of hidden text that is part of the article, without a name that says so

WordRun = tuple[str, ...]


def hidden_to_remove(
    blocks: Blocks, own: Sequence[int], roles: Sequence[int], chosen: Collection[int]
) -> set[int]:
    """Return the numbers of the hidden text blocks (passages of a page) to remove from the article.

    Removed are hidden blocks that repeat visible text, and hidden parts that do not read like a
    part of an article. If the visible blocks of the article are very short, the hidden ones may be
    the article itself; then only those that repeat visible text are removed.

    `chosen` are the numbers of the blocks of the article. For each element of the page, `own` has
    what it is by its own class names and ids, such as hidden or a box of links, and `roles` what it
    is if the elements around it are considered, too.
    """
    held_by = blocks.held_by
    hidden = [at for at in sorted(chosen) if roles[held_by[at]] & HIDDEN]
    if not hidden:
        return set()
    shown = [at for at in range(len(held_by)) if not roles[held_by[at]] & (HIDDEN | BOX)]
    known = {run for at in shown for run in _runs(blocks.texts[at])}
    copies = {at for at in hidden if _is_copy(blocks.texts[at], known)}
    shown_chars = sum(len(blocks.texts[at]) for at in shown if at in chosen)
    hidden_chars = sum(len(blocks.texts[at]) for at in hidden)
    if shown_chars < _MIN_ARTICLE and hidden_chars > shown_chars:
        return copies
    removed = set(copies)
    for part in _parts(blocks, own, hidden):
        new = [at for at in part if at not in copies]
        if not _continues(blocks, own, roles, new):
            removed.update(part)
    return removed


def _parts(blocks: Blocks, own: Sequence[int], hidden: Sequence[int]) -> Iterable[list[int]]:
    """Group hidden blocks by the outermost hidden element around them."""
    parts: dict[int, list[int]] = {}
    for at in hidden:
        outermost = element = blocks.held_by[at]
        while element:
            if own[element] & HIDDEN:
                outermost = element
            element = blocks.holders.parents[element]
        parts.setdefault(outermost, []).append(at)
    return parts.values()


def _continues(
    blocks: Blocks, own: Sequence[int], roles: Sequence[int], new: Sequence[int]
) -> bool:
    """Whether hidden blocks that are nowhere else read like a part of the article."""
    if any(roles[blocks.held_by[at]] & BOX for at in new):
        return False
    texts = [at for at in new if 3 * blocks.link_chars[at] < len(blocks.texts[at])]
    if any(_may_expand(blocks, own, at) for at in texts):
        return any(len(blocks.texts[at]) >= _MIN_ANSWER_CHARS for at in texts)
    return sum(len(blocks.texts[at]) >= _MIN_PROSE_CHARS for at in texts) >= _MIN_PARAGRAPHS


def _may_expand(blocks: Blocks, own: Sequence[int], at: int) -> bool:
    """Whether the hidden element around a block has a name such as "more" or "accordion"."""
    element = blocks.held_by[at]
    while element and own[element] & HIDDEN | own[blocks.holders.parents[element]] & HIDDEN:
        if may_expand(blocks.holders.names[element]):
            return True
        element = blocks.holders.parents[element]
    return False


def _is_copy(text: str, known: set[WordRun]) -> bool:
    runs = _runs(text)
    return sum(run in known for run in runs) >= _MIN_COPIED * len(runs)


def _runs(text: str) -> set[WordRun]:
    words = _WORD.findall(text.lower())
    size = min(_RUN, len(words))
    return set(zip(*(islice(words, start, None) for start in range(size)), strict=False))
