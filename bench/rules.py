"""Measure the CPU time of tagging rules, by the number of phrases.

    python -m bench.rules [--texts FILE --phrases FILE] [--words 500]

Both files are JSON lists or JSON lines with a "text" in each row. The first --words words of each
text of --texts are tagged. Phrases are rare sequences of one to three words of the texts of
--phrases; one phrase in seven is a prefix. Without files, both are generated from a vocabulary with
the word frequencies of a natural language.

`find` is the time of the phrase automaton. `all` is the time of tags with evidence, from rules of
20 phrases each. `re` is the time of one regular expression with the same phrases as alternatives.
"""

import argparse
import json
import os
import platform
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from devtools.generated_articles import vocabulary
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.rules.compiled_rules import compile_rules
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.topics.topic_tags import topic_tags

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PHRASES_A_RULE = 20
COUNTS = (100, 1_000, 10_000)
RARE = 0.002  # maximum share of the texts that a phrase may occur in


def read(path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    rows = json.loads(text) if text.startswith("[") else map(json.loads, text.splitlines())
    return (row["text"] for row in rows)


def generated(rng: random.Random, count: int, length: int) -> list[str]:
    words = vocabulary(rng, 50_000)
    frequency = [1 / (rank + 3) for rank in range(len(words))]
    return [" ".join(rng.choices(words, frequency, k=length)) for _ in range(count)]


def articles(texts: Iterator[str] | Sequence[str], length: int) -> list[Article]:
    """Articles of the first `length` words of each text; shorter texts than 60 % are skipped."""
    split = (text.split(" ") for text in texts)
    bodies = [" ".join(words[:length]) for words in split if len(words) >= length * 0.6]
    return [
        Article(source="bench", key=str(n), title=body[:60], text=body, language="en")
        for n, body in enumerate(bodies)
    ]


def rare_phrases(rng: random.Random, texts: Sequence[str], count: int) -> list[str]:
    """Up to `count` phrases that occur in at least two texts, but not in many."""
    text_counts: Counter[str] = Counter()
    for text in texts:
        words = re.findall(r"\w[\w'-]*", text.casefold())
        candidates = {
            " ".join(words[at : at + n]) for n in (1, 2, 3) for at in range(len(words) - n)
        }
        text_counts.update(phrase for phrase in candidates if len(phrase) > 3)
    most = max(3, RARE * len(texts))
    rare = sorted(phrase for phrase, times in text_counts.items() if 2 <= times <= most)
    return [p + "*" if rng.random() < 1 / 7 else p for p in rng.sample(rare, min(count, len(rare)))]


def taxonomy(phrases: Sequence[str]) -> Taxonomy:
    scoring = load_config().tagging.taxonomy.scoring.model_dump()
    topics = [
        {"code": f"t{at}", "label": f"t{at}", "rules": [{"any": phrases[at : at + PHRASES_A_RULE]}]}
        for at in range(0, len(phrases), PHRASES_A_RULE)
    ]
    return Taxonomy.model_validate({"version": "bench", "scoring": scoring, "topics": topics})


def ms(work: Callable[[Article], object], sample: Sequence[Article]) -> float:
    """Mean CPU milliseconds per article; the fastest of five rounds, as the machine may be busy."""
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for article in sample:
            work(article)
        rounds.append((time.process_time() - began) / len(sample) * 1000)
    return min(rounds)


def alternation(phrases: Sequence[str], sample: Sequence[Article]) -> float:
    """CPU milliseconds per article of one regular expression. It is slow: five articles only."""
    bare = sorted({p.removesuffix("*") for p in phrases}, key=len, reverse=True)
    one = re.compile(r"\b(?:" + "|".join(map(re.escape, bare)) + r")\b")
    return ms(lambda a: one.findall(a.text.casefold()), sample[:5])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--phrases", type=Path)
    parser.add_argument("--words", type=int, default=500)
    options = parser.parse_args()
    rng = random.Random(7)
    texts = read(options.texts) if options.texts else generated(rng, 200, options.words)
    sample = articles(texts, options.words)
    if not sample:
        parser.error(f"no text has {options.words * 0.6:.0f} words")
    source = [*read(options.phrases)] if options.phrases else generated(rng, 2000, 100)
    all_phrases = rare_phrases(rng, source, max(COUNTS))
    mean = sum(len(article.text.split()) for article in sample) / len(sample)
    print(
        f"{len(sample)} texts of {mean:.0f} words, {os.cpu_count()} cores, {platform.platform()}, "
        f"Python {platform.python_version()}; CPU ms a text\n\n"
        "| phrases | find | all | hits a text | re | to compile, s |\n"
        "|---|---|---|---|---|---|"
    )
    for count in COUNTS:
        phrases = all_phrases[:count]
        began = time.process_time()
        rules = compile_rules(taxonomy(phrases))
        compile_s = time.process_time() - began
        automaton = rules.phrases
        hits = sum(len(automaton.find(article.text)) for article in sample) / len(sample)
        row = (
            f"{len(phrases):,}",
            f"**{ms(lambda a, p=automaton: p.find(a.text), sample):.3f}**",
            f"{ms(lambda a, r=rules: topic_tags(a, r, NOW), sample):.3f}",
            f"{hits:.1f}",
            f"{alternation(phrases, sample):.1f}",
            f"{compile_s:.2f}",
        )
        print(f"| {' | '.join(row)} |", flush=True)
    shipped = load_config().tagging.rules
    phrase_count = len(shipped.phrase_texts)
    took = ms(lambda a: topic_tags(a, shipped, NOW), sample)
    print(f"\nThe packaged taxonomy ({phrase_count:,} phrases), all: {took:.3f} ms")


if __name__ == "__main__":
    main()
