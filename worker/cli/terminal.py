"""Print tables that fit the terminal, JSON for machines, and progress on standard error."""

import json
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import date, datetime
from functools import cache
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic import BaseModel, TypeAdapter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.cli.table_layout import GROWING, NUMBERS, UNCUT, fitting_columns
from worker.explain.wording import moment as moment  # commands print what they need from here
from worker.explain.wording import several as several

if TYPE_CHECKING:
    from rich.progress import Progress


DecoratedCommand = TypeVar("DecoratedCommand", bound=Callable[..., Any])


class SafeConsole(Console):
    """A console that prints text of strangers: control characters in it are written as escapes.

    In a file or a pipe no line ends with spaces.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        if self.is_terminal:
            super().print(*map(_escaped, objects), **options)
            return
        with self.capture() as captured:
            super().print(*map(_escaped, objects), **options)
        lines = captured.get().split("\n")
        self.file.write("\n".join(line.rstrip(" ") for line in lines))
        self.file.flush()


def yes_option(done: str) -> Callable[[DecoratedCommand], DecoratedCommand]:
    """Add the options `--yes` and `--dry-run` to a command that can't be undone. Without `--yes`,
    the command only says what it would do.

    `done` is a participle for the help text that says what the command does, such as "deleted". The
    function of the command gets the choice as its parameter `yes`.
    """
    return click.option(
        "--yes/--dry-run",
        default=False,
        help=f"Do it, or only say what would be {done}, which is the default.",
    )


def visible(text: str, *, one_line: bool = False) -> str:
    """Replace characters that steer a terminal, or are not shown, by escapes such as `\\x1b`.

    These are control characters, marks that turn the direction of writing, invisible letters and
    lone surrogates. Tabs and line ends are replaced with `one_line` only.
    """
    if text.isprintable():  # characters of format, such as a change of direction, are not
        return text
    kept = "" if one_line else "\t\n"
    return "".join(c if c.isprintable() or c in kept else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    if character in _JOINERS or unicodedata.category(character) in _HARMLESS:
        return character
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


# Zero-width joiners belong to words of Persian and Indic scripts, and to emoji. Python counts
# spaces other than U+0020 and code points without a character as not printable.
_JOINERS = "\u200c\u200d"
_HARMLESS = ("Zs", "Cn", "Co")


def _escaped(printed: Any) -> Any:
    """Return text without what steers a terminal; tables and others are escaped in their cells."""
    if isinstance(printed, str):
        return visible(printed)
    if isinstance(printed, Text) and not printed.plain.isprintable():
        plain = visible(printed.plain)
        return printed if plain == printed.plain else Text(plain, style=printed.style)
    return printed


# A pipe has no width: use COLUMNS, or enough for every column.
_WIDTH = None if sys.stdout.isatty() else get_terminal_size(fallback=(120, 24)).columns
# Codes such as "desk:fire:" would become pictures without `emoji=False`.
out = SafeConsole(highlight=False, width=_WIDTH, emoji=False)
err = SafeConsole(stderr=True, highlight=False, emoji=False)

_COLOURS = {
    "new": "green",
    "revision": "cyan",
    "duplicate": "magenta",
    "variant": "yellow",
    "dead": "red",
    "withdrawn": "red",
    "silent": "red",
    "paused": "yellow",
}


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output; dataclasses and models become objects."""
    echo_json(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def echo_json(text: str) -> None:
    """Print JSON text on standard output; characters that steer a terminal are escaped as in
    JSON."""
    click.echo(visible_json(text))


def visible_json(text: str) -> str:
    """Replace what steers a terminal, or is not shown, in a JSON text by escapes of JSON.

    The JSON has the same value as before.
    """
    if visible(text) == text:
        return text
    return "".join(c if visible(c) == c else json.dumps(c)[1:-1] for c in text)


def echo_line(text: str, *, error: bool = False) -> None:
    """Print one line: line ends in the text, as a file name may have, are written as escapes."""
    click.echo(visible(text, one_line=True), err=error)


def json_object(
    value: object, *, include: Collection[str] | None = None, exclude: Collection[str] = ()
) -> dict[str, Any]:
    """Convert a dataclass or pydantic model to a dict of JSON values.

    `include` names the fields to return (None for all), `exclude` those to leave out.
    """
    kind: Any = type(value)
    fields: dict[str, Any] = _adapter(kind).dump_python(
        value,
        mode="json",
        include=None if include is None else set(include),
        exclude=set(exclude),
    )
    return fields


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """The pydantic adapter that turns values of this class into JSON values.

    It is cached, because making an adapter takes longer than converting a value.
    """
    return TypeAdapter(kind)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel) or is_dataclass(value):
        return json_object(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


class NotFound(click.ClickException):
    """The error when the id or name that the user gave fits nothing stored, or several things.

    It prints a message and gives exit code 1.
    """

    exit_code = 1

    def show(self, file: Any = None) -> None:
        err.print(self.message, markup=False)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a title and a table with one line for each row, cut to the width of the terminal.

    On a narrow terminal some columns are left out. Receipts and ids of messages are never cut; a
    long one goes on in the next line.
    """
    out.print(title, style="bold")
    out.print(make_table(columns, rows))
    out.print()


def make_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Make a table with one line for each row, as `print_table` prints it, for other output."""
    cells = [[_cell(value) for value in row] for row in rows]
    kept = fitting_columns(columns, cells, out.width)
    grows = any(columns[index] in GROWING for index in kept)
    table = Table(box=None, pad_edge=False, expand=grows, header_style="dim")
    for column in (columns[index] for index in kept):
        table.add_column(
            column,
            justify="right" if column in NUMBERS else "left",
            ratio=GROWING.get(column),
            no_wrap=column not in UNCUT,
            overflow="fold" if column in UNCUT else "ellipsis",
        )
    for row in cells:
        # Text, not str: brackets in a headline are not markup.
        shown = (row[index] for index in kept)
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in shown))
    return table


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return visible(" ".join(str(value).split()))


def local_day(day: date | None, zone: str | None) -> str:
    """Format a day in the time zone of a publisher, such as `2026-11-01 (Europe/Paris)`; "" for no
    day. The zone is left out if it is unknown."""
    if day is None:
        return ""
    return f"{day.isoformat()} ({zone})" if zone else day.isoformat()


def progress(label: str) -> "Progress":
    """Make a progress bar on standard error, which disappears at the end.

    It prints nothing when standard error is no terminal.
    """
    # 50 ms that most commands can do without.
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

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
    """Format the counts above zero in the order of the mapping, such as `new 41, duplicate 6`.

    Returns `nothing` if all are zero.
    """
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing"
