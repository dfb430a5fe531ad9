"""Train the gradient-boosted trees that classify the blocks of a page, and write their weights.

    python -m bench.train_blocks FOLDER [--out worker/clean/weights]

FOLDER is a data set, or a folder of data sets (bench/pages.py). Only pages with their complete main
text are trained on. The seeds are fixed: the same pages give the same weights. In training, the
class-name scores and the first-stage predictions of a page come from folds without its site.
"""

import argparse
import io
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import numpy as np
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

from bench.labels import label, words
from bench.pages import Page, data_sets
from worker.clean.page.block_classifier import title_of
from worker.clean.page.block_features import HolderColumns, features, holder_columns
from worker.clean.page.blocks import Blocks, read_blocks
from worker.clean.page.class_names import ClassNameScores, tokens
from worker.clean.page.forest import LEAVES
from worker.clean.page.neighbour_features import second_features

_FOLDS = 3
_FIRST_TREES, _SECOND_TREES = 60, 60
_PARAMS = {
    "objective": "cross_entropy", "num_leaves": LEAVES, "learning_rate": 0.15, "max_bin": 63,
    "feature_fraction": 0.4, "bagging_fraction": 0.7, "bagging_freq": 1, "min_data_in_leaf": 40,
    "lambda_l2": 5.0, "verbose": -1, "num_threads": 1, "force_col_wise": True, "seed": 1,
    "deterministic": True,
}  # fmt: skip
_PRIOR, _PRIOR_SITES = 0.35, 3.0  # a class name starts as if seen on three sites with this share
_MIN_SITES = 3  # class names of fewer pages get no score
_CERTAIN_KEPT = 0.2  # share of the blocks without gold words that are trained on
_MAX_WORDS = 80  # a block weighs as much as its words, up to this number


class Sample(NamedTuple):
    """A parsed page with a label and a weight for each of its blocks."""

    site: str
    blocks: Blocks
    holders: HolderColumns
    title: str
    labels: NDArray[np.float64]
    weights: NDArray[np.float64]


Rows = list[NDArray[np.float32]]  # one table a page, one row a block


def prepare(page: Page) -> Sample | None:
    """Parse and label a page; None if it has no blocks."""
    tree = LexborHTMLParser(page.markup)
    blocks = read_blocks(tree)
    if not blocks.texts:
        return None
    labels = np.array(label(blocks.texts, page.text))
    count = np.array([min(len(words(text)), _MAX_WORDS) + 1 for text in blocks.texts])
    # All pages have the same total weight, as they have in the measured score.
    weights = count / max(100, (count * (labels > 0.5)).sum())
    return Sample(page.site, blocks, holder_columns(blocks), title_of(tree), labels, weights)


