"""Main-text extractors to compare. A library is imported only when its extractor is made."""

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
    """All extractors by name; the first one is the worker's."""
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
    """The worker's extractor, and its block classifier alone, without the fallback extractor."""
    rules = load_config(Path("config")).cleaning.html
    shipped = shipped_weights()
    return {
        OURS: lambda markup: main_text(parse(markup), rules, weights.get(markup))[0],
        ALONE: lambda markup: (
            classify_blocks(parse(markup).tree, weights.get(markup, shipped)).text
        ),
    }


def of_folds(pages: Sequence[Page], folds: int, kept_in: Path) -> dict[str, Extractor]:
    """The worker's extractors, cross-validated: weights for a page are not trained on its site.

    The weights of each fold are cached in the folder `kept_in` as `fold-N.npz`.
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
        fold_weights = read_weights(path.read_bytes())
        weights |= {p.markup: fold_weights for p, f in zip(pages, fold, strict=True) if f == number}
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
