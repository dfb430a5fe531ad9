"""Find text that an article has twice: copied paragraphs, and pull quotes, which repeat a sentence
of the article in large letters."""

from collections.abc import Sequence

from worker.clean.page.blocks import TAGS, Blocks
from worker.clean.page.element_roles import PULL_QUOTE

_COPIED_TAGS = frozenset(TAGS[name] for name in "p div blockquote section article h2".split())
_QUOTE_TAGS = frozenset(TAGS[name] for name in ("aside", "figure"))
_MIN_COPY_CHARS = 80
_QUOTE_CHARS = range(20, 400)
_TOP = 3  # first blocks of an article, of which one paragraph may be a copy alone


def repeated(blocks: Blocks, own: Sequence[int], kept: Sequence[int]) -> set[int]:
    """Return the numbers of the text blocks (passages) of an article that repeat other blocks of
    it, so that they can be removed. These are pull quotes, and copies of paragraphs in another part
    of the page; the first of several equal paragraphs is never returned.

    A single paragraph that occurs again is kept, because the author may repeat it on purpose.
    Copies are returned only if several follow each other, or if the original is at the top of the
    article. `kept` are the numbers of the blocks of the article, and `own` tells for each element
    of the page, by its class names and ids, whether it is a pull quote.
    """
    return _copies(blocks, kept) | _pull_quotes(blocks, own, kept)


def _copies(blocks: Blocks, kept: Sequence[int]) -> set[int]:
    first: dict[str, tuple[int, int]] = {}  # of a text: its place, and the element around it
    origins: dict[int, int] = {}  # of the place of a copy: the place of the original
    for place, at in enumerate(kept):
        text, held_by = blocks.texts[at], blocks.held_by[at]
        if len(text) >= _MIN_COPY_CHARS and blocks.holders.tags[held_by] in _COPIED_TAGS:
            around = blocks.holders.parents[held_by]
            origin, origin_around = first.setdefault(text, (place, around))
            if around != origin_around:
                origins[place] = origin
    return {
        kept[place]
        for place, origin in origins.items()
        if origin < _TOP or place - 1 in origins or place + 1 in origins
    }


def _pull_quotes(blocks: Blocks, own: Sequence[int], kept: Sequence[int]) -> set[int]:
    quotes = {
        at
        for at in kept
        if len(blocks.texts[at]) in _QUOTE_CHARS and _is_quote(blocks, own, blocks.held_by[at])
    }
    if not quotes:
        return quotes
    rest = "\n".join(_letters(blocks.texts[at]) for at in kept if at not in quotes)
    return {at for at in quotes if _letters(blocks.texts[at]) in rest}


def _is_quote(blocks: Blocks, own: Sequence[int], held_by: int) -> bool:
    parents, tags = blocks.holders.parents, blocks.holders.tags
    around = (held_by, parents[held_by], parents[parents[held_by]])
    return any(tags[element] in _QUOTE_TAGS or own[element] & PULL_QUOTE for element in around)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
