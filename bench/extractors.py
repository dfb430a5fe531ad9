"""The extractors of main text that are compared. Each library is imported when it is named."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.pages import Page
from worker.clean.page.block_classifier import (
    BlockWeights,
    classify_blocks,
    read_weights,
    shipped_weights,
)
from worker.clean.page.main_text import main_text, parse
from worker.config.loader import load_config

Extractor = Callable[[str], str]
OURS, ALONE = "article-worker", "block classifier alone"


def extractors() -> dict[str, Extractor]:
    """By name; the first is what the worker does."""
    for noisy in ("trafilatura", "readability"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    return {
        **_ours({}),
        "trafilatura": _trafilatura(),
        "trafilatura favor_precision": _trafilatura(favor_precision=True),
        "trafilatura favor_recall": _trafilatura(favor_recall=True),
        "trafilatura fast": _trafilatura(fast=True),
        "readability-lxml": _readability(),
        "resiliparse main_content": _resiliparse(),
    }


def _ours(weights: Mapping[str, BlockWeights]) -> dict[str, Extractor]:
    """The worker's extractor, and its classifier alone, which never asks another extractor."""
    rules = load_config(Path("config")).cleaning.html
    shipped = shipped_weights()
    return {
        OURS: lambda markup: main_text(parse(markup), rules, weights.get(markup))[0],
        ALONE: lambda markup: (
            classify_blocks(parse(markup).tree, weights.get(markup, shipped)).text
        ),
    }


def of_folds(pages: Sequence[Page], folds: int, kept_in: Path) -> dict[str, Extractor]:
    """The worker, each page judged by weights that no page of its site was trained on.

    Weights are kept as `fold-N.npz`, and taken from there if they are.
    """
    from bench.train_blocks import by_fold, pack, prepare, train

    fold = by_fold([page.site for page in pages], folds, seed=1)
    kept_in.mkdir(parents=True, exist_ok=True)
    weights: dict[str, BlockWeights] = {}
    for number in range(folds):
        path = kept_in / f"fold-{number}.npz"
        if not path.is_file():
            others = [prepare(p) for p, f in zip(pages, fold, strict=True) if f != number]
            path.write_bytes(pack(train([sample for sample in others if sample])))
        read = read_weights(path.read_bytes())
        weights |= {p.markup: read for p, f in zip(pages, fold, strict=True) if f == number}
    return _ours(weights)


def _trafilatura(**mode: bool) -> Extractor:
    from trafilatura import extract

    run = partial(extract, include_comments=False, **mode)
    return lambda markup: run(markup) or ""


def _readability() -> Extractor:
    from lxml.html import fromstring
    from readability import Document

    return lambda markup: str(fromstring(Document(markup).summary()).text_content())


def _resiliparse() -> Extractor:
    from resiliparse.extract.html2text import extract_plain_text

    return partial(extract_plain_text, main_content=True, alt_texts=False)
