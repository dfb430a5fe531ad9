"""Accuracy of topics on four splits, with baselines trained on the same texts, and by class."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.rivals import Matrix, NameLexicon, TfidfLinear
from devtools.news_corpora import Text, fnc1
from devtools.topic_corpora import (
    CLASSES,
    CODES,
    Row,
    definitions,
    pages,
    phrases,
    sentences,
    stories,
    wikinews,
)
from devtools.topic_training import (
    WordVectors,
    calibrated,
    calibration_error,
    held_out,
    predicted,
    thresholds,
)
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.topics.topic_model import TopicModel, shipped, words
from worker.tag.topics.topic_tags import topic_tags

_LABELS = Path(__file__).parent / "labels" / "wikinews.jsonl"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SURE = 0.6  # the share of texts a method is surest of
_FEWEST = 5  # texts of a class whose F1 is worth a mean
_DRAWS = 1000  # of texts, for an interval

Given = NDArray[np.bool_]
Counts = NDArray[np.float64]


class Data:
    """All that is trained and measured on."""

    def __init__(self, folder: Path) -> None:
        topics = folder / "topics"
        events = sentences(topics / "current_events_train_lt2020.jsonl")
        # The rows are in the order of their days: the newest begin where 2019 begins to be named.
        newest = next(
            n for n in range(len(events)) if _year_share(events[n : n + 300], "2019") > 0.02
        )
        self.before, self.newest = events[:newest], events[newest:]
        self.huffpost = sentences(topics / "huffpost_train60.jsonl", 3.0)
        self.pages = pages(folder / "cleaning" / "wcxb-dev")
        self.definitions = definitions(topics / "iptc_mapping.json")
        self.stories = stories(folder / "dedup")
        self.stream = _distinct(
            fnc1(folder / "dedup")
        )  # no recogniser of names was trained on these
        self.wikinews = list(wikinews(topics / "wikinews_2019_2020.json", _LABELS))


def _distinct(texts: Sequence[Text]) -> list[Text]:
    """Without copies, told by words from their middle."""
    return list({text.text[len(text.text) // 2 :][:40]: text for text in texts}.values())


def _year_share(rows: Sequence[Row], year: str) -> float:
    return sum(year in row.text for row in rows) / max(1, len(rows))


def splits(data: Data) -> list[tuple[str, list[Row], list[Row]]]:
    """(name, train, test); no test text, and none of its publisher, is in its training."""
    third = data.pages[::3]
    rest = [row for n, row in enumerate(data.pages) if n % 3]
    every = [*data.before, *data.huffpost, *rest, *data.stories]
    return [
        ("time: Current Events, late 2018 and 2019, from before", data.before, data.newest),
        ("source: HuffPost, from Current Events", data.before, data.huffpost),
        ("unseen sites: a third of the web pages", every, third),
        ("unseen publisher: Wikinews, full articles", every, data.wikinews),
    ]


def judge(odds: Matrix, rows: Sequence[Row]) -> str:
    """Share right (main label), right with any label, among the surest, and calibration error."""
    top, sure = odds.argmax(1), odds.max(1)
    main = np.array([t == row.classes[0] for t, row in zip(top, rows, strict=True)])
    any_ = np.array([t in row.classes for t, row in zip(top, rows, strict=True)])
    best = np.argsort(-sure)[: int(_SURE * len(rows))]
    error = calibration_error(odds, rows)
    return f"{main.mean():.3f} | {any_.mean():.3f} | {any_[best].mean():.3f} | {error:.3f}"


def ahead(ours: Matrix, theirs: Matrix, rows: Sequence[Row]) -> str:
    """How much more often the first is right than the second, text by text; 95 % interval."""
    main = np.array([row.classes[0] for row in rows])
    gain = (ours.argmax(1) == main).astype(float) - (theirs.argmax(1) == main)
    return f"{gain.mean():+.3f} ± {1.96 * gain.std() / len(rows) ** 0.5:.3f}"


class Tags(NamedTuple):
    """Texts, classes: what was given, and what should have been."""

    given: Given
    gold: Given

    @property
    def counts(self) -> Counts:
        """Text by text: tags that are right, tags given, labels."""
        right = (self.given & self.gold).sum(1)
        return np.stack([right, self.given.sum(1), self.gold.sum(1)], 1).astype(float)


def tags(odds: Matrix, limits: Matrix, rows: Sequence[Row]) -> Tags:
    gold = [[n in row.classes for n in range(len(CLASSES))] for row in rows]
    return Tags(odds >= limits, np.array(gold))


def f1(counts: Counts) -> float:
    right, given, gold = counts.sum(0)
    return float(2 * right / max(1, given + gold))


def judge_tags(its: Tags) -> str:
    """Precision, recall and F1 of all tags, the mean F1 of classes with five texts or more, the
    share of texts that get a tag at all, and of those the share with a right one."""
    right, given, gold = its.counts.sum(0)
    common = np.flatnonzero(its.gold.sum(0) >= _FEWEST)
    each = [f1(Tags(its.given[:, [n]], its.gold[:, [n]]).counts) for n in common]
    tagged = its.given.any(1)
    well = (its.given & its.gold).any(1)[tagged].mean()
    rates = right / given, right / gold, f1(its.counts), np.mean(each), tagged.mean(), well
    return " | ".join(f"{rate:.3f}" for rate in rates)


def ahead_in_tags(ours: Tags, theirs: Tags) -> str:
    """How much better the first's F1 is; the interval of 95 % is of texts drawn anew."""
    first, second = ours.counts, theirs.counts
    draw = np.random.default_rng(0).integers(len(first), size=(_DRAWS, len(first)))
    gains = [f1(first[texts]) - f1(second[texts]) for texts in draw]
    low, high = np.quantile(gains, [0.025, 0.975])
    return f"{f1(first) - f1(second):+.3f} ({low:+.3f} to {high:+.3f})"


