"""Measure exact F1 of name recognition: this worker, heuristics, and a textbook CRF."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bench.baselines import heuristics, plain_features
from bench.peer.labelling import load_spacy
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.entities import KINDS, EntityRules, entity_tags, recognise_names
from worker.tag.entities.name_model import ModelPath, shipped
from worker.tag.tokens import Tokens

Sentence = list[tuple[str, str]]
Spans = set[tuple[int, int, str]]

TRAIN = ("wikigold", "wnut_tr", "ewt_dev", "pol_train", "pol_dev")
TESTS = {"UNER English EWT, test": "ewt_test", "CrossNER politics, test": "pol_test"}
_SPACY = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
_EVERY = 1000  # tags of a sentence, and mentions of each
_SHORT = {kind: label for label, kind in KINDS.items()}


def read(path: Path) -> list[Sentence]:
    """Read sentences of (word, label): one word a line, with an empty line after each sentence."""
    blocks = path.read_text("utf-8").strip().split("\n\n")
    return [
        [(r.split("\t")[0], r.split("\t")[1]) for r in b.splitlines() if r.strip()] for b in blocks
    ]


def spans(labels: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, kind) of each entity in BIO labels; `end` is exclusive."""
    start, kind = -1, ""
    for at, label in enumerate((*labels, "O")):
        if start >= 0 and label != "I-" + kind:
            yield start, at, kind
            start = -1
        if label != "O" and start < 0:
            start, kind = at, label[2:]


def in_text(words: Sequence[str], labels: Sequence[str]) -> Spans:
    """Convert labels of words to character spans in the words joined by spaces."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    return {(starts[a], starts[b] - 1, kind) for a, b, kind in spans(labels)}


def entity_scores(folder: Path) -> None:
    """Print a table of exact F1 by kind of name, and of CPU time."""
    names = shipped()
    place_names = frozenset({*names.place_aliases, *names.place_aliases.values()})
    crf = _crf([s for name in TRAIN for s in read(folder / f"{name}.bio.tsv")])
    methods: dict[str, Callable[[list[str]], Spans]] = {
        "entities, with the gazetteer": lambda words: _tagged(words, _every_name()),
        "the same, shown": lambda words: _tagged(words, _shown()),
        "entities": lambda words: _ours(words, "fast"),
        "entities, thorough": lambda words: _ours(words, "thorough"),
        "textbook CRF, same training": lambda words: in_text(words, crf.tag(plain_features(words))),
        "heuristics": lambda words: heuristics(" ".join(words), place_names),
    }
    if spacy := load_spacy():
        methods["spaCy, small model"] = lambda words: _by_spacy(" ".join(words), spacy)
    print("\n| corpus | method | person | organisation | place | all | CPU ms per 500 tokens |")
    print("|---|---|---|---|---|---|---|")
    joined = [s for name in TESTS.values() for s in read(folder / f"{name}.bio.tsv")]
    corpora = {c: read(folder / f"{name}.bio.tsv") for c, name in TESTS.items()}
    for corpus, sentences in {**corpora, "both": joined}.items():
        gold = [in_text([w for w, _ in s], [label for _, label in s]) for s in sentences]
        for method, find in methods.items():
            began = time.process_time()
            predictions = [find([w for w, _ in s]) for s in sentences]
            took = (time.process_time() - began) * 1000 / sum(map(len, sentences)) * 500
            rates = " | ".join(f"{rate:.3f}" for rate in _f1(gold, predictions))
            print(f"| {corpus} | {method} | {rates} | {took:.2f} |", flush=True)


@cache
def _every_name() -> EntityRules:
    """The packaged rules of names, without limits to the number of tags and mentions, and to how
    likely they are to be right."""
    rules = load_config().tagging.entities
    if rules is None:
        raise ValueError("the packaged config tags entities")
    return rules.model_copy(
        update={"most": _EVERY, "most_spans": _EVERY, "min_score": 0.0, "min_scores": {}}
    )


@cache
def _shown() -> EntityRules:
    """The same with the packaged limit: names that are likely enough to be right."""
    rules = load_config().tagging.entities
    return _every_name().model_copy(update={"min_score": rules.least_score("en") if rules else 0.0})


def _tagged(words: list[str], rules: EntityRules) -> Spans:
    """The mentions of all tags of names that a sentence gets by these rules."""
    article = Article(source="bench", key="", title="", text=" ".join(words), language="en")
    return {
        (span.start, span.end, _SHORT[tag.scheme])
        for tag in entity_tags(article, rules)
        for span in tag.spans
    }


def _ours(words: list[str], path: ModelPath) -> Spans:
    mentions = recognise_names(Tokens(" ".join(words)), shipped(path).recogniser)
    return {(m.start, m.end, _SHORT[m.kind]) for m in mentions}


def _by_spacy(text: str, spacy: Any) -> Spans:
    """The names that spaCy finds, without the article and the genitive that it counts to them."""
    found = set()
    for entity in spacy(text).ents:
        if kind := _SPACY.get(entity.label_):
            name = entity.text.removesuffix("'s").removesuffix("’s").rstrip()
            bare = name[4:] if name[:4] in ("the ", "The ") else name
            start = entity.start_char + len(name) - len(bare)
            found.add((start, start + len(bare), kind))
    return found


def _crf(sentences: Sequence[Sentence]) -> Any:
    import pycrfsuite  # not in the environment of the tests

    trainer = pycrfsuite.Trainer(verbose=False)
    for sentence in sentences:
        trainer.append(plain_features([w for w, _ in sentence]), [label for _, label in sentence])
    trainer.set_params({"c1": 0.05, "c2": 0.2, "max_iterations": 60})
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(f"{folder}/model")
        tagger = pycrfsuite.Tagger()
        tagger.open(f"{folder}/model")
        return tagger


def _f1(gold: Sequence[Spans], predictions: Sequence[Spans]) -> list[float]:
    counts: Counter[tuple[str, str]] = Counter()
    for g, f in zip(gold, predictions, strict=True):
        for kind_of_count, entities in (("hit", g & f), ("gold", g), ("found", f)):
            for _, _, kind in entities:
                counts[kind_of_count, kind] += 1
                counts[kind_of_count, "all"] += 1
    return [
        2 * counts["hit", kind] / max(1, counts["gold", kind] + counts["found", kind])
        for kind in ("PER", "ORG", "LOC", "all")
    ]
