"""How right tagging is, how sure, how fast, how large; rivals in the same run.

    python -m bench.tags --data FOLDER --vectors vectors.npz          (extra: bench)

FOLDER has topics/ (current_events_train_lt2020.jsonl, huffpost_train60.jsonl, iptc_mapping.json,
wikinews_2019_2020.json), cleaning/wcxb-dev/, dedup/fnc1-*.csv and ner/*.bio.tsv; vectors.npz is
what `python -m training.words` made. docs/models/ says where each comes from. Times are CPU time.
"""

import argparse
import gc
import platform
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from bench.corpus import Text, fnc1
from bench.names import entity_scores
from bench.rivals import Matrix, NameLexicon, TfidfLinear
from training.corpora import (
    CLASSES,
    CODES,
    Row,
    definitions,
    pages,
    phrases,
    sentences,
    wikinews,
)
from training.topics import Words, calibrated, calibration_error, load_words
from worker.config import load_config
from worker.models import Article
from worker.tag import tag
from worker.tag.entities import EntityRules, entity_tags
from worker.tag.entities.tokens import start_anew
from worker.tag.learned import learned_tags
from worker.tag.topic_model import TopicModel, shipped, words
from worker.tag.topics import topic_tags

_LABELS = Path(__file__).parent / "labels" / "wikinews.jsonl"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PARTS = ["sizes", "speed", "classes", "entities", "topics"]
_WORDS = 500
_SURE = 0.6  # the share of texts a method is surest of


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
        self.stream = _distinct(fnc1(folder / "dedup"))  # nothing was trained on these
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
    every = [*data.before, *data.huffpost, *rest]
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


def topics(data: Data, vocabulary: Words) -> None:
    cells = "main label | any label | surest 60 % | calibration error | main label, ahead"
    print(f"\n| split | method | {cells} |\n|---|---|---|---|---|---|---|")
    lexicon = NameLexicon(data.definitions)
    models: dict[int, tuple[TopicModel, TfidfLinear]] = {}
    for name, train, test in splits(data):
        if len(train) not in models:
            extra = [*data.definitions, *phrases()]
            ours = TopicModel(calibrated(train, extra, vocabulary, "bench").arrays)
            models[len(train)] = ours, TfidfLinear(train)
        ours, tfidf = models[len(train)]
        texts = [row.text for row in test]
        odds = np.stack([ours.probabilities(words(text)) for text in texts])
        usual, plain = tfidf.probabilities(texts), lexicon.probabilities(texts)
        print(f"| {name} ({len(test)}) | topic model | {judge(odds, test)} | |")
        print(f"| | TF-IDF + linear | {judge(usual, test)} | {ahead(odds, usual, test)} |")
        print(f"| | IPTC-name lexicon | {judge(plain, test)} | {ahead(odds, plain, test)} |")
    _speed_of_rivals(tfidf, lexicon, data)


def by_class(data: Data) -> None:
    """How the shipped model tags Wikinews: alone, and with the rules."""
    config, model = load_config(), shipped()
    counts: dict[str, Counter[str]] = {"model": Counter(), "rules": Counter(), "both": Counter()}
    for row in data.wikinews:
        article = _article(row.text)
        gold = {CODES[n] for n in row.classes}
        learned = {model.codes[guess.number] for guess in model.guess(words(row.text), 1)}
        rules = {t.code for t in topic_tags(article, config.tagging.taxonomy, _NOW)} & set(CODES)
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


def _article(text: str) -> Article:
    title, _, body = text.partition("\n")
    return Article(source="bench", key="id:1", title=title, text=body.strip(), language="en")


def _long(rows: Sequence[Row] | Sequence[Text]) -> list[Article]:
    """The first 500 words of those that have as many."""
    found = []
    for row in rows:
        ends = [match.end() for match in islice(re.finditer(r"\S+", row.text), _WORDS)]
        if len(ends) == _WORDS:
            found.append(_article(row.text[: ends[-1]]))
    return found


def cpu_ms(
    work: Callable[[Article], object], articles: Sequence[Article], rounds: int = 15
) -> float:
    """CPU milliseconds an article, of each the best round: a busy machine only adds."""
    best = [float("inf")] * len(articles)
    for _ in range(rounds):
        for at, article in enumerate(articles):
            began = time.process_time()
            work(article)
            best[at] = min(best[at], time.process_time() - began)
    return sum(best) * 1000 / len(articles)


