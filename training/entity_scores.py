"""Fit the scores of names: how likely the tag of a name is to be right. Prints the tables of
worker/tag/entities/name_scores.py.

    python -m training.entity_scores --data FOLDER --labels bench/labels --lists LISTS --model M
    python -m training.entity_scores --data FOLDER --folds FOLDER

FOLDER is that of `bench.tags`; LISTS and M, a model, are those of `training.entities`. A tag in a
corpus is right if at least half of its mentions are names of its kind there. The corpora and the
news texts with marked names train the recogniser, so it is trained three times without a third of
them, and each third is tagged by the model that has not seen it. Of the texts with labelled tags
every second one is used; the others measure the scores. Environment: `uv sync --extra train`; ten
minutes.

The second form prints the tables for the other languages. --folds has the German models of
`training.language_entities`, each of which has not seen one third of the German sentences; the
Portuguese model has not seen the sentences of Bosque that are used here.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from devtools.labelled_texts import article_with_title, labelled_texts
from devtools.marked_names import MarkedText, marked_texts
from training.entities import NEWS_TIMES, Sentence, StoredWords, corpus, iob2, pack, train
from training.gazetteer import listed_groups
from training.news_names import LABELS as NEWS
from training.news_names import sentences as news_sentences
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.entities import KINDS, EntityRules, find_names
from worker.tag.entities.name_cues import CUES
from worker.tag.entities.name_ids import CodedName
from worker.tag.entities.name_model import ENGLISH, EntityModel, shipped
from worker.tag.entities.name_scores import OWN, NameFeatures, name_features
from worker.tag.tokens import tokens_of_article

_BLOCK = 10  # sentences that are tagged as one article
_FOLDS = 3
# By corpus what each tag weighs. News counts most; CrossNER has other rules for places.
_CORPORA = {"wikigold": 1.0, "wnut_tr": 0.0, "ewt_dev": 1.0, "pol_train": 0.25, "pol_dev": 0.25}
_LISTED_ONLY = (
    ("de", "de_pud_half.iob2"),
    ("pt", "pt_pud_half.iob2"),
    ("pt", "pt_bosque_train.iob2.gz"),
)
_LABELLED = {"wikinews": 4.0, "fnc1": 4.0, "wcxb": 2.0, "huffpost": 4.0, "current-events": 4.0}
_NEWS_WEIGHT = 4.0
_BOSQUE_WEIGHT = 0.5  # there are four times as many names in it as in the German sentences
_PRIOR = 25.0  # weight of the names that the lists find in as many sentences
_REGULARISATION = 4.0  # inverse strength
_GROUPS = ("listed", "listed:", "word", "words")
_FOUND_BY = (
    *(f"{name}{mark}" for name in ("several", "single", "evidence") for mark in "+-:"),
    *("words", "word"),
)


class Example(NamedTuple):
    """One tag of a labelled text: its kind, what found it, whether it is right, its weight."""

    kind: str
    features: NameFeatures
    right: bool
    weight: float


def _gold(sentences: Sequence[Sentence]) -> tuple[str, set[tuple[int, int, str]]]:
    """The text of some sentences, one a line, and its names as (start, end, kind)."""
    names, at, lines = set(), 0, []
    for sentence in sentences:
        start, kind = -1, ""
        line = " ".join(word for word, _ in sentence)
        offset = at
        for word, label in (*sentence, ("", "O")):
            if start >= 0 and label != f"I-{kind}":
                names.add((start, offset - 1, KINDS.get(kind, kind)))
                start = -1
            if label.startswith("B-") or (label != "O" and start < 0):
                start, kind = offset, label[2:]
            offset += len(word) + 1
        at += len(line) + 1
        lines.append(line)
    return "\n".join(lines), names


def _of_corpus(
    sentences: Sequence[Sentence],
    language: str,
    weight: float,
    models: Sequence[EntityModel | None],
    rules: EntityRules,
) -> Iterator[Example]:
    for block in range(0, len(sentences), _BLOCK):
        text, gold = _gold(sentences[block : block + _BLOCK])
        article = Article(source="c", key="", title="", text=text, language=language)
        model = models[block // _BLOCK % len(models)]
        tokens = tokens_of_article(article)
        for name in find_names(article, rules, tokens, model):
            hits = [(m.start - 1, m.end - 1, name.kind) in gold for m in name.mentions]
            features = name_features(name, tokens.text, recognised=model is not None)
            if language != ENGLISH:  # scores in other languages don't count cues
                features = features._replace(cues=frozenset())
            yield Example(name.kind, features, 2 * sum(hits) >= len(hits), weight)


def _of_news(
    news: Sequence[MarkedText], models: Sequence[EntityModel], rules: EntityRules
) -> Iterator[Example]:
    """Tags of the news texts in which all names are marked."""
    for number, marked in enumerate(news):
        article = Article(source="c", key="", title="", text=marked.text, language="en")
        tokens, gold = tokens_of_article(article), {*marked.names}
        for name in find_names(article, rules, tokens, models[number % _FOLDS]):
            hits = [(m.start - 1, m.end - 1, name.kind) in gold for m in name.mentions]
            features = name_features(name, tokens.text, recognised=True)
            yield Example(name.kind, features, 2 * sum(hits) >= len(hits), _NEWS_WEIGHT)


def _every_second_block(sentences: Sequence[Sentence]) -> list[Sentence]:
    return [s for number, s in enumerate(sentences) if number // _BLOCK % 2 == 0]


def _of_labelled_texts(folder: Path, labels: Path, rules: EntityRules) -> Iterator[Example]:
    """Tags in every second text of those whose tags, or mentions of companies, are labelled."""
    tags: dict[tuple[str, str], dict[tuple[str, str], bool]] = defaultdict(dict)
    for line in (labels / "entity_tags.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        tags[row["corpus"], row["id"]][row["kind"], row["code"]] = row["right"]
    mentions = defaultdict(list)
    for line in (labels / "companies.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["label"] != "part":
            mentions[row["corpus"], row["id"]].append((row["start"], row["end"], row["label"]))
    used = {*[*tags][::2], *sorted(mentions)[::2]}
    for corpus_name, document, text in labelled_texts(folder):
        if (key := (corpus_name, document)) in used:
            article = article_with_title(text)
            tokens = tokens_of_article(article)
            for name in find_names(article, rules, tokens, shipped()):
                right = tags[key].get((name.kind, name.code)) if key in tags else None
                if right is None:
                    right = _as_labelled(name, mentions.get(key, ()), shift=not article.title)
                if right is not None:
                    features = name_features(name, tokens.text, recognised=True)
                    yield Example(name.kind, features, right, _LABELLED[corpus_name])


def _as_labelled(
    name: CodedName, labelled: Sequence[tuple[int, int, str]], *, shift: bool
) -> bool | None:
    """Whether a name has the kind of the first labelled mention that it overlaps; else None."""
    for mention in name.mentions:
        for start, end, label in labelled:
            if start < mention.end - shift and mention.start - shift < end:
                return label == name.kind
    return None


def _of_other_languages(ner: Path, folds: Path, rules: EntityRules) -> Iterator[Example]:
    """Tags in German and Portuguese sentences that the model which read them has not seen."""
    others = ner / "other-languages"
    german = [_stored(folds / f"entities-de-{fold}.npz") for fold in range(_FOLDS)]
    yield from _of_corpus(iob2(others / "de_pud_half.iob2"), "de", 1.0, german, rules)
    portuguese = [shipped(language="pt")]
    yield from _of_corpus(
        iob2(others / "pt_bosque_dev.iob2.gz"), "pt", _BOSQUE_WEIGHT, portuguese, rules
    )
    # What the lists alone find says a little of what they find and the model does not.
    for language, name in _LISTED_ONLY:
        sentences = _every_second_block(iob2(others / name))
        weight = _PRIOR / len(sentences)
        for example in _of_corpus(sentences, language, weight, [None], rules):
            found_by = example.features.found_by.replace(":", "-")
            yield example._replace(features=example.features._replace(found_by=found_by))


def _stored(path: Path) -> EntityModel:
    return EntityModel(dict(np.load(path)))


def _fold_models(
    words: StoredWords,
    corpora: Sequence[Sequence[Sentence]],
    news: Sequence[MarkedText],
    folder: Path,
) -> list[EntityModel]:
    """Models each of which has not seen one third of the blocks of sentences and of the news."""
    models = []
    for fold in range(_FOLDS):
        seen = [
            sentence
            for sentences in corpora
            for number, sentence in enumerate(sentences)
            if number // _BLOCK % _FOLDS != fold
        ]
        for number, marked in enumerate(news):
            if number % _FOLDS != fold:
                seen += [*news_sentences(marked)] * NEWS_TIMES
        tagger = train(words, seen, folder / str(fold))
        models.append(EntityModel(pack([tagger], words, "fold", thorough=False)))
    return models


def fit(examples: Sequence[Example]) -> None:
    """Print the intercepts by kind and what found a name, the weights by group, and those of cues
    by kind."""
    cue_cells = [(kind, cue) for kind in KINDS.values() for cue in CUES]
    cells = [(kind, found_by) for kind in KINDS.values() for found_by in _FOUND_BY]
    examples = [e for e in examples if e.weight and e.features.found_by != OWN]
    rows = []
    for kind, features, _, _ in examples:
        rows.append(
            [
                *(cell[0] == kind and cell[1] in features.cues for cell in cue_cells),
                *((kind, features.found_by) == cell for cell in cells),
                *(2.0 * (features.found_by == found_by) for found_by in _FOUND_BY),
                *(features.log_odds * (features.group == group) for group in _GROUPS),
                *(features.doublings * (features.group == group) for group in _GROUPS),
            ]
        )
    model = LogisticRegression(C=_REGULARISATION, max_iter=5000)
    right, weights = [e.right for e in examples], [e.weight for e in examples]
    model.fit(np.array(rows, float), right, sample_weight=weights)
    by_cue, by_cell, by_found, odds, doublings = np.split(
        model.coef_[0], np.cumsum([len(cue_cells), len(cells), len(_FOUND_BY), len(_GROUPS)])
    )
    shared = dict(zip(_FOUND_BY, by_found, strict=True))
    for (kind, found_by), own in zip(cells, by_cell, strict=True):
        print(f"{kind} {found_by!r}: {model.intercept_[0] + own + 2 * shared[found_by]:.2f}")
    for group, of_odds, of_doublings in zip(_GROUPS, odds, doublings, strict=True):
        print(f"{group!r}: ({of_odds:.2f}, {of_doublings:.2f})")
    for (kind, cue), weight in zip(cue_cells, by_cue, strict=True):
        print(f"{kind} cue {cue!r}: {weight:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    for name in ("--labels", "--lists", "--model", "--folds"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    rules = load_config().tagging.entities
    if rules is None:
        raise ValueError("the packaged config tags entities")
    ner = options.data / "ner"
    if options.folds:
        fit(list(_of_other_languages(ner, options.folds, rules)))
        return
    corpora = {name: corpus(ner / f"{name}.bio.tsv") for name in _CORPORA}
    words = StoredWords(options.model, listed_groups(options.lists))
    news = [*marked_texts(options.data, NEWS)]
    with tempfile.TemporaryDirectory() as folder:
        models = _fold_models(words, [*corpora.values()], news, Path(folder))
    examples = list(_of_labelled_texts(options.data, options.labels, rules))
    examples += _of_news(news, models, rules)
    for name, weight in _CORPORA.items():
        examples += _of_corpus(corpora[name], "en", weight, models, rules)
    for language, name in _LISTED_ONLY:
        sentences = _every_second_block(iob2(ner / "other-languages" / name))
        weight = 1.0 if "pud" in name else 0.5
        examples += _of_corpus(sentences, language, weight, [None], rules)
    fit(examples)


if __name__ == "__main__":
    main()
