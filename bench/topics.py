"""Accuracy of topics on four splits, with baselines trained on the same texts, and by class."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.baselines import Matrix, NameLexicon, TfidfLinear
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
from worker.model.records import Article, Tag
from worker.tag import Taxonomy, tag
from worker.tag.topics.topic_model import LANGUAGES, TopicModel, shipped
from worker.tag.topics.topic_tags import topic_tags
from worker.tag.topics.topic_words import words

_LABELS = Path(__file__).parent / "labels" / "wikinews.jsonl"
LANGUAGE_LABELS = _LABELS.with_name("topics-languages.jsonl")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SURE = 0.6  # share of the texts, the most certain ones, that are judged apart
_FEWEST = 5  # texts a class must have for its F1 to count in the mean
_DRAWS = 1000  # bootstrap samples for a confidence interval

Flags = NDArray[np.bool_]
Counts = NDArray[np.float64]


class Data:
    """The corpora for training and for measuring, read from the folder of `bench.tags`."""

    def __init__(self, folder: Path) -> None:
        topics = folder / "topics"
        events = sentences(topics / "current_events_train_lt2020.jsonl")
        # The rows are ordered by day: the newest part begins where texts start to mention 2019.
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
    """Remove copies: texts with the same 40 characters in the middle. The last copy is kept."""
    return list({text.text[len(text.text) // 2 :][:40]: text for text in texts}.values())


def _year_share(rows: Sequence[Row], year: str) -> float:
    return sum(year in row.text for row in rows) / max(1, len(rows))


def splits(data: Data) -> list[tuple[str, list[Row], list[Row]]]:
    """Return (name, training rows, test rows). No publisher of a test text is trained on, except
    in the split by time."""
    third_of_pages = data.pages[::3]
    rest = [row for n, row in enumerate(data.pages) if n % 3]
    all_older = [*data.before, *data.huffpost, *rest, *data.stories]
    return [
        ("time: Current Events, late 2018 and 2019, from before", data.before, data.newest),
        ("source: HuffPost, from Current Events", data.before, data.huffpost),
        ("unseen sites: a third of the web pages", all_older, third_of_pages),
        ("unseen publisher: Wikinews, full articles", all_older, data.wikinews),
    ]


def judge(odds: Matrix, rows: Sequence[Row]) -> str:
    """Format the accuracy for the main label, for any label, for any label among the most certain
    texts, and the calibration error."""
    top, sure = odds.argmax(1), odds.max(1)
    main = np.array([t == row.classes[0] for t, row in zip(top, rows, strict=True)])
    any_ = np.array([t in row.classes for t, row in zip(top, rows, strict=True)])
    best = np.argsort(-sure)[: int(_SURE * len(rows))]
    error = calibration_error(odds, rows)
    return f"{main.mean():.3f} | {any_.mean():.3f} | {any_[best].mean():.3f} | {error:.3f}"


def accuracy_difference(first: Matrix, second: Matrix, rows: Sequence[Row]) -> str:
    """Format the difference in accuracy, first minus second, with its paired 95 % interval."""
    labels = np.array([row.classes[0] for row in rows])
    differences = (first.argmax(1) == labels).astype(float) - (second.argmax(1) == labels)
    return f"{differences.mean():+.3f} ± {1.96 * differences.std() / len(rows) ** 0.5:.3f}"


class Tags(NamedTuple):
    """Assigned tags and gold labels as flags: texts x classes."""

    tagged: Flags
    gold: Flags

    @property
    def counts(self) -> Counts:
        """Per text: the numbers of correct tags, of tags, and of labels."""
        right = (self.tagged & self.gold).sum(1)
        return np.stack([right, self.tagged.sum(1), self.gold.sum(1)], 1).astype(float)


def tags(odds: Matrix, limits: Matrix, rows: Sequence[Row]) -> Tags:
    gold = [[n in row.classes for n in range(len(CLASSES))] for row in rows]
    return Tags(odds >= limits, np.array(gold))


def f1(counts: Counts) -> float:
    right, tagged, gold = counts.sum(0)
    return float(2 * right / max(1, tagged + gold))


def judge_tags(result: Tags) -> str:
    """Format precision, recall and F1 of all tags, the mean F1 of classes with five texts or more,
    the share of texts that get a tag, and the share of these with a correct tag."""
    right, tagged, gold = result.counts.sum(0)
    common = np.flatnonzero(result.gold.sum(0) >= _FEWEST)
    class_f1 = [f1(Tags(result.tagged[:, [n]], result.gold[:, [n]]).counts) for n in common]
    has_tag = result.tagged.any(1)
    well = (result.tagged & result.gold).any(1)[has_tag].mean()
    rates = right / tagged, right / gold, f1(result.counts), np.mean(class_f1), has_tag.mean(), well
    return " | ".join(f"{rate:.3f}" for rate in rates)


def f1_difference(first: Tags, second: Tags) -> str:
    """Format the difference in F1, first minus second, with its bootstrap 95 % interval."""
    first_counts, second_counts = first.counts, second.counts
    draw = np.random.default_rng(0).integers(len(first_counts), size=(_DRAWS, len(first_counts)))
    differences = [f1(first_counts[texts]) - f1(second_counts[texts]) for texts in draw]
    low, high = np.quantile(differences, [0.025, 0.975])
    return f"{f1(first_counts) - f1(second_counts):+.3f} ({low:+.3f} to {high:+.3f})"


class Trained(NamedTuple):
    """Our model and the TF-IDF baseline for the same texts; thresholds come from held-out rows."""

    ours: TopicModel
    tfidf: TfidfLinear
    limits: Matrix  # thresholds of the TF-IDF baseline


def trained(rows: Sequence[Row], extra: Sequence[Row], vocabulary: WordVectors) -> Trained:
    kept, apart = held_out(rows)
    odds = TfidfLinear(kept).probabilities([row.text for row in apart])
    ours = TopicModel(calibrated(rows, extra, vocabulary, "bench").arrays)
    return Trained(ours, TfidfLinear(rows), thresholds(odds, apart))


def topics(data: Data, vocabulary: WordVectors) -> tuple[TfidfLinear, NameLexicon]:
    """Print both accuracy tables; return the baselines, whose speed is measured later."""
    cells = "main label | any label | surest 60 % | calibration error | main label, ahead"
    print(f"\n| split | method | {cells} |\n|---|---|---|---|---|---|---|")
    extra = [*data.definitions, *phrases()]
    lexicon = NameLexicon(data.definitions)
    methods: dict[int, Trained] = {}
    lines = []
    for name, train, test in splits(data):
        if len(train) not in methods:
            methods[len(train)] = trained(train, extra, vocabulary)
        method = methods[len(train)]
        texts = [row.text for row in test]
        odds, tfidf_odds = predicted(method.ours, test), method.tfidf.probabilities(texts)
        lexicon_odds = lexicon.probabilities(texts)
        print(f"| {name} ({len(test)}) | topic model | {judge(odds, test)} | |")
        for baseline, other_odds in (
            ("TF-IDF + linear", tfidf_odds),
            ("IPTC-name lexicon", lexicon_odds),
        ):
            difference = accuracy_difference(odds, other_odds, test)
            print(f"| | {baseline} | {judge(other_odds, test)} | {difference} |")
        model_tags = tags(odds, method.ours.thresholds, test)
        tfidf_tags = tags(tfidf_odds, method.limits, test)
        lines.append(f"| {name} ({len(test)}) | topic model | {judge_tags(model_tags)} | |")
        difference = f1_difference(model_tags, tfidf_tags)
        lines.append(f"| | TF-IDF + linear | {judge_tags(tfidf_tags)} | {difference} |")
    cells = "tags right | labels found | F1 | F1, mean of classes | texts tagged | with a right one"
    print(f"\n| split | method | {cells} | F1, ahead |\n|---|---|---|---|---|---|---|---|---|")
    print("\n".join(lines))
    return method.tfidf, lexicon


def by_class(data: Data) -> None:
    """Print precision and recall by class on Wikinews: the shipped model, the rules, and both."""
    config, model = load_config(), shipped()
    counts: dict[str, Counter[str]] = {"model": Counter(), "rules": Counter(), "both": Counter()}
    for row in data.wikinews:
        article = article_of(row.text)
        gold = {CODES[n] for n in row.classes}
        model_codes = {model.codes[guess.number] for guess in model.guess(words(row.text), 1)}
        rule_codes = {t.code for t in topic_tags(article, config.tagging.rules, _NOW)} & set(CODES)
        methods = {"model": model_codes, "rules": rule_codes, "both": model_codes | rule_codes}
        for name, predicted_codes in methods.items():
            for code in gold | predicted_codes:
                counts[name][_agreement(code, gold, predicted_codes) + code] += 1
            counts[name]["none"] += not predicted_codes
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


def by_language(texts: Path) -> None:
    """Print for each language how often the model's likeliest topic is right, how many texts get a
    topic, and how many of their tags are right: of rules alone, and of rules and model."""
    tagging = load_config().tagging
    rows = [json.loads(line) for line in texts.read_text("utf-8").splitlines()]
    cells = "likeliest right | texts tagged | tags right | rules alone: texts tagged | tags right"
    print(f"\n| language | texts | {cells} | notices tagged |\n|---|---|---|---|---|---|---|---|")
    for language in LANGUAGES[1:]:
        news, notices = [], 0
        for row in rows:
            if row["language"] != language:
                continue
            article = Article(
                source="bench",
                key="id:1",
                title=row["title"],
                text=row["text"],
                language=language,
            )
            tags = [t for t in tag(article, tagging, _NOW) if t.scheme == "taxonomy"]
            if row["labels"]:
                by_rule = topic_tags(article, tagging.rules, _NOW)
                odds = shipped(language).probabilities(words(f"{article.title}\n{article.text}"))
                likeliest = CODES[int(odds.argmax())] in row["labels"]
                news.append((likeliest, *(_right(t, row["labels"]) for t in (tags, by_rule))))
            else:
                notices += bool(tags)
        likeliest_right = np.mean([right for right, _, _ in news])
        rates = " | ".join(
            f"{np.mean([bool(flags) for flags in given]):.3f} | {np.mean([*chain(*given)]):.3f}"
            for given in ([both for _, both, _ in news], [rules for _, _, rules in news])
        )
        print(f"| {language} | {len(news)} | {likeliest_right:.3f} | {rates} | {notices} |")


@cache
def _taxonomy() -> Taxonomy:
    return load_config().tagging.taxonomy


def _right(tags: Sequence[Tag], labels: Collection[str]) -> list[bool]:
    """For each tag, whether its topic or one above it is among the labels."""
    taxonomy = _taxonomy()
    return [any(code in labels for code in (t.code, *taxonomy.ancestors(t.code))) for t in tags]


def _agreement(code: str, gold: Collection[str], predicted_codes: Collection[str]) -> str:
    """Whether a class is in the labels ("gold"), in the tags ("tag"), or in both ("both")."""
    if code in gold:
        return "both" if code in predicted_codes else "gold"
    return "tag"


def _rates(counts: Counter[str], code: str) -> str:
    """Precision and recall of a class; with an empty code, of all classes."""
    correct, tag_only, gold = (
        sum(n for key, n in counts.items() if key.startswith(kind + code) and key != "none")
        for kind in ("both", "tag", "gold")
    )
    return f"{correct / max(1, correct + tag_only):.2f}, {correct / max(1, correct + gold):.2f}"


def article_of(text: str) -> Article:
    """An English article; the first line is its title."""
    title, _, body = text.partition("\n")
    return Article(source="bench", key="id:1", title=title, text=body.strip(), language="en")