class Trained(NamedTuple):
    """Both methods, of the same texts; what sets thresholds was held back from both."""

    ours: TopicModel
    tfidf: TfidfLinear
    limits: Matrix  # of the latter


def trained(rows: Sequence[Row], extra: Sequence[Row], vocabulary: WordVectors) -> Trained:
    kept, apart = held_out(rows)
    odds = TfidfLinear(kept).probabilities([row.text for row in apart])
    ours = TopicModel(calibrated(rows, extra, vocabulary, "bench").arrays)
    return Trained(ours, TfidfLinear(rows), thresholds(odds, apart))


def topics(data: Data, vocabulary: WordVectors) -> tuple[TfidfLinear, NameLexicon]:
    """Prints both tables; the rivals are returned for their speed."""
    cells = "main label | any label | surest 60 % | calibration error | main label, ahead"
    print(f"\n| split | method | {cells} |\n|---|---|---|---|---|---|---|")
    extra = [*data.definitions, *phrases()]
    lexicon = NameLexicon(data.definitions)
    methods: dict[int, Trained] = {}
    lines = []
    for name, train, test in splits(data):
        if len(train) not in methods:
            methods[len(train)] = trained(train, extra, vocabulary)
        its = methods[len(train)]
        texts = [row.text for row in test]
        odds, usual = predicted(its.ours, test), its.tfidf.probabilities(texts)
        plain = lexicon.probabilities(texts)
        print(f"| {name} ({len(test)}) | topic model | {judge(odds, test)} | |")
        print(f"| | TF-IDF + linear | {judge(usual, test)} | {ahead(odds, usual, test)} |")
        print(f"| | IPTC-name lexicon | {judge(plain, test)} | {ahead(odds, plain, test)} |")
        ours, theirs = tags(odds, its.ours.thresholds, test), tags(usual, its.limits, test)
        lines.append(f"| {name} ({len(test)}) | topic model | {judge_tags(ours)} | |")
        gain = ahead_in_tags(ours, theirs)
        lines.append(f"| | TF-IDF + linear | {judge_tags(theirs)} | {gain} |")
    cells = "tags right | labels found | F1 | F1, mean of classes | texts tagged | with a right one"
    print(f"\n| split | method | {cells} | F1, ahead |\n|---|---|---|---|---|---|---|---|---|")
    print("\n".join(lines))
    return its.tfidf, lexicon


def by_class(data: Data) -> None:
    """How the shipped model tags Wikinews: alone, and with the rules."""
    config, model = load_config(), shipped()
    counts: dict[str, Counter[str]] = {"model": Counter(), "rules": Counter(), "both": Counter()}
    for row in data.wikinews:
        article = article_of(row.text)
        gold = {CODES[n] for n in row.classes}
        learned = {model.codes[guess.number] for guess in model.guess(words(row.text), 1)}
        rules = {t.code for t in topic_tags(article, config.tagging.rules, _NOW)} & set(CODES)
        for name, said in (("model", learned), ("rules", rules), ("both", learned | rules)):
            for code in gold | said:
                counts[name][
                    ("both" if code in gold & said else "said" if code in said else "gold") + code
                ] += 1
            counts[name]["none"] += not said
    print("\n| Wikinews by class | texts | model: precision, recall | rules | both |")
    print("|---|---|---|---|---|")
    for code, label in zip(CODES, CLASSES, strict=True):
        texts = counts["both"]["both" + code] + counts["both"]["gold" + code]
        if texts:
            cells = [_rates(counts[name], code) for name in ("model", "rules", "both")]
            print(f"| {label} | {texts} | {' | '.join(cells)} |")
    cells = [_rates(counts[name], "") for name in ("model", "rules", "both")]
    print(f"| all | {len(data.wikinews)} | {' | '.join(cells)} |")
    print("| no tag at all | | " + " | ".join(str(counts[n]["none"]) for n in counts) + " |")


def _rates(counts: Counter[str], code: str) -> str:
    hit, said, gold = (
        sum(n for key, n in counts.items() if key.startswith(what + code) and key != "none")
        for what in ("both", "said", "gold")
    )
    return f"{hit / max(1, hit + said):.2f}, {hit / max(1, hit + gold):.2f}"


def article_of(text: str) -> Article:
    title, _, body = text.partition("\n")
    return Article(source="bench", key="id:1", title=title, text=body.strip(), language="en")
