"""Measure the CPU time of cleaning a complete page, compared with trafilatura with metadata.

    python -m bench.page_speed FOLDER [--limit N]

FOLDER has pages, or folders of pages (bench.pages describes the formats). Each page is cleaned and
extracted in turn, three times; the least time of each counts. Pages that the worker also gives to
other extractors are counted apart.
"""

import argparse
import random
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median

from trafilatura import extract

from bench.clean import timed
from bench.pages import data_sets
from worker.clean import clean, warm
from worker.clean.page.block_classifier import classify_blocks, shipped_weights
from worker.clean.page.main_text import asks_others, parse
from worker.config.loader import load_config
from worker.model.admission import Content, RawArticle

_RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.page_speed", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=None, help="pages, drawn from all of them")
    options = parser.parse_args()
    rules = load_config(Path("config")).cleaning
    now = datetime.now(UTC)
    pages = [page for _, found in data_sets(options.folder) for page in found]
    pages = random.Random(1).sample(pages, min(len(pages), options.limit or len(pages)))

    def cleaned(markup: str) -> str:
        content = Content(type="text/html", value=markup)
        return clean(RawArticle(link="https://example.com/a", content=(content,)), rules, now).text

    def extracted(markup: str) -> str:
        return extract(markup, include_comments=False, with_metadata=True) or ""

    warm()
    extracted(pages[0].markup)
    asking: list[float] = []
    others: list[float] = []
    theirs: list[float] = []
    for page in pages:
        parsed = parse(page.markup)
        classified = classify_blocks(parsed.tree, shipped_weights())
        asks = asks_others(parsed, classified, rules.html)
        runs = [
            (timed(cleaned, page.markup)[1], timed(extracted, page.markup)[1]) for _ in range(_RUNS)
        ]
        ours, peer = (min(times) for times in zip(*runs, strict=True))
        (asking if asks else others).append(ours)
        theirs.append(peer)
    both = asking + others
    print(f"{len(pages)} pages; CPU ms a page, the least of {_RUNS} runs: mean, median")
    for name, times in (
        ("clean(), all pages", both),
        (f"clean(), {len(others)} pages that ask no other extractor", others),
        (f"clean(), {len(asking)} pages that ask others", asking),
        ("trafilatura with metadata", theirs),
    ):
        print(f"{name:52} {mean(times or [0]):6.1f} {median(times or [0]):6.1f}")
    print(f"trafilatura takes {mean(theirs) / mean(both):.2f} times as long")


if __name__ == "__main__":
    main()
