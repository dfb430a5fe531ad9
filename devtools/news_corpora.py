"""Read corpora of news texts from a folder. The texts themselves are not part of the project.

fnc1-train-bodies.csv, fnc1-test-bodies.csv   Fake News Challenge 1: copies of the same rumours
reuters-1987-mar-apr.json                     Reuters-21578: a wire, full of look-alike series
"""

import csv
import json
import re
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from worker.clean.text.titles import from_text

_MAX_TITLE = 150
_SIGNED_OFF = re.compile(r"\s*\breuter?\s*\x03?\s*$", re.I)
_TICKER = re.compile(r"<([A-Z][A-Z.]*)>")
_HELD_BACK = 40  # percent of the documents


class Text(NamedTuple):
    """A document of a corpus."""

    id: str
    title: str
    text: str
    day: date | None = None
    topics: tuple[str, ...] = ()

    @property
    def tickers(self) -> frozenset[str]:
        """Ticker symbols of the companies that a wire headline names."""
        return frozenset(_TICKER.findall(self.title))

    @property
    def held_back(self) -> bool:
        """Whether the document is in the held-out split, on which nothing was tuned."""
        return blake2b(self.id.encode(), digest_size=1).digest()[0] < 256 * _HELD_BACK // 100


def read(folder: Path) -> list[Text]:
    """All documents of both corpora."""
    return [*fnc1(folder), *reuters(folder)]


def fnc1(folder: Path) -> list[Text]:
    """The article bodies of the Fake News Challenge 1."""
    csv.field_size_limit(10**8)
    texts = []
    for part in ("train", "test"):
        with (folder / f"fnc1-{part}-bodies.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                text = row["articleBody"].strip()
                title = from_text(
                    text, _MAX_TITLE
                )  # bodies have no title: derived as for any article without one
                texts.append(Text(f"fnc1-{part}:{row['Body ID']}", title, text))
    return texts


def reuters(folder: Path) -> list[Text]:
    """The articles of Reuters-21578 that have a body."""
    articles = json.loads((folder / "reuters-1987-mar-apr.json").read_text("utf-8"))
    return [
        Text(
            f"reuters:{article['id']}",
            " ".join(article.get("title", "").split()) or from_text(body, _MAX_TITLE),
            body,
            datetime.strptime(article["date"].split()[0], "%d-%b-%Y").date(),  # noqa: DTZ007
            tuple(article.get("topics", ())),
        )
        for article in articles
        if (body := _body(article.get("body", "")))
    ]


def _body(raw: str) -> str:
    """Restore paragraphs: each begins with four spaces; its lines were broken for a teleprinter."""
    signed_off = _SIGNED_OFF.sub("", raw)
    paragraphs = re.split(r"\n\s{3,}", signed_off)
    return "\n\n".join(" ".join(p.split()) for p in paragraphs if p.strip())
