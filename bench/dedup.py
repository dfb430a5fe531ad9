"""Compare deduplication with datasketch and rensa: recall, precision, time and memory.

    python -m bench.dedup DATA [--tune] [--seed 2] [--scale 1000000] [--filled 0 1000]

DATA is a folder as devtools/news_corpora.py describes it. Nothing was tuned on the measured
documents or on this seed; --tune measures the tuning split instead. The other libraries get the
thresholds that are best for exactly this stream, chosen with its gold labels. The server is the
valkey-server or redis-server on PATH, else the Valkey of the development extra.
"""

import argparse
import json
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import redis

from bench.decisions import Score, scored
from bench.dedupers import Cost, Matches, article_of, article_worker, best_threshold, decided, steps
from bench.dedupers import datasketch as by_datasketch
from bench.dedupers import rensa as by_rensa
from bench.edits import Spelling
from bench.filled import FILLS, compare_fills
from bench.scale import grow
from bench.stream import Item, stream
from devtools.news_corpora import Text, read
from devtools.servers import private_valkey, unix_url
from worker.config.loader import load_config
from worker.dedup import DedupRules, compare, fingerprint
from worker.model.records import OutcomeKind
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

_LABELS = Path(__file__).parent / "labels"
_LABELLED = ("duplicate", "revision", "variant", "different")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--tune", action="store_true", help="measure the tuning split")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--scale", type=int, help="only measure an index of this many articles")
    parser.add_argument("--filled", type=int, nargs="*", help="only measure at these fills")
    options = parser.parse_args()
    config = load_config(None)
    rules = config.dedup
    print(_machine())
    if options.scale:
        grow(options.scale, config)
        return
    texts = read(options.data)
    if options.filled is not None:
        compare_fills(texts, rules, options.seed, options.filled or FILLS)
        return
    split = [text for text in texts if text.held_back != options.tune]
    items = stream(split, options.seed)
    positives = len(items) - len({item.story for item in items})
    name = "tuning" if options.tune else "held back"
    print(
        f"split: {name}, seed {options.seed}: {len(items)} articles, {positives} of them copies\n"
    )
    _streams(items, rules)
    _labels(texts, rules, tuned=options.tune)
    compare_fills(texts, rules, options.seed)


def _streams(items: Sequence[Item], rules: DedupRules) -> None:
    with _servers() as (url, store):
        canonical, cost = article_worker(items, rules, url, store)
    _row("article-worker", scored(items, canonical), cost, len(items))
    for width in (3, 5):
        matches, cost = by_datasketch(items, width)
        _swept(f"datasketch, {width} words", items, matches, cost)
    _swept("rensa, 3 words", items, *by_rensa(items, 3))
    with private_valkey() as url:
        _swept("datasketch on Redis, 3 words", items, *by_datasketch(items, 3, url))
    unspaced = [item._replace(text=Spelling()(item.text)) for item in items]
    with _servers() as (url, store):
        canonical, cost = article_worker(unspaced, rules, url, store)
    _row("article-worker, no spaces", scored(unspaced, canonical), cost, len(unspaced))


def _swept(name: str, items: Sequence[Item], matches: Matches, cost: Cost) -> None:
    """Print the row of a method at the threshold with the best F1."""

    def f1(threshold: float) -> float:
        return scored(items, decided(items, matches, threshold)).f1

    best = best_threshold(steps(0.15, 0.65, 50), f1)
    score = scored(items, decided(items, matches, best))
    _row(f"{name}, from {best:.3f}", score, cost, len(items))


def _row(name: str, score: Score, cost: Cost, articles: int) -> None:
    per_article = [
        f"{articles / cost.cpu_s:6.0f} articles/s of CPU",
        f"{cost.bytes / articles:6.0f} bytes",
        f"{cost.trips / articles:6.2f} trips",
        f"{cost.server_cpu_s / articles * 1e6:5.0f} us server CPU",
    ]
    accuracy = f"F1 {score.f1:.4f}  precision {score.precision:.4f}  recall {score.recall:.4f}"
    print(f"{name:36}  {accuracy}  {'  '.join(per_article)}")
    print(f"    found: {_shares(score.found)}")
    print(f"    false: {_shares(score.false)}", flush=True)


def _shares(shares: dict[str, float]) -> str:
    return "  ".join(f"{name} {share:.3f}" for name, share in shares.items())


@contextmanager
def _servers() -> Iterator[tuple[str, SqlStore]]:
    with private_valkey() as url, tempfile.TemporaryDirectory(prefix="aw-bench-") as folder:
        store_url = f"sqlite:///{folder}/bench.sqlite3"
        migrate(store_url)
        store = SqlStore(store_url)
        yield url, store
        store.close()


def _labels(texts: Sequence[Text], rules: DedupRules, *, tuned: bool) -> None:
    """Judge the labelled natural pairs; a pair is in the tuning split if both its texts are."""
    by_id = {text.id: text for text in texts}

    def duplicate(a: Text, b: Text) -> bool:
        match = compare(*(fingerprint(article_of(text), rules) for text in (a, b)), rules)
        return match is not None and match.kind is OutcomeKind.DUPLICATE

    for corpus in ("fnc1", "reuters"):
        rows = map(json.loads, (_LABELS / f"{corpus}.jsonl").read_text("utf-8").splitlines())
        pairs = [(by_id[row["a"]], by_id[row["b"]], row["label"]) for row in rows]
        of_split = [p for p in pairs if (p[0].held_back or p[1].held_back) != tuned]
        _labelled(corpus, [(label, duplicate(a, b)) for a, b, label in of_split])


def _labelled(corpus: str, answers: Sequence[tuple[str, bool]]) -> None:
    def share(expected: str) -> str:
        answers_of_label = [duplicate for label, duplicate in answers if label == expected]
        return f"{sum(answers_of_label)} of {len(answers_of_label)}"

    right = sum(duplicate for label, duplicate in answers if label == "duplicate")
    wrong = sum(duplicate for label, duplicate in answers if label in ("variant", "different"))
    called = [f"{share(label)} {label}" for label in _LABELLED]
    precise = right / max(right + wrong, 1)
    print(f"labelled {corpus}: called duplicate: {', '.join(called)}; precision {precise:.3f}")


def _machine() -> str:
    with private_valkey() as url, redis.Redis.from_url(unix_url(url)) as client:
        server: Any = client.info("server")
    name = server.get("server_name", "redis")
    versions = [f"{name} {server[f'{name}_version']}"]
    libraries = [library for library in ("datasketch", "rensa", "numpy") if find_spec(library)]
    versions += [f"{library} {version(library)}" for library in libraries]
    return ", ".join([platform.platform(), f"Python {platform.python_version()}", *versions])


if __name__ == "__main__":
    main()
