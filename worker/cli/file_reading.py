"""Read raw articles from files, one at a time, as pairs of location and value.

A location is "file" or "file:line"; a value is any JSON value. Text that is not JSON is passed on
as a string, so that it is kept as a dead letter, an article that could not be processed. For a file
without raw articles, such as a PDF or a feed, the value is a `NotRawArticle`.
"""

import json
import sys
from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from worker.cli import file_kinds
from worker.cli.file_kinds import (
    HEAD_BYTES,
    LINES,
    PAGES,
    FileKind,
    NotRawArticle,
    content_kind,
    kind_of,
    value_kind,
)

InputValue = tuple[str, object]

_BLANK = b"\xef\xbb\xbf \t\r\n"  # a file of nothing else is empty


def kind_of_other(path: Path) -> FileKind:
    """Recognise what kind of file, such as image, was skipped because of its ending, to tell the
    user.

    Returns OTHER for a file of no known kind, and UNREADABLE for one that can't be read.
    """
    try:
        with path.open("rb") as file:
            return kind_of(path.name, file.read(HEAD_BYTES)) or file_kinds.OTHER
    except OSError:
        return file_kinds.UNREADABLE


def read_file(path: Path, name: str | None = None) -> Generator[InputValue, None, None]:
    """Yield the raw articles of one file, each with its location; "-" is standard input.

    The content and the ending decide how the file is read. A location is the path, or path and
    line; `name` is used in it instead of the path. For a file without raw articles, such as a PDF,
    one `NotRawArticle` is yielded.
    """
    location = name or str(path)
    if location == "-":
        yield from read_input(sys.stdin.buffer)
        return
    try:
        file = path.open("rb")
    except OSError:
        yield location, NotRawArticle(file_kinds.UNREADABLE)
        return
    with file:
        if not path.is_file():  # for instance a named pipe
            yield from read_input(file, location)
        elif kind := kind_of(path.name, file.peek(HEAD_BYTES)[:HEAD_BYTES]):
            yield location, NotRawArticle(kind)
        else:
            yield from _read(location, path.suffix.lower(), file)


def _read(location: str, ending: str, file: BinaryIO) -> Iterator[InputValue]:
    if ending in LINES:
        yield from _lines(location, file)
        return
    data = file.read()
    if not data.strip(_BLANK):
        return
    if ending in PAGES:
        yield location, _page(data)
    elif ending == ".json":
        yield from _json(location, data.decode("utf-8-sig", "replace"))
    elif ending:
        yield location, _text_article(_decoded(data))
    else:
        yield from _by_content(location, data)


def read_input(stream: BinaryIO, location: str = "-") -> Iterator[InputValue]:
    """Yield the raw articles of a stream such as standard input, each with its location.

    The stream may be an HTML page, a JSON document or JSON lines; its first line shows which.
    `location` is the name of the stream in locations such as "-:2", its second line.
    """
    blank = 0
    line = stream.readline()
    while line and not line.strip():
        blank += 1
        line = stream.readline()
    if kind := _foreign_kind(line[:HEAD_BYTES]):
        yield location, NotRawArticle(kind)
    elif _begins_document(line):
        yield from _document(location, line + stream.read())
    else:
        yield from _lines(location, chain([line], stream), blank + 1)


def _begins_document(line: bytes) -> bool:
    """Whether the first line of a stream begins a document of several lines, not JSON lines.

    Such a document is an HTML page, a JSON list, or a JSON object that continues on the next line.
    """
    text = line.decode("utf-8-sig", "replace").strip()
    if text.startswith(("<", "[")):
        return True
    return file_kinds.begins_json(text) and isinstance(_parsed(text), str)


def _by_content(location: str, data: bytes) -> Iterator[InputValue]:
    """Yield the raw articles of a file without an ending; its content shows how to read it."""
    text = data.decode("utf-8-sig", "replace").lstrip()
    if text.startswith("<") or file_kinds.begins_json(text):
        yield from _document(location, data)
    else:
        yield location, _text_article(_decoded(data))


def _document(location: str, data: bytes) -> Iterator[InputValue]:
    """Yield the raw articles of data that is an HTML page, a JSON document or JSON lines."""
    text = data.decode("utf-8-sig", "replace").lstrip()
    if kind := _foreign_kind(data[:HEAD_BYTES]):
        yield location, NotRawArticle(kind)
    elif text.startswith("<"):
        yield location, _page(data)
    elif isinstance(_parsed(text), str):
        yield from _lines(location, data.splitlines())
    else:
        yield from _json(location, text)


def _foreign_kind(head: bytes) -> FileKind | None:
    kind = content_kind(head)
    return None if kind is file_kinds.PAGE else kind


def _page(data: bytes) -> object:
    return {"content": [{"type": "text/html", "value": _decoded(data)}]}


def _decoded(data: bytes) -> str:
    """Decode a page or a text, whose encoding its content shows."""
    from worker.clean.html.charset import decode  # 0.5 s that JSON can do without

    return decode(data).text


def _lines(location: str, lines: Iterable[bytes], first: int = 1) -> Iterator[InputValue]:
    for number, line in enumerate(lines, start=first):
        text = line.decode("utf-8-sig", "replace").strip()
        if text:
            yield f"{location}:{number}", _checked(_parsed(text))


def _json(location: str, text: str) -> Iterator[InputValue]:
    value = _parsed(text)
    if not isinstance(value, list):
        yield location, _checked(value)
        return
    for number, item in enumerate(value, start=1):
        yield f"{location}:{number}", _checked(item)


def _checked(value: object) -> object:
    kind = value_kind(value)
    return NotRawArticle(kind) if kind else value


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text_article(text: str) -> object:
    """Make a raw article of plain text; its first line is the title if a blank line follows."""
    first, _, rest = text.lstrip().partition("\n")
    if rest.startswith(("\n", "\r\n")) or not rest.strip():
        return {"title": first.strip(), "content": [{"type": "text/plain", "value": rest.strip()}]}
    return {"content": [{"type": "text/plain", "value": text}]}
