"""Files become raw articles: a path comes in, (where, raw) pairs go out, one at a time.

`where` is "file:line" or "file"; `raw` is any JSON value. What can't be read as JSON is passed
on as the text it is, so that it ends as a dead letter with its payload, not as a lost line.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO

from worker.clean.charset import decode

Read = tuple[str, object]

ENDINGS = (".json", ".jsonl", ".ndjson", ".txt", ".html", ".htm")


def files_below(path: Path, exclude: Sequence[str] = ()) -> list[Path]:
    """The file itself, or every file of a known ending below a folder, sorted by path."""
    if not path.is_dir():
        return [path]
    found = sorted(f for f in path.rglob("*") if f.is_file() and f.suffix.lower() in ENDINGS)
    return [f for f in found if not any(fnmatch(f.name, pattern) for pattern in exclude)]


def read_file(path: Path, name: str | None = None) -> Iterator[Read]:
    """The raw articles of one file, by its ending; "-" reads JSON lines from standard input."""
    if str(path) == "-":
        yield from _lines("-", sys.stdin.buffer)
        return
    where = name or str(path)
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            with path.open("rb") as lines:
                yield from _lines(where, lines)
        case ".html" | ".htm":
            yield where, _page(path.read_bytes())
        case ".json":
            yield from _json(where, path.read_bytes().decode("utf-8-sig", "replace"))
        case _:
            yield where, _story(path.read_bytes().decode("utf-8-sig", "replace"))


def read_input(stdin: BinaryIO) -> Iterator[Read]:
    """What stands on standard input: a page when it begins with a tag, else JSON lines."""
    data = stdin.read()
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        yield "-", _page(data)
    else:
        yield from _lines("-", data.splitlines())


def _page(data: bytes) -> object:
    return {"content": [{"type": "text/html", "value": decode(data).text}]}


def _lines(where: str, lines: Iterable[bytes]) -> Iterator[Read]:
    for number, line in enumerate(lines, start=1):
        text = line.decode("utf-8-sig", "replace").strip()
        if text:
            yield f"{where}:{number}", _parsed(text)


def _json(where: str, text: str) -> Iterator[Read]:
    value = _parsed(text)
    if not isinstance(value, list):
        yield where, value
        return
    for number, item in enumerate(value, start=1):
        yield f"{where}:{number}", item


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _story(text: str) -> object:
    """Plain text: the first line is the title when a blank line follows it."""
    first, _, rest = text.lstrip().partition("\n")
    if rest.startswith(("\n", "\r\n")) or not rest.strip():
        return {"title": first.strip(), "content": [{"type": "text/plain", "value": rest.strip()}]}
    return {"content": [{"type": "text/plain", "value": text}]}
