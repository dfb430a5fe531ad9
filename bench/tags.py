"""Measure accuracy, calibration, speed and size of tagging, with baselines in the same run.

    python -m bench.tags --data FOLDER --vectors vectors.npz          (extra: bench)

FOLDER has topics/ (current_events_train_lt2020.jsonl, huffpost_train60.jsonl, iptc_mapping.json,
wikinews_2019_2020.json), cleaning/wcxb-dev/, dedup/fnc1-*.csv and ner/*.bio.tsv. `python -m
training.words` makes vectors.npz. docs/models/ names the source of each file. Times are CPU time.
"""

import argparse
import gc
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from bench.baselines import NameLexicon, TfidfLinear
from bench.companies import print_company_scores
from bench.names import entity_scores
from bench.topics import LANGUAGE_LABELS, Data, article_of, by_class, by_language, topics
from devtools.news_corpora import Text
from devtools.topic_corpora import Row, phrases
from devtools.topic_training import load_words
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag import tag
from worker.tag.entities import EntityRules, entity_tags
from worker.tag.tokens import reset_vocabulary
from worker.tag.topics.model_tags import model_topic_tags
from worker.tag.topics.topic_tags import topic_tags

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PARTS = ["sizes", "speed", "classes", "languages", "entities", "companies", "topics"]
_WORDS = 500


def _long(rows: Sequence[Row] | Sequence[Text]) -> list[Article]:
    """Articles of the first 500 words of each text; shorter texts are skipped."""
    articles = []
    for row in rows:
        word_ends = [match.end() for match in islice(re.finditer(r"\S+", row.text), _WORDS)]
        if len(word_ends) == _WORDS:
            articles.append(article_of(row.text[: word_ends[-1]]))
    return articles


def cpu_ms(
    work: Callable[[Article], object], articles: Sequence[Article], rounds: int = 15
) -> float:
    """Mean CPU milliseconds per article, over the fastest round of each: load only adds time."""
    best = [float("inf")] * len(articles)
    for _ in range(rounds):
        for at, article in enumerate(articles):
            began = time.process_time()
            work(article)
            best[at] = min(best[at], time.process_time() - began)
    return sum(best) * 1000 / len(articles)


def speed_of_baselines(tfidf: TfidfLinear, lexicon: NameLexicon, data: Data) -> None:
    articles = _long(data.wikinews[:80])
    print("\n| rival | CPU ms per 500 words |\n|---|---|")
    baselines: list[tuple[str, Callable[[Article], object]]] = [
        ("TF-IDF + linear", lambda a: tfidf.probabilities([f"{a.title} {a.text}"])),
        ("IPTC-name lexicon", lambda a: lexicon.probabilities([f"{a.title} {a.text}"])),
        ("flashtext, the taxonomy's phrases", _flashtext()),
        ("YAKE, keyphrases", _yake()),
    ]
    for name, work in baselines:
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
    gc.freeze()  # a worker does not hold these texts, so garbage collection must not scan them
    unseen = _unseen(entity_rules, _long(data.stream))
    thorough = entity_rules.model_copy(update={"path": "thorough"})
    thorough.warm()
    print("\n| step | CPU ms per 500 words |\n|---|---|")
    steps: list[tuple[str, Callable[[Article], object]]] = [
        ("rules", lambda a: topic_tags(a, tagging.rules, _NOW)),
        ("topic model", lambda a: model_topic_tags(a, topic_rules, tagging.taxonomy)),
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
    """CPU seconds of each article with an empty vocabulary, as in a new process; the fastest of
    several rounds."""
    best = [float("inf")] * len(articles)
    for _ in range(rounds):
        reset_vocabulary()
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
module.{load}({path})
took_ms = (time.process_time() - began) * 1000
module.{cached}.cache_clear()
tracemalloc.start()
kept = module.{load}({path})
print(took_ms, tracemalloc.get_traced_memory()[0] / 1e6)
"""


def sizes() -> None:
    print("\n| model | MB in the package | load, CPU ms | memory, MB |\n|---|---|---|---|")
    folder = Path(__file__).parents[1] / "worker" / "tag" / "data"
    models = {
        "topics": ("topics.topic_model", ""),
        "entities": ("entities.name_model", ""),
        "entities-thorough": ("entities.name_model", '"thorough"'),
        "gazetteer": ("entities.gazetteer_names", ""),
    }
    for name, (module, path) in models.items():
        load = "packaged_gazetteer" if name == "gazetteer" else "shipped"
        cached = "_loaded" if module == "entities.name_model" else load
        code = _LOAD.format(module=module, load=load, path=path, cached=cached)
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
    parts = [options.only] if options.only else _PARTS
    for name in parts:
        if name == "topics":
            speed_of_baselines(*topics(data, load_words(options.vectors)), data)
        elif name == "entities":
            entity_scores(options.data / "ner")
        elif name == "companies":
            print_company_scores(options.data)
        elif name == "languages":
            by_language(LANGUAGE_LABELS)
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
