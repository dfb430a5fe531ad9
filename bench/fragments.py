"""Measure the CPU time of cleaning an HTML fragment of a feed, or plain text.

"To clean text" is markup and line rules of the body. "All of it" is clean(): the complete article
with language, title, dates, addresses and keys.

    python -m bench.fragments [--chars 3000] [--profile]

Fragments are random paragraphs of seeds/, each with a link, plus boilerplate that feeds append. The
time is CPU time of this process, the minimum of five rounds because the machine may be busy.
"""

import argparse
import cProfile
import pstats
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

from worker.clean import CleaningRules, clean, warm
from worker.clean.fetched_content import read_fetched
from worker.clean.lines.line_rules import ArticleMetadata, sweep
from worker.cli.file_reading import read_file
from worker.cli.folders import files_below
from worker.config.loader import load_config
from worker.model.admission import RawArticle

SEEDS = Path(__file__).parents[1] / "seeds"
FRAGMENTS, ROUNDS = 300, 5
Work = Callable[[RawArticle, CleaningRules], None]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_APPENDED = (
    "Sign up for our daily newsletter",
    "Read More About: World News",
    "(Reporting by Ann Lee; Editing by Bo Chen)",
    "The post Harbour reopens appeared first on Example News.",
)


def paragraphs() -> list[str]:
    """The English paragraphs of 100 to 600 characters among the seeds."""
    rules, prose = load_config(None).cleaning, []
    for file in files_below(SEEDS, ["expected.jsonl"]):
        for _, raw in read_file(file):
            try:
                article = clean(RawArticle.model_validate(raw), rules, NOW)
            except ValueError:  # some seeds break the contract on purpose
                continue
            except Exception:  # noqa: S112, BLE001 - cleaning rejects others on purpose
                continue
            if article.language == "en":
                prose += [p for p in article.text.split("\n\n") if 100 < len(p) < 600]
    return prose


def raws(chars: int, wrap: Callable[[str], str], media_type: str) -> Iterator[RawArticle]:
    """Yield raw articles with bodies of about `chars` characters; `wrap` marks up a paragraph."""
    rng, prose = random.Random(1), paragraphs()
    for number in range(FRAGMENTS):
        body: list[str] = []
        while sum(map(len, body)) < chars:
            body.append(wrap(rng.choice(prose)))
        body.append(wrap(rng.choice(_APPENDED)))
        fields: dict[str, Any] = {
            "id": f"fragment-{number}",
            "link": f"https://news.example/{number}/story?utm_source=feed",
            "title": f"{rng.choice(prose)[:60]} – Example News",
            "published": "Sun, 22 Nov 2026 08:00:00 GMT",
            "authors": ["Ann Lee"],
            "tags": ["World", "Harbours"],
            "content": [{"type": media_type, "value": "\n".join(body)}],
            "source": {"id": "example", "title": "Example News"},
        }
        yield RawArticle.model_validate(fields)


def html(paragraph: str) -> str:
    words = paragraph.split(" ", 3)
    return f'<p>{words[0]} <a href="https://a.example/x">{" ".join(words[1:3])}</a> {words[-1]}</p>'


def measure(name: str, articles: list[RawArticle], rules: CleaningRules) -> None:
    kilobytes = sum(len(raw.content[0].value.encode()) for raw in articles) / len(articles) / 1000
    path, complete = (
        min(_round(work, articles, rules) for _ in range(ROUNDS)) * 1000
        for work in (_text, _complete)
    )
    print(
        f"{name:10} {kilobytes:4.1f} KB   to clean text {path:.3f} ms CPU, all of it {complete:.3f}"
    )


def _text(raw: RawArticle, rules: CleaningRules) -> None:
    sweep(read_fetched(raw, rules).body.text, ArticleMetadata(raw.title), "en", rules)


def _complete(raw: RawArticle, rules: CleaningRules) -> None:
    clean(raw, rules, NOW)


def _round(work: Work, articles: list[RawArticle], rules: CleaningRules) -> float:
    began = process_time()
    for raw in articles:
        work(raw, rules)
    return (process_time() - began) / len(articles)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chars", type=int, default=3000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    rules = load_config(None).cleaning
    warm()
    fragments = list(raws(options.chars, html, "text/html"))
    measure("fragment", fragments, rules)
    measure("plain", list(raws(options.chars, str, "text/plain")), rules)
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(_round, _complete, fragments, rules)
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
