"""Join the text blocks of a page (passages such as paragraphs) to one text."""

from collections.abc import Sequence

from worker.clean.page.blocks import BREAK, TAGS, Blocks, Holders

CELLS = frozenset(TAGS[name] for name in ("td", "th"))
_MAX_CELL_CHARS = 200  # of a text that is joined with others to a line


def text_of(blocks: Blocks, chosen: Sequence[int]) -> str:
    """Join some text blocks (passages) of a page to one text, with each block on a line of its own.
    `chosen` are the numbers of these blocks.

    The short cells of a table row are joined to one line. Cells with several blocks or a long text
    are not joined, because such a table only arranges the parts of a page.
    """
    parts: list[str] = []
    row_before = cell_before = -1
    for at in chosen:
        cell = _short_cell(blocks, at)
        row = blocks.holders.parents[cell] if cell else -1
        joins = 0 <= row == row_before and cell != cell_before
        parts += (
            " " if joins else "\n",
            blocks.code.get(at, blocks.texts[at]).replace(BREAK, "\n"),
        )
        row_before, cell_before = row, cell
    return "".join(parts[1:])


def _short_cell(blocks: Blocks, at: int) -> int:
    """The number of the table cell that holds this block and nothing else, 0 if there is none."""
    held_by = blocks.held_by[at]
    cell = cell_around(blocks.holders, held_by)
    if not cell or (cell != held_by and len(blocks.texts[at]) > _MAX_CELL_CHARS):
        return 0
    alone = blocks.holders.stop[cell] - blocks.holders.first[cell] == 1
    return cell if alone or cell == held_by else 0


def cell_around(holders: Holders, element: int) -> int:
    """Return the table cell in which a text stands: the number of `element` if it is a cell, or
    that of its parent if that is one, else 0.

    `holders` has the elements of the page with text, by number.
    """
    for candidate in (element, holders.parents[element]):
        if holders.tags[candidate] in CELLS:
            return candidate
    return 0
