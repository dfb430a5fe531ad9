"""Measure exact F1 of names in German, French, Spanish, Italian and Portuguese, with the trained
models and with the gazetteer (list of known names) alone.

    python -m bench.language_names [--ner FOLDER --folds FOLDER]

The short articles of `bench/labels/names-by-language.tsv` need nothing else. FOLDER of --ner has
halves of the German and Portuguese PUD of Universal NER, which are read ten sentences at a time;
--folds has German models of `training.language_entities`, each without a third of the sentences.
"""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.names import in_text
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.entities import EntityRules, find_names
from worker.tag.entities.name_model import EntityModel, shipped
from worker.tag.entities.name_scores import name_features, name_score
from worker.tag.tokens import tokens_of_article

_LABELLED = Path(__file__).parent / "labels" / "names-by-language.tsv"
_MARKED = re.compile(r"\[([^|\]]+)\|(person|organisation|place)\]")
_KINDS = {"PER": "person", "ORG": "organisation", "LOC": "place"}
_BLOCK = 10  # sentences
_PUD = {"de": "de_pud_half.iob2", "pt": "pt_pud_half.iob2"}
Spans = frozenset[tuple[int, int, str]]


class LabelledText(NamedTuple):
    """An article and its names, as characters (start, end, kind) of title, line end and text."""

    article: Article
    names: Spans


def labelled_articles() -> Iterator[LabelledText]:
    """Yield the short articles, without the marks around their names."""
    for line in _LABELLED.read_text("utf-8").splitlines():
        language, title, text = line.split("\t")
        names, plain, at = set(), "", 0
        marked = f"{title}\n{text}"
        for match in _MARKED.finditer(marked):
            plain += marked[at : match.start()]
            names.add((len(plain), len(plain) + len(match[1]), match[2]))
            plain += match[1]
            at = match.end()
        title, text = (plain + marked[at:]).split("\n")
        article = Article(source="b", key="", title=title, text=text, language=language)
        yield LabelledText(article, frozenset(names))


def blocks(path: Path, language: str) -> Iterator[LabelledText]:
    """Yield the sentences of a file of Universal NER, ten of them as one article."""
    parts = path.read_text("utf-8").strip().split("\n\n")
    rows = [[line.split("\t")[1:3] for line in p.splitlines() if line[0] != "#"] for p in parts]
    for first in range(0, len(rows), _BLOCK):
        names, lines, at = set(), [], 1  # an empty title stands before the text
        for sentence in rows[first : first + _BLOCK]:
            words = [word for word, _ in sentence]
            for start, end, kind in in_text(words, [label for _, label in sentence]):
                if kind in _KINDS:
                    names.add((at + start, at + end, _KINDS[kind]))
            lines.append(" ".join(words))
            at += len(lines[-1]) + 1
        text = "\n".join(lines)
        article = Article(source="b", key="", title="", text=text, language=language)
        yield LabelledText(article, frozenset(names))


def found(article: Article, rules: EntityRules, model: EntityModel | None, least: float) -> Spans:
    """Return the mentions of all names in an article whose score is at least this."""
    tokens = tokens_of_article(article)
    spans = set()
    for name in find_names(article, rules, tokens, model):
        features = name_features(name, tokens.text, recognised=model is not None)
        if name_score(name.kind, features, article.language) >= least:
            spans |= {(mention.start, mention.end, name.kind) for mention in name.mentions}
    return frozenset(spans)


def scores(texts: Sequence[LabelledText], results: Sequence[Spans]) -> str:
    """Return precision, recall and F1 of all names, and F1 of each kind, as cells of a table."""
    counts: Counter[tuple[str, str]] = Counter()
    for text, names in zip(texts, results, strict=True):
        for what, spans in (("gold", text.names), ("found", names), ("hit", text.names & names)):
            for _, _, kind in spans:
                counts.update([(what, kind), (what, "all")])
    hits, gold, all_found = (counts[what, "all"] for what in ("hit", "gold", "found"))
    cells = [hits / max(1, all_found), hits / max(1, gold)]
    for kind in ("all", *_KINDS.values()):
        both = counts["gold", kind] + counts["found", kind]
        cells.append(2 * counts["hit", kind] / max(1, both))
    return " | ".join(f"{cell:.3f}" for cell in cells)


def _print_rows(
    name: str, texts: Sequence[LabelledText], models: Sequence[EntityModel], rules: EntityRules
) -> None:
    for method, least, used in (
        ("gazetteer alone, shown", rules.min_score, None),
        ("with the model", 0.0, models),
        ("with the model, shown", rules.min_score, models),
    ):
        results = [
            found(text.article, rules, used[n % len(used)] if used else None, least)
            for n, text in enumerate(texts)
        ]
        print(f"| {name} | {method} | {scores(texts, results)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ner", type=Path)
    parser.add_argument("--folds", type=Path)
    options = parser.parse_args()
    rules = load_config().tagging.entities
    if rules is None:
        raise ValueError("the packaged config tags entities")
    print("| texts | method | precision | recall | F1 | person | organisation | place |")
    print("|---|---|---|---|---|---|---|---|")
    by_language = defaultdict(list)
    for text in labelled_articles():
        by_language[text.article.language].append(text)
    for language, texts in by_language.items():
        _print_rows(f"short articles, {language}", texts, [shipped(language=language)], rules)
    for language, name in _PUD.items() if options.ner else ():
        texts = list(blocks(options.ner / name, language))
        models = [shipped(language=language)]
        if language == "de" and options.folds:
            paths = sorted(options.folds.glob("entities-de-*.npz"))
            models = [EntityModel(dict(np.load(path))) for path in paths]
        _print_rows(f"half of PUD, {language}", texts, models, rules)


if __name__ == "__main__":
    main()
