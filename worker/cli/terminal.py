"""How things look: tables that fit the width, JSON for machines, progress on standard error."""

import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from shutil import get_terminal_size
from typing import Any

import click
from pydantic import BaseModel, TypeAdapter
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

# Piped output has no width of its own: COLUMNS, or room for every column.
_WIDTH = None if sys.stdout.isatty() else get_terminal_size(fallback=(120, 24)).columns
out = Console(highlight=False, width=_WIDTH)
err = Console(stderr=True, highlight=False)

_COLOURS = {
    "new": "green",
    "revision": "cyan",
    "duplicate": "magenta",
    "variant": "yellow",
    "dead": "red",
    "withdrawn": "red",
}


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def json_object(value: object, *, exclude: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a dataclass or model as JSON values, without those to exclude."""
    fields: dict[str, Any] = TypeAdapter(type(value)).dump_python(
        value, mode="json", exclude=set(exclude)
    )
    return fields


def _plain(value: object) -> object:
    if isinstance(value, BaseModel) or is_dataclass(value):
        return json_object(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


# Columns that share the width that is left; all others are as wide as what they hold.
_GROWING = {"title": 5, "detail": 5, "tags": 3, "source": 2}
_LEAST_WIDTHS = {
    "title": 20,
    "detail": 20,
    "tags": 12,
    "source": 10,
}  # of their widths, to be of use
_LEFT_OUT_FIRST = (
    "words",
    "language",
    "stage",
    "tags",
    "by",
    "source",
)  # go first where it is narrow
_UNCUT = ("receipt", "message")  # of use only as a whole: they fold where the width is short
_NUMBERS = (
    "words",
    "seen",
    "count",
    "score",
    "number",
    "dropped",
    *("receipts", "stored", "waiting", "leased", "undeliverable", "missing"),
)


class NotFound(click.ClickException):
    """No such article, letter or source, or several; the message says where to look."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        err.print(self.message, markup=False)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table as wide as the terminal if a column can use it, one line a row but for long ids.

    Where the terminal is too narrow for all columns, those that matter least are left out.
    """
    out.print(title, style="bold")
    cells = [[_cell(value) for value in row] for row in rows]
    kept = _fitting_columns(columns, cells)
    grows = any(columns[index] in _GROWING for index in kept)
    table = Table(box=None, pad_edge=False, expand=grows, header_style="dim")
    for column in (columns[index] for index in kept):
        table.add_column(
            column,
            justify="right" if column in _NUMBERS else "left",
            ratio=_GROWING.get(column),
            no_wrap=column not in _UNCUT,
            overflow="fold" if column in _UNCUT else "ellipsis",
        )
    for row in cells:
        # Text, not str: brackets in a headline are not markup.
        shown = (row[index] for index in kept)
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in shown))
    out.print(table)
    out.print()


def _fitting_columns(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """The places of the columns that there is room for, with two spaces between them."""
    needed = {
        index: _LEAST_WIDTHS.get(column)
        or max(map(cell_len, (column, *(row[index] for row in cells))))
        for index, column in enumerate(columns)
    }
    for column in _LEFT_OUT_FIRST:
        if sum(needed.values()) + 2 * (len(needed) - 1) <= out.width:
            break
        if column in columns and len(needed) > 2:
            needed.pop(columns.index(column))
    return list(needed)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return visible(" ".join(str(value).split()))


def visible(text: str) -> str:
    """What came from outside must not steer the terminal: control characters as escapes."""
    return text.translate(_CONTROL)


_CONTROL = {n: f"\\x{n:02x}" for n in (*range(32), *range(127, 160)) if chr(n) not in "\t\n"}


def moment(at: datetime) -> str:
    """A time as people read it, in UTC."""
    return f"{at:%Y-%m-%d %H:%M}"


def progress(label: str) -> Progress:
    """A bar on standard error that vanishes when done and is silent when piped."""
    return Progress(
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


def several(count: int, what: str) -> str:
    """`1 article`, `1,204 articles`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def counted(counts: Mapping[str, int]) -> str:
    """`new 41, duplicate 6`: what there is, in the order given."""
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing"
