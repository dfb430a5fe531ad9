"""Read the names that were marked in news texts (`training/labels/news-names.jsonl`), in the form
of the tagged corpora: sentences of (word, label).

devtools/marked_names.py says where they come from.
"""

from collections.abc import Iterator
from pathlib import Path

from devtools.marked_names import MarkedText
from worker.tag.entities import KINDS
from worker.tag.tokens import LINE_END, Tokens, ends_sentence

LABELS = Path(__file__).parent / "labels" / "news-names.jsonl"
_LABEL_OF = {kind: label for label, kind in KINDS.items()}


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