def _speed_of_rivals(tfidf: TfidfLinear, lexicon: NameLexicon, data: Data) -> None:
    articles = _long(data.wikinews[:80])
    print("\n| rival | CPU ms per 500 words |\n|---|---|")
    rivals: list[tuple[str, Callable[[Article], object]]] = [
        ("TF-IDF + linear", lambda a: tfidf.probabilities([f"{a.title} {a.text}"])),
        ("IPTC-name lexicon", lambda a: lexicon.probabilities([f"{a.title} {a.text}"])),
        ("flashtext, the taxonomy's phrases", _flashtext()),
        ("YAKE, keyphrases", _yake()),
    ]
    for name, work in rivals:
        print(f"| {name} | {cpu_ms(work, articles, 2):.2f} |", flush=True)


def _flashtext() -> Callable[[Article], object]:
    from flashtext import KeywordProcessor

    matcher = KeywordProcessor()
    matcher.add_keywords_from_list([row.text for row in phrases() if len(row.text) > 1])
    return lambda a: matcher.extract_keywords(f"{a.title} {a.text}")


def _yake() -> Callable[[Article], object]:
    from yake import KeywordExtractor

    extractor = KeywordExtractor(lan="en", n=3, top=8)
    return lambda a: extractor.extract_keywords(f"{a.title} {a.text}")


def speed(data: Data) -> None:
    tagging = load_config().tagging
    topic_rules, entity_rules = tagging.topics, tagging.entities
    if not topic_rules or not entity_rules:
        raise ValueError("the packaged config tags with both models")
    articles = _long(data.wikinews[:80])
    gc.freeze()  # no worker holds all these texts: they are not its garbage to look through
    unseen = _unseen(entity_rules, _long(data.stream))
    thorough = entity_rules.model_copy(update={"path": "thorough"})
    thorough.warm()
    print("\n| step | CPU ms per 500 words |\n|---|---|")
    steps: list[tuple[str, Callable[[Article], object]]] = [
        ("rules", lambda a: topic_tags(a, tagging.taxonomy, _NOW)),
        ("topic model", lambda a: learned_tags(a, topic_rules, tagging.taxonomy)),
        ("entities", lambda a: entity_tags(a, entity_rules)),
        ("entities, thorough", lambda a: entity_tags(a, thorough)),
        ("all of it", lambda a: tag(a, tagging, _NOW)),
    ]
    for name, work in steps:
        print(f"| {name} | {cpu_ms(work, articles):.2f} |", flush=True)
    for first, last in ((0, 50), (100, 200), (400, 500)):
        took = sum(unseen[first:last]) * 1000 / (last - first)
        print(f"| entities, never seen: articles {first + 1} to {last} of a process | {took:.2f} |")


def _unseen(rules: EntityRules, articles: Sequence[Article], rounds: int = 5) -> list[float]:
    """CPU seconds of each article when its process sees it for the first time, of several such
    processes the best."""
    best = [float("inf")] * len(articles)
    for _ in range(rounds):
        start_anew()
        rules.warm()  # as a worker does before it forks
        for at, article in enumerate(articles):
            began = time.process_time()
            entity_tags(article, rules)
            best[at] = min(best[at], time.process_time() - began)
    return best


_LOAD = """
import time, tracemalloc
import worker.tag.{module} as module
began = time.process_time()
module.shipped({path})
took_ms = (time.process_time() - began) * 1000
module.shipped.cache_clear()
tracemalloc.start()
kept = module.shipped({path})
print(took_ms, tracemalloc.get_traced_memory()[0] / 1e6)
"""


def sizes() -> None:
    print("\n| model | MB in the package | load, CPU ms | memory, MB |\n|---|---|---|---|")
    folder = Path(__file__).parents[1] / "worker" / "tag" / "data"
    models = {
        "topics": ("topic_model", ""),
        "entities": ("entities.model", ""),
        "entities-thorough": ("entities.model", '"thorough"'),
    }
    for name, (module, path) in models.items():
        code = _LOAD.replace("{module}", module).replace("{path}", path)
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        load, memory = map(float, out.stdout.split())
        size = (folder / f"{name}.npz").stat().st_size / 1e6
        print(f"| {name} | {size:.2f} | {load:.0f} | {memory:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--only", choices=_PARTS)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}")
    data = Data(options.data)
    wanted = [options.only] if options.only else _PARTS
    for name in wanted:
        if name == "topics":
            topics(data, load_words(options.vectors))
        elif name == "entities":
            entity_scores(options.data / "ner")
        elif name == "classes":
            by_class(data)
        elif name == "speed":
            speed(data)
        else:
            sizes()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nThe whole run: {time.process_time():.0f} s CPU, {peak:.0f} MB.")


if __name__ == "__main__":
    main()
