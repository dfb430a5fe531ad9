"""Pages with what is known of them: a folder of development data comes in, Pages go out.

Two forms are read: `ground-truth/NAME.json` with `html/NAME.html.gz` (the WCXB benchmark), and
`gold.json`, which maps addresses to a file and its facts, with `html/` (trafilatura's evaluation).
"""

import gzip
import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from worker.clean.charset import decode
from worker.contract import host


class Page(NamedTuple):
    name: str
    url: str
    html: str
    text: str  # gold main text, "" where there is none
    title: str
    author: str
    date: str

    @property
    def half(self) -> int:
        """0: for development, 1: for reporting; all pages of a host are in the same half."""
        return blake2b(host(self.url).encode(), digest_size=1).digest()[0] & 1


def pages(folder: Path) -> Iterator[Page]:
    """Every page of one folder, in the order of its names."""
    gold = folder / "gold.json"
    yield from (
        _segments(folder, json.loads(gold.read_text("utf-8"))) if gold.exists() else _wcxb(folder)
    )


def texts(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(name, title, gold text), without opening any page."""
    for file in sorted((folder / "ground-truth").glob("*.json")):
        truth = json.loads(file.read_text("utf-8"))["ground_truth"]
        yield file.stem, truth["title"] or "", truth["main_content"] or ""


def _wcxb(folder: Path) -> Iterator[Page]:
    for file in sorted((folder / "ground-truth").glob("*.json")):
        known = json.loads(file.read_text("utf-8"))
        truth = known["ground_truth"]
        yield Page(
            file.stem,
            known["url"],
            _html(folder / "html" / f"{file.stem}.html.gz"),
            truth["main_content"] or "",
            truth["title"] or "",
            truth["author"] or "",
            truth["publish_date"] or "",
        )


def _segments(folder: Path, gold: dict[str, dict[str, Any]]) -> Iterator[Page]:
    for url, known in sorted(gold.items()):
        file = folder / "html" / f"{known['file']}.gz"
        if file.exists():
            facts = (known.get(key) or "" for key in ("title", "author", "date"))
            yield Page(known["file"], url, _html(file), "", *facts)


def _html(file: Path) -> str:
    return decode(gzip.decompress(file.read_bytes())).text
