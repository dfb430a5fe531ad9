"""Read the names that were marked in news texts (`training/labels/news-names.jsonl`), in the form
of the tagged corpora: sentences of (word, label).

Only offsets are kept in the project; the texts are read from the folder of the development data.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devtools.labelled_texts import labelled_texts
from worker.tag.entities import KINDS
from worker.tag.tokens import LINE_END, Tokens, ends_sentence

LABELS = Path(__file__).parent / "labels" / "news-names.jsonl"
_LABEL_OF = {kind: label for label, kind in KINDS.items()}


class MarkedText(NamedTuple):
    """A news text, and its names as (start, end, kind): characters of the text, and person,
    organisation or place."""

    corpus: str
    id: str
    text: str
    names: list[tuple[int, int, str]]


def marked_texts(folder: Path, labels: Path = LABELS) -> Iterator[MarkedText]:
    """Yield the marked texts. `folder` is that of `devtools.labelled_texts`."""
    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    by_key = {(row["corpus"], row["id"]): row for row in rows}
    for corpus, document, text in labelled_texts(folder):
        if row := by_key.get((corpus, document)):
            first = row["start"]
            names = [(start - first, end - first, kind) for start, end, kind in row["names"]]
            yield MarkedText(corpus, document, text[first : row["end"]], names)


def sentences(marked: MarkedText) -> Iterator[list[tuple[str, str]]]:
    """Split a marked text into sentences of words with BIO labels (B-PER, I-PER, O …)."""
    tokens = Tokens(marked.text)
    words = tokens.words
    spans = tokens.spans(range(len(words)), range(1, len(words) + 1))
    names = iter([*marked.names, (len(marked.text) + 1, len(marked.text) + 1, "")])
    start, end, kind = next(names)
    sentence: list[tuple[str, str]] = []
    for word, (first, last) in zip(words, spans, strict=True):
        while end <= first and kind:
            start, end, kind = next(names)
        if word != LINE_END:
            inside = start < last and first < end
            prefix = "B" if first <= start else "I"
            sentence.append((word, f"{prefix}-{_LABEL_OF[kind]}" if inside else "O"))
        if sentence and ends_sentence(word):
            yield sentence
            sentence = []
    if sentence:
        yield sentence
