"""Read news texts in which all names of people, organisations and places are marked.

Only offsets are kept in the project (`training/labels/news-names.jsonl`, which the recogniser
learns from, and `bench/labels/news-names.jsonl`, which measures it); the texts are read from the
folder of the development data.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devtools.labelled_texts import labelled_texts


class MarkedText(NamedTuple):
    """A news text, and its names as (start, end, kind): characters of the text, and person,
    organisation or place."""

    corpus: str
    id: str
    text: str
    names: list[tuple[int, int, str]]


def marked_texts(folder: Path, labels: Path) -> Iterator[MarkedText]:
    """Yield the texts that are marked in a file. `folder` is that of `devtools.labelled_texts`."""
    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    by_key = {(row["corpus"], row["id"]): row for row in rows}
    for corpus, document, text in labelled_texts(folder):
        if row := by_key.get((corpus, document)):
            first = row["start"]
            names = [(start - first, end - first, kind) for start, end, kind in row["names"]]
            yield MarkedText(corpus, document, text[first : row["end"]], names)
