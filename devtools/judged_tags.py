"""Draw the news texts whose tags people read, and read what they found (bench/labels/read-tags)."""

import json
from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from devtools import news_corpora
from worker.model.records import Article

_ROOT = Path(__file__).parents[1]
_PARTS = {"fnc1": 50, "wikinews": 50}  # texts of each corpus
_CHARS = range(800, 6000)  # of a text


class Document(NamedTuple):
    """A text of a corpus that readers get."""

    corpus: str
    id: str
    title: str
    text: str

    @property
    def article(self) -> Article:
        return Article(source="read", key="", title=self.title, text=self.text, language="en")


class Shown(NamedTuple):
    """A tag that was shown to readers: its number is that of the text and its own, as in 17.3."""

    number: str
    corpus: str
    id: str
    kind: str
    code: str
    label: str


def documents(folder: Path, draw: int = 0) -> Iterator[Document]:
    """Draw the texts: as many of each corpus as `_PARTS` says, in the order of a hash, after those
    of earlier draws."""
    known = {(row["corpus"], row["id"]) for row in _used()}
    found: dict[str, list[Document]] = defaultdict(list)
    for each in (*_fnc1(folder), *_wikinews(folder)):
        if len(each.text) in _CHARS and (each.corpus, each.id) not in known:
            found[each.corpus].append(each)
    for corpus, count in _PARTS.items():
        yield from sorted(found[corpus], key=_place)[draw * count :][:count]


def _place(document: Document) -> bytes:
    return blake2b(f"{document.corpus} {document.id}".encode(), digest_size=8).digest()


def _used() -> Iterator[dict[str, str]]:
    """Texts that trained or calibrated the tagger."""
    for line in (_ROOT / "bench/labels/entity_tags.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield {"corpus": row["corpus"], "id": row["id"]}
    for line in (_ROOT / "training/labels/fnc1.jsonl").read_text("utf-8").splitlines():
        yield {"corpus": "fnc1", "id": json.loads(line)["id"]}
    for line in (_ROOT / "training/labels/news-names.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        prefix = "fnc1-" if row["corpus"] == "fnc1" else ""
        yield {"corpus": row["corpus"], "id": prefix + row["id"]}


def _fnc1(folder: Path) -> Iterator[Document]:
    for each in news_corpora.fnc1(folder / "dedup"):
        yield Document("fnc1", each.id, each.title, each.text)


def _wikinews(folder: Path) -> Iterator[Document]:
    articles = json.loads((folder / "topics" / "wikinews_2019_2020.json").read_text("utf-8"))
    for each in articles:
        yield Document("wikinews", each["url"], each["title"], each["text"].strip())


def verdicts(path: Path) -> dict[str, bool]:
    """Whether each tag is right, by its number, as a reader wrote it."""
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines() if line.strip())
    return {number: verdict == "y" for number, verdict, *_ in rows}
