"""Tagging rules: milliseconds of CPU an article, by the number of phrases.

    python -m bench.rules [--articles 200] [--words 500]

Articles and phrases are drawn from one vocabulary whose words are as frequent as those of a
language (Zipf), so that some phrases stand in every article, and many are beginnings of words.
The packaged taxonomy is measured on the same articles, and `re` with one alternation beside it.
"""

import argparse
import os
import platform
import random
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bench.articles import vocabulary
from worker.config import load_config
from worker.models import Article
from worker.tag.phrases import Phrases
from worker.tag.taxonomy import Taxonomy
from worker.tag.topics import topic_tags

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PHRASES_A_RULE = 20


def articles(rng: random.Random, words: Sequence[str], count: int, length: int) -> list[Article]:
    frequency = [1 / (rank + 10) for rank in range(len(words))]
    found = []
    for number in range(count):
        text = rng.choices(words, frequency, k=length)
        sentences = [" ".join(text[at : at + 20]).capitalize() for at in range(0, length, 20)]
        body = ". ".join(sentences) + "."
        title = " ".join(rng.choices(words, frequency, k=8))
        found.append(Article(source="bench", key=f"id:{number}", title=title, text=body))
    return found


def phrases(rng: random.Random, words: Sequence[str], count: int) -> list[str]:
    """Half single words, half two, a quarter of all beginnings; rarely the commonest words."""
    rare = words[200:]
    made: set[str] = set()
    while len(made) < count:
        text = rng.choice(rare) if rng.random() < 0.5 else " ".join(rng.choices(rare, k=2))
        made.add(text + "*" if rng.random() < 0.25 else text)
    return sorted(made)


def taxonomy(wanted: Sequence[str]) -> Taxonomy:
    scoring = load_config().tagging.taxonomy.scoring.model_dump()
    topics = [
        {"code": f"t{at}", "label": f"t{at}", "rules": [{"any": wanted[at : at + PHRASES_A_RULE]}]}
        for at in range(0, len(wanted), PHRASES_A_RULE)
    ]
    return Taxonomy.model_validate({"version": "bench", "scoring": scoring, "topics": topics})


def ms(work: Callable[[Article], object], given: Sequence[Article]) -> float:
    """Mean CPU of one article; the fastest of five rounds, for the machine is not ours alone."""
    for article in given[:10]:
        work(article)
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for article in given:
            work(article)
        rounds.append((time.process_time() - began) / len(given) * 1000)
    return min(rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--words", type=int, default=500)
    options = parser.parse_args()
    rng = random.Random(7)
    words = vocabulary(rng, 20_000)
    given = articles(rng, words, options.articles, options.words)
    print(
        f"{options.articles} generated articles of {options.words} words, {os.cpu_count()} cores, "
        f"{platform.platform()}, Python {platform.python_version()}"
    )
    print(
        f"{'phrases':>10} {'find ms':>9} {'all ms':>9} {'re ms':>9} {'compile s':>10} {'hits':>6}"
    )
    for count in (100, 1_000, 10_000):
        wanted = phrases(rng, words, count)
        began = time.process_time()
        rules = taxonomy(wanted)
        automaton: Phrases = rules.compiled.phrases
        compiled_s = time.process_time() - began
        found = [len(automaton.find(article.text)) for article in given]
        one = re.compile(r"\b(?:" + "|".join(p.removesuffix("*") for p in wanted) + r")\b")
        slow = given[:3]
        print(
            f"{count:>10,} {ms(lambda a, p=automaton: p.find(a.text), given):>9.3f} "
            f"{ms(lambda a, r=rules: topic_tags(a, r, NOW), given):>9.3f} "
            f"{ms(lambda a, o=one: o.findall(a.text.casefold()), slow):>9.3f} "
            f"{compiled_s:>10.2f} {sum(found) / len(found):>6.1f}"
        )
    shipped = load_config().tagging.taxonomy
    english = [article.model_copy(update={"language": "en"}) for article in given]
    print(f"packaged taxonomy, all: {ms(lambda a: topic_tags(a, shipped, NOW), english):.3f} ms")


if __name__ == "__main__":
    main()
