"""Measure whether the score of a tag is the probability that the tag is right, and draw it.

    python -m bench.calibration --data FOLDER [--charts docs/charts]

FOLDER is that of `bench.tags`. Names are compared with the labels of two corpora, ten sentences of
which are tagged as one article, and with what a reader of news found; topics with the labels of
Wikinews and of `bench/labels/topics-languages.jsonl`, and with what the same reader found. A name
in a corpus is right if at least half of its mentions are names of its kind there. --charts draws
calibration.svg, a reliability diagram, in a folder.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.names import TESTS, Sentence, in_text, read
from bench.reliability import Curves, Judged, calibration_error, diagram
from bench.topics import LANGUAGE_LABELS, article_of
from devtools.judged_tags import Shown, documents, verdicts
from devtools.topic_corpora import CODES, wikinews
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag import tag
from worker.tag.entities import KINDS, find_names
from worker.tag.entities.name_model import shipped
from worker.tag.entities.name_scores import name_features, name_score
from worker.tag.tokens import tokens_of_article

_LABELS = Path(__file__).parent / "labels"
_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_SENTENCES = 10  # that are tagged as one article
_SURE = 0.9


def names_in_corpus(sentences: Sequence[Sentence]) -> Iterator[Judged]:
    """Judge all names that are found in labelled sentences, however small their scores."""
    rules = load_config().tagging.entities
    if rules is None:
        raise ValueError("the packaged config tags entities")
    for first in range(0, len(sentences), _SENTENCES):
        labelled, lines, at = set(), [], 1  # an empty title stands before the text
        for sentence in sentences[first : first + _SENTENCES]:
            words = [word for word, _ in sentence]
            for start, end, kind in in_text(words, [label for _, label in sentence]):
                labelled.add((at + start, at + end, KINDS.get(kind, kind)))
            lines.append(" ".join(words))
            at += len(lines[-1]) + 1
        article = Article(source="b", key="", title="", text="\n".join(lines), language="en")
        tokens = tokens_of_article(article)
        for name in find_names(article, rules, tokens, shipped()):
            hits = sum((m.start, m.end, name.kind) in labelled for m in name.mentions)
            features = name_features(name, tokens.text, recognised=True)
            yield Judged(name_score(name.kind, features), 2 * hits >= len(name.mentions))


def read_by_people(folder: Path, *, topics: bool) -> Iterator[Judged]:
    """Judge the topics, or the names, of the news texts of which a reader has marked each tag."""
    right = verdicts(_LABELS / "read-tags-2-first.tsv")
    with (_LABELS / "read-tags-2.tsv").open(encoding="utf-8", newline="") as file:
        shown = [Shown(*row[:6]) for row in csv.reader(file, delimiter="\t")]
    marked = {(t.corpus, t.id, t.kind, t.code): right[t.number] for t in shown}
    tagging = load_config().tagging
    for document in documents(folder, draw=1):
        for each in tag(document.article, tagging, _NOW):
            kind = "topic" if each.scheme == "taxonomy" else each.scheme
            verdict = marked.get((document.corpus, document.id, kind, each.code))
            if verdict is not None and topics == (kind == "topic"):
                yield Judged(each.score, verdict)


def broad_topics(article: Article, labels: Sequence[str]) -> Iterator[Judged]:
    """Judge the tags of an article with topics of the top level."""
    for each in tag(article, load_config().tagging, _NOW):
        if each.code in CODES:
            yield Judged(each.score, each.code in labels)


def _names(folder: Path) -> Curves:
    curves = {
        corpus: list(names_in_corpus(read(folder / "ner" / f"{name}.bio.tsv")))
        for corpus, name in TESTS.items()
    }
    return {**curves, "news, by a reader": list(read_by_people(folder, topics=False))}


def _topics(folder: Path) -> Curves:
    texts = wikinews(folder / "topics" / "wikinews_2019_2020.json", _LABELS / "wikinews.jsonl")
    english = [
        judged
        for row in texts
        for judged in broad_topics(article_of(row.text), [CODES[n] for n in row.classes])
    ]
    others = []
    for line in LANGUAGE_LABELS.read_text("utf-8").splitlines():
        row = json.loads(line)
        article = Article(
            source="b", key="", title=row["title"], text=row["text"], language=row["language"]
        )
        others += broad_topics(article, row["labels"])
    by_reader = list(read_by_people(folder, topics=True))
    return {"Wikinews": english, "five languages": others, "news, by a reader": by_reader}


def _row(name: str, tags: Sequence[Judged], least: float) -> str:
    sure = [t.right for t in tags if t.score > _SURE]
    shown = [t.right for t in tags if t.score >= least]
    cells = [len(tags), f"{calibration_error(tags):.3f}", len(sure), f"{_mean(sure):.3f}"]
    return f"| {name} | {' | '.join(map(str, [*cells, len(shown), f'{_mean(shown):.3f}']))} |"


def _mean(flags: Sequence[bool]) -> float:
    return sum(flags) / max(1, len(flags))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--charts", type=Path)
    options = parser.parse_args()
    panels = {"Names": _names(options.data), "Topics": _topics(options.data)}
    entities = load_config().tagging.entities
    print("| tags | all | calibration error | over .9 | right | shown | right |")
    print("|---|---|---|---|---|---|---|")
    for title, curves in panels.items():
        least = entities.least_score("en") if entities and title == "Names" else 0.0
        for name, tags in curves.items():
            print(_row(f"{title.lower()}: {name}", tags, least))
    if options.charts:
        (options.charts / "calibration.svg").write_text(diagram(panels), encoding="utf-8")


if __name__ == "__main__":
    main()
