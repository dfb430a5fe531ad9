"""How things look: tables that fit the width, JSON for machines, progress on standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from shutil import get_terminal_size
from typing import Any

import click
from pydantic import BaseModel
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


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


# Columns that share the width that is left; all others are as wide as what they hold.
_GROWING = {"title": 5, "detail": 5, "tags": 3, "source": 2}
_WHOLE = ("receipt", "message")  # of use only as a whole: they fold where the width is short
_NUMBERS = (
    "words",
    "seen",
    "count",
    "score",
    "number",
    "dropped",
    *("receipts", "stored", "waiting", "leased", "undeliverable", "missing"),
)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table as wide as the terminal if a column can use it, one line a row but for long ids."""
    out.print(title, style="bold")
    grows = any(column in _GROWING for column in columns)
    table = Table(box=None, pad_edge=False, expand=grows, header_style="dim")
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in _NUMBERS else "left",
            ratio=_GROWING.get(column),
            no_wrap=column not in _WHOLE,
            overflow="fold" if column in _WHOLE else "ellipsis",
        )
    for row in rows:
        # Text, not str: brackets in a headline are not markup.
        table.add_row(*(Text(_cell(value), style=_COLOURS.get(str(value), "")) for value in row))
    out.print(table)
    out.print()


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


def counted(counts: Mapping[str, int]) -> str:
    """`new 41, duplicate 6`: what there is, in the order given."""
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing"