def by_fold(sites: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each page; pages of one site share one."""
    names = sorted(set(sites))
    random.Random(seed).shuffle(names)
    numbers = {name: at % folds for at, name in enumerate(names)}
    return np.array([numbers[site] for site in sites])


def learn_names(samples: Sequence[Sample]) -> dict[str, float]:
    """Log odds, relative to the average, that text in elements of a class name is main text."""
    seen: dict[str, list[float]] = defaultdict(list)
    for sample in samples:
        for token, share in _shares(sample).items():
            seen[token].append(share)
    prior = np.log(_PRIOR / (1 - _PRIOR))
    scores = {}
    for token, shares in seen.items():
        if len(shares) >= _MIN_SITES and "\n" not in token:
            good = sum(shares) + _PRIOR_SITES * _PRIOR
            bad = len(shares) - sum(shares) + _PRIOR_SITES * (1 - _PRIOR)
            scores[token] = round(float(np.log(good / bad) - prior), 2)
    return dict(sorted(scores.items()))


def _shares(sample: Sample) -> dict[str, float]:
    """For each class-name token of a page, the share of main text in its elements."""
    holders = sample.blocks.holders
    sizes = np.array([len(text) for text in sample.blocks.texts])
    cumulative = np.concatenate(([0.0], np.cumsum(sizes)))
    cumulative_gold = np.concatenate(([0.0], np.cumsum(sizes * sample.labels)))
    sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(2))
    for name, low, high in zip(holders.names, holders.first, holders.stop, strict=True):
        for token in tokens(name):
            sums[token] += (
                cumulative_gold[high] - cumulative_gold[low],
                cumulative[high] - cumulative[low],
            )
    return {token: float(g / w) for token, (g, w) in sums.items()}


def train(samples: Sequence[Sample]) -> dict[str, NDArray[Any]]:
    """Train both stages; return the arrays that worker.clean.page.block_classifier reads."""
    fold = by_fold([sample.site for sample in samples], _FOLDS, seed=2)
    feature_tables: Rows = [np.empty(0, np.float32)] * len(samples)
    for number in range(_FOLDS):
        class_scores = ClassNameScores(
            learn_names([s for s, f in zip(samples, fold, strict=True) if f != number])
        )
        for at in np.flatnonzero(fold == number):
            s = samples[at]
            feature_tables[at] = features(s.blocks, s.holders, s.title, class_scores).T
    first = _fit(feature_tables, samples, range(len(samples)), _FIRST_TREES)
    stacked: Rows = list(feature_tables)
    for number in range(_FOLDS):
        inner = _fit(feature_tables, samples, np.flatnonzero(fold != number), _FIRST_TREES)
        for at in np.flatnonzero(fold == number):
            first_scores = np.asarray(inner.predict(feature_tables[at])).astype(np.float32)
            stacked[at] = second_features(samples[at].holders, feature_tables[at].T, first_scores).T
    second = _fit(stacked, samples, range(len(samples)), _SECOND_TREES)
    names = learn_names(samples)
    return {
        "tokens": np.frombuffer("\n".join(names).encode(), dtype=np.uint8),
        "scores": np.array(list(names.values()), dtype=np.float16),
        **_arrays(first, "first"),
        **_arrays(second, "second"),
    }


def _fit(
    tables: Rows, samples: Sequence[Sample], chosen: Sequence[int] | NDArray[np.int64], trees: int
) -> lightgbm.Booster:
    rows = np.vstack([tables[at] for at in chosen])
    labels = np.concatenate([samples[at].labels for at in chosen])
    weights = np.concatenate([samples[at].weights for at in chosen])
    drawn = np.random.default_rng(0).random(len(labels)) < _CERTAIN_KEPT
    kept = (labels > 0.02) | drawn
    weights = np.where(labels > 0.02, weights, weights / _CERTAIN_KEPT)
    data = lightgbm.Dataset(rows[kept], labels[kept], weight=weights[kept])
    return lightgbm.train(dict(_PARAMS), data, trees)


def _arrays(booster: lightgbm.Booster, prefix: str) -> dict[str, NDArray[Any]]:
    """Export the trees: inner nodes with a mask of the leaves still reachable when the condition of
    the node fails, and leaf values."""
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    nodes: list[tuple[int, int, float, int]] = []
    leaves = np.zeros((len(trees), LEAVES), dtype=np.float32)
    for number, root in enumerate(trees):
        _export(root, number, 0, nodes, leaves)
    tree, feature, threshold, mask = zip(*nodes, strict=True)
    exact = np.array(threshold, dtype=np.float64)
    rounded = exact.astype(np.float32)
    # Features have 32 bits: a threshold that is rounded down splits them as the exact one does.
    low = np.where(rounded > exact, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    return {
        f"{prefix}_tree": np.array(tree, dtype=np.uint16),
        f"{prefix}_feature": np.array(feature, dtype=np.uint16),
        f"{prefix}_threshold": low.astype(np.float32),
        f"{prefix}_mask": np.array(mask, dtype=np.uint16),
        f"{prefix}_leaves": leaves,
    }


def _export(
    node: dict[str, Any],
    tree: int,
    at: int,
    nodes: list[tuple[int, int, float, int]],
    leaves: NDArray[np.float32],
) -> int:
    """Number the leaves from left to right from `at` on, and return the next free number."""
    if "leaf_value" in node:
        leaves[tree, at] = node["leaf_value"]
        return at + 1
    middle = _export(node["left_child"], tree, at, nodes, leaves)
    cleared = sum(1 << leaf for leaf in range(at, middle))
    nodes.append((tree, node["split_feature"], node["threshold"], 0xFFFF & ~cleared))
    return _export(node["right_child"], tree, middle, nodes, leaves)


def pack(arrays: dict[str, NDArray[Any]]) -> bytes:
    stored = io.BytesIO()
    np.savez_compressed(stored, **arrays)
    return stored.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("worker/clean/weights"))
    parser.add_argument("--source", default="", help="source and licence of the pages")
    options = parser.parse_args()
    pages = [page for _, pages in data_sets(options.folder) for page in pages if page.text]
    samples = [sample for page in pages if (sample := prepare(page))]
    packed = pack(train(samples))
    options.out.mkdir(exist_ok=True)
    (options.out / "blocks.npz").write_bytes(packed)
    provenance = {
        "command": f"python -m bench.train_blocks {options.folder.name}",
        "source": options.source,
        "pages": len(samples),
        "blocks": sum(len(s.labels) for s in samples),
        "lightgbm": lightgbm.__version__,
        "parameters": {**_PARAMS, "trees": [_FIRST_TREES, _SECOND_TREES]},
    }
    written = json.dumps(provenance, indent=2, ensure_ascii=False)
    (options.out / "provenance.json").write_text(written + "\n", encoding="utf-8")
    print(f"{len(packed):,} bytes from {len(samples)} pages")


if __name__ == "__main__":
    main()
