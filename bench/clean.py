"""Compare the main text that this worker extracts from pages with that of other extractors.

    python -m bench.clean FOLDER [--folds FOLDER] [--only NAME …] [--limit N]

FOLDER has pages with their gold main text (bench.pages describes the formats), or folders of such
pages. All extractors process a page before the next page is read, so that load of the machine
affects all of them. The worker's weights were trained on the WCXB development pages: measure those
pages with --folds.
"""

import argparse
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.extractors import OURS, Extractor, extractors, of_folds
from bench.pages import Page, data_sets
from bench.score import Score, interval, score, total

_FOLDS = 5


class Run(NamedTuple):
    """The scores and times of one extractor, one entry for each page."""

    name: str
    scores: list[Score]
    cpu_ms: list[float]


def run(pages: Sequence[Page], chosen: dict[str, Extractor]) -> list[Run]:
    """Run all extractors on all pages."""
    runs = [Run(name, [], []) for name in chosen]
    for extract in chosen.values():
        extract(pages[0].markup)  # imports and models are loaded once
    for turn, page in enumerate(pages):
        # Extractors share parsers and caches: none is always the first to warm them.
        for offset in range(len(runs)):
            done = runs[(offset + turn) % len(runs)]
            text, cpu_ms = timed(chosen[done.name], page.markup)
            done.scores.append(score(page, text))
            done.cpu_ms.append(cpu_ms)
    return runs


def timed(extract: Extractor, markup: str) -> tuple[str, float]:
    """The extracted text, empty if the extractor raises, and the CPU milliseconds it took."""
    start = time.process_time()
    try:
        text = extract(markup)
    except Exception:  # noqa: BLE001 - an extractor that raises has found no text
        text = ""
    return text, (time.process_time() - start) * 1000


def table(runs: Sequence[Run]) -> list[str]:
    """A Markdown table. Its last column: F1 of the first extractor minus that of the row's, with
    the 95 % interval of this difference."""
    lines = [
        "| extractor | F1 | precision | recall | ms mean | median | p99 | the worker is ahead by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    ours = runs[0]
    for run_ in runs:
        f1, precision, recall = total(run_.scores)
        cells = [run_.name, f"{f1:.4f}", f"{precision:.4f}", f"{recall:.4f}", *_times(run_.cpu_ms)]
        cells.append("" if run_ is ours else _f1_difference(ours.scores, run_.scores))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _times(cpu_ms: Sequence[float]) -> list[str]:
    ordered = sorted(cpu_ms)
    mean, p99 = sum(ordered) / len(ordered), ordered[int(len(ordered) * 0.99)]
    return [f"{mean:.1f}", f"{ordered[len(ordered) // 2]:.1f}", f"{p99:.0f}"]


def _f1_difference(worker: Sequence[Score], other: Sequence[Score]) -> str:
    low, high = interval(worker, other)
    return f"{total(worker)[0] - total(other)[0]:+.4f} ({low:+.4f} to {high:+.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", default=[], help="name of an extractor")
    parser.add_argument("--limit", type=int, default=None, help="pages of each data set")
    parser.add_argument(
        "--folds", type=Path, help="use weights not trained on a page's site, cached in FOLDS"
    )
    options = parser.parse_args()
    by_name = extractors()
    print(f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}")
    for name, pages in data_sets(options.folder):
        pages = pages[: options.limit]
        chosen = {n: e for n, e in by_name.items() if not options.only or n in options.only}
        if options.folds and pages[0].text and OURS in chosen:
            of_site = of_folds(pages, _FOLDS, options.folds)
            chosen |= {name: extract for name, extract in of_site.items() if name in chosen}
        measure = "4-shingles" if pages[0].text else "segments"
        print(f"\n{name}: {len(pages)} pages, {measure}, CPU ms a page\n", flush=True)
        print("\n".join(table(run(pages, chosen))), flush=True)


if __name__ == "__main__":
    main()
