"""Compare the main text that this worker extracts from pages with that of other extractors.

    python -m bench.clean FOLDER [--folds FOLDER] [--only NAME …] [--limit N]

FOLDER has pages with their gold main text (bench.pages describes the formats), or folders of such
pages. All extractors process a page before the next page is read, so that load of the machine
affects all of them. Prints a table for each data set, for all sets joined, and for each language.

The worker's weights were trained on the WCXB development pages: measure with --folds, so that no
page is classified with weights that were trained on a page of its site. With --limit, only some
pages of each data set are measured; the weights are trained as without it.
"""

import argparse
import os
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.extractors import Extractor, extractors, of_folds
from bench.pages import Page, data_sets
from bench.score import Score, interval, score, total
from worker.clean.page.block_classifier import BlockWeights, classify_blocks, shipped_weights
from worker.clean.page.main_text import asks_others, parse
from worker.clean.text.language import detect
from worker.config.loader import load_config

_FOLDS = 5
_MIN_PAGES = 5  # of a language that has a row of its own


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


def language_table(pages: Sequence[Page], runs: Sequence[Run]) -> list[str]:
    """A Markdown table with one row for each language: the F1 of the worker, and by how much it is
    ahead of each other extractor. Languages of few pages share a row."""
    of_pages = languages(pages)
    ours, *others = runs
    names = [ours.name, *(f"ahead of {run_.name}" for run_ in others)]
    lines = [f"| language | pages | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    for language, count in Counter(of_pages).most_common():
        at = [number for number, own in enumerate(of_pages) if own == language]
        mine = [ours.scores[number] for number in at]
        cells = [_f1_difference(mine, [run_.scores[number] for number in at]) for run_ in others]
        lines.append(f"| {language} | {count} | {total(mine)[0]:.4f} | {' | '.join(cells)} |")
    return lines


def languages(pages: Sequence[Page]) -> list[str]:
    """The language of each page, recognised from its gold text; "other" for those of few pages."""
    rules = load_config(Path("config")).cleaning.language
    found = [detect(page.text or "\n".join(page.must), "", rules)[0] for page in pages]
    counts = Counter(found)
    return [language if counts[language] >= _MIN_PAGES else "other" for language in found]


def asked_share(pages: Sequence[Page], weights: Mapping[str, BlockWeights]) -> float:
    """The share of the pages that the worker also gives to other extractors."""
    rules = load_config(Path("config")).cleaning.html
    asked = 0
    for page in pages:
        parsed = parse(page.markup)
        used = weights.get(page.markup) or shipped_weights()
        asked += asks_others(parsed, classify_blocks(parsed.tree, used), rules)
    return asked / len(pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", default=[], help="name of an extractor")
    parser.add_argument("--limit", type=int, default=None, help="pages of each data set")
    parser.add_argument(
        "--folds", type=Path, help="use weights not trained on a page's site, cached in FOLDS"
    )
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}")
    sets = dict(data_sets(options.folder))
    everything = [page for pages in sets.values() for page in pages]
    weights = of_folds(everything, _FOLDS, options.folds) if options.folds else {}
    by_name = extractors(weights)
    chosen = {n: e for n, e in by_name.items() if not options.only or n in options.only}
    measured: list[tuple[list[Page], list[Run]]] = []
    for name, pages in sets.items():
        pages = pages[: options.limit]
        measured.append((pages, run(pages, chosen)))
        _print(name, *measured[-1], weights)
    if len(measured) > 1:
        joined = [page for pages, _ in measured for page in pages]
        _print("all sets", joined, _joined([runs for _, runs in measured]), weights)


def _print(
    name: str, pages: Sequence[Page], runs: Sequence[Run], weights: Mapping[str, BlockWeights]
) -> None:
    measure = " and ".join(
        name for name, used in (("4-shingles", True), ("segments", False))
        if any(bool(page.text) is used for page in pages)
    )  # fmt: skip
    asked = asked_share(pages, weights)
    print(f"\n{name}: {len(pages)} pages, {measure}, CPU ms a page; {asked:.1%} ask others\n")
    print("\n".join(table(runs)), flush=True)
    print("\n" + "\n".join(language_table(pages, runs)), flush=True)


def _joined(of_sets: Sequence[Sequence[Run]]) -> list[Run]:
    """Join the runs of several data sets. Each page has the weight of one page: the segments of a
    page share it."""
    return [
        Run(
            parts[0].name,
            [_as_page(score_) for part in parts for score_ in part.scores],
            [ms for part in parts for ms in part.cpu_ms],
        )
        for parts in zip(*of_sets, strict=True)
    ]


def _as_page(of_segments: Score) -> Score:
    wanted = max(1.0, of_segments.recall_weight)
    return of_segments._replace(
        precision_weight=of_segments.precision_weight / wanted, recall_weight=1.0
    )


if __name__ == "__main__":
    main()
