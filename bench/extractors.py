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


def extractors(weights: Mapping[str, BlockWeights] | None = None) -> dict[str, Extractor]:
    """All extractors by name; the first one is the worker's. `weights` has those to classify a page
    with, by its markup; the shipped ones are used for the others."""
    for noisy in ("trafilatura", "readability"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    return {
        **_ours(weights or {}),
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


def of_folds(pages: Sequence[Page], folds: int, kept_in: Path) -> dict[str, BlockWeights]:
    """Weights for each page, by its markup, that were not trained on pages of its site.

    Only pages with their complete text are trained on. Their sites are split into folds; a page of
    another site gets weights that were trained on all of them. The weights are cached in the folder
    `kept_in`, as `fold-N.npz` and `all.npz`.
    """
    from bench.train_blocks import by_fold

    learned = [page for page in pages if page.text]
    fold = by_fold([page.site for page in learned], folds, seed=1).tolist()
    of_site = {page.site: number for page, number in zip(learned, fold, strict=True)}
    kept_in.mkdir(parents=True, exist_ok=True)
    trained = {
        number: _trained(
            [page for page, own in zip(learned, fold, strict=True) if own != number],
            kept_in / ("all.npz" if number is None else f"fold-{number}.npz"),
        )
        for number in sorted(set(fold)) + [None] * any(p.site not in of_site for p in pages)
    }
    return {page.markup: trained[of_site.get(page.site)] for page in pages}


def _trained(pages: Sequence[Page], path: Path) -> BlockWeights:
    """Read the weights from a file; if it does not exist, train them on the pages and write it."""
    from bench.train_blocks import pack, prepare, train

    if not path.is_file():
        path.write_bytes(pack(train([sample for page in pages if (sample := prepare(page))])))
    return read_weights(path.read_bytes())


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
