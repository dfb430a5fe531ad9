"""Choose which columns of a printed table fit into a width, and how its columns share that width.

What a column needs is known by its name, which means the same in all tables: `title` is a headline,
`detail` a sentence.
"""

from collections.abc import Sequence

from rich.cells import cell_len

# Columns that share the remaining width; all others are as wide as their longest cell.
GROWING = {
    "title": 5,
    "detail": 5,
    "fix": 5,
    "left-out line": 5,
    "found words": 5,
    "why": 5,
    "tags": 3,
    "first articles": 3,
    "source": 2,
}
UNCUT = ("receipt", "message", "why")  # never cut: folded where the width is short
NUMBERS = (
    *(
        "words",
        "seen",
        "count",
        "score",
        "salience",
        "number",
        "dropped",
        "new",
        "articles",
    ),
    *("receipts", "stored", "waiting", "leased", "held", "undeliverable", "missing"),
    *("processes", "busy", "letters"),
)
_LEAST_WIDTHS = {
    **dict.fromkeys(("title", "detail", "fix", "left-out line", "found words", "why"), 20),
    "tags": 12,
    "first articles": 12,
    "source": 10,
}  # the smallest useful widths of the columns that share the width
_LEFT_OUT_FIRST = (
    *(
        "new by hour",
        "words",
        "language",
        "stage",
        "tags",
        "by",
        "articles",
        "last polled",
        "source",
    ),
    *("flags", "dropped", "seen", "last", "undeliverable", "leased", "by priority", "parents"),
)  # left out in this order where the width is short
_GAP = 2  # characters between two columns
_FEWEST = 2  # columns that are kept at least


def fitting_columns(
    columns: Sequence[str], cells: Sequence[Sequence[str]], width: int
) -> list[int]:
    """Return the indexes of the table columns that fit into a width in characters, in their order.

    `cells` are the rows of the table. The first column, which tells what a row is about, is always
    kept.
    """
    needed = {
        index: _LEAST_WIDTHS.get(column)
        or max(map(cell_len, (column, *(row[index] for row in cells))))
        for index, column in enumerate(columns)
    }
    for column in _LEFT_OUT_FIRST:
        if sum(needed.values()) + _GAP * (len(needed) - 1) <= width:
            break
        if column in columns[1:] and len(needed) > _FEWEST:
            needed.pop(columns.index(column))
    return list(needed)
