"""Read folders of pages with their gold main text, in three formats.

- WCXB: `html/N.html.gz` and `ground-truth/N.json` with the complete text;
- segments: `html/*.html.gz` and `gold.json` with segments that must or must not appear;
- pairs: `name.html.gz` next to `name.txt`.
"""

import gzip
import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from worker.clean.html.charset import decode


class Page(NamedTuple):
    """A page with its gold data: either the complete main text, or segments of it."""

    name: str
    site: str
    markup: str
    text: str = ""
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    url: str = ""
    title: str = ""
    author: str = ""
    date: str = ""  # ISO day

    @property
    def half(self) -> int:
        """0: rules are developed on it. 1: it is reported. All pages of a site share a half."""
        return blake2b(self.site.encode(), digest_size=1).digest()[0] & 1


def data_sets(folder: Path) -> Iterator[tuple[str, list[Page]]]:
    """Yield the name and pages of a folder, or of each of its subfolders in alphabetical order."""
    pages = read_pages(folder)
    if pages:
        yield folder.name, pages
        return
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        if pages := read_pages(inner):
            yield inner.name, pages


def read_pages(folder: Path) -> list[Page]:
    """Read a folder in one of the three formats; empty if it has no pages."""
    if (folder / "ground-truth").is_dir():
        return [_wcxb(path) for path in sorted((folder / "ground-truth").glob("*.json"))]
    if (folder / "gold.json").is_file():
        gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
        return [_segments(folder, url, entry) for url, entry in sorted(gold.items())]
    stems = (path.with_suffix("").with_suffix("") for path in sorted(folder.glob("*.html.gz")))
    return [_pair(stem) for stem in stems if stem.with_suffix(".txt").is_file()]


def site_of(url: str) -> str:
    """The registered domain of a URL, by a heuristic: example.com, paper.co.uk."""
    labels = (urlsplit(url).hostname or url).split(".")
    owned = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-owned:])


_FACTS = {"text": "main_content", "title": "title", "author": "author", "date": "publish_date"}


def _wcxb(truth: Path) -> Page:
    record = json.loads(truth.read_text(encoding="utf-8"))
    markup = _markup(truth.parent.parent / "html" / f"{truth.stem}.html.gz")
    url, truths = record.get("url") or "", record["ground_truth"]
    facts = {name: truths.get(key) or "" for name, key in _FACTS.items()}
    return Page(truth.stem, site_of(url or truth.stem), markup, url=url, **facts)


def _segments(folder: Path, url: str, entry: dict[str, Any]) -> Page:
    path = folder / "html" / f"{entry['file']}.gz"
    return Page(
        path.name,
        site_of(url),
        _markup(path),
        must=tuple(entry["with"]),
        must_not=tuple(entry["without"]),
        url=url,
        **{name: _one(entry.get(name)) for name in ("title", "author", "date")},
    )


def _one(value: Any) -> str:
    return "; ".join(value) if isinstance(value, list) else value or ""


def _pair(stem: Path) -> Page:
    text = stem.with_suffix(".txt").read_text(encoding="utf-8")
    return Page(stem.name, stem.name, _markup(stem.with_suffix(".html.gz")), text=text)


def _markup(path: Path) -> str:
    return decode(gzip.decompress(path.read_bytes())).text  # in the charset that the page declares
