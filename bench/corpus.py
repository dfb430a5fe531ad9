"""News texts to measure deduplication on come in from a folder; nothing of them is kept here.

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
    id: str
    title: str
    text: str
    day: date | None = None
    topics: tuple[str, ...] = ()

    @property
    def tickers(self) -> frozenset[str]:
        """The companies a wire headline is about."""
        return frozenset(_TICKER.findall(self.title))

    @property
    def held_back(self) -> bool:
        """Whether the document belongs to the split that nothing was tuned on."""
        return blake2b(self.id.encode(), digest_size=1).digest()[0] < 256 * _HELD_BACK // 100


def read(folder: Path) -> list[Text]:
    return [*fnc1(folder), *reuters(folder)]


def fnc1(folder: Path) -> list[Text]:
    csv.field_size_limit(10**8)
    texts = []
    for part in ("train", "test"):
        with (folder / f"fnc1-{part}-bodies.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                text = row["articleBody"].strip()
                title = from_text(text, _MAX_TITLE)  # bodies have none: as for any such article
                texts.append(Text(f"fnc1-{part}:{row['Body ID']}", title, text))
    return texts


def reuters(folder: Path) -> list[Text]:
    stories = json.loads((folder / "reuters-1987-mar-apr.json").read_text("utf-8"))
    return [
        Text(
            f"reuters:{story['id']}",
            " ".join(story.get("title", "").split()) or from_text(body, _MAX_TITLE),
            body,
            datetime.strptime(story["date"].split()[0], "%d-%b-%Y").date(),  # noqa: DTZ007
            tuple(story.get("topics", ())),
        )
        for story in stories
        if (body := _body(story.get("body", "")))
    ]


def _body(raw: str) -> str:
    """Paragraphs begin with four spaces; the lines within one were broken for a teleprinter."""
    signed_off = _SIGNED_OFF.sub("", raw)
    paragraphs = re.split(r"\n\s{3,}", signed_off)
    return "\n\n".join(" ".join(p.split()) for p in paragraphs if p.strip())
