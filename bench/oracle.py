"""Compare the decisions of the complete system with an oracle that compares all pairs of articles.

    python -m bench.oracle [DATA] [--stories 600] [--workers 1 8] [--seed 3]

The oracle applies the pure deduplication rules to all pairs; it uses no sketches and no index, and
the order of arrival does not matter to it. Pipelines on a real store and a real index process the
same stream of raw articles, first with one worker in order, then with several at once. The oracle
must allow every link that they make. Articles that they left without a link that the oracle found
are counted; at most 1 % of the articles are accepted. Without DATA (the folder that
devtools/news_corpora.py describes) the articles are generated. The exit code is 1 if a check fails.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

import sqlalchemy as sa

from bench.stream import stream
from bench.wire import Raw, invented, raw
from devtools.news_corpora import Text, read
from devtools.servers import private_valkey
from worker.clean import clean
from worker.config.loader import Config, load_config
from worker.dedup import DedupRules, Match, compare, fingerprint
from worker.errors import Unavailable
from worker.index.redis_index import RedisIndex
from worker.model.admission import RawArticle
from worker.model.records import Fingerprint, OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import articles, decisions
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BATCH = 5  # articles: small, so that copies arrive in different batches
MOST_MISSED = 0.01  # of the articles

MatchesById = Mapping[str, Mapping[str, Match]]  # article id -> id of a similar article -> match


class Oracle(NamedTuple):
    """The matches that the deduplication rules find among all pairs of articles."""

    fingerprints: Mapping[str, Fingerprint]
    sketch_counts: Counter[int]  # hash -> number of articles with this hash in their sketch
    copies: MatchesById
    variants: MatchesById

    @classmethod
    def of(cls, fingerprints: Mapping[str, Fingerprint], rules: DedupRules) -> "Oracle":
        copies: dict[str, dict[str, Match]] = {article_id: {} for article_id in fingerprints}
        variants: dict[str, dict[str, Match]] = {article_id: {} for article_id in fingerprints}
        for first, second in _pairs(fingerprints):
            for article_id, other_id in ((first, second), (second, first)):
                if match := compare(fingerprints[article_id], fingerprints[other_id], rules):
                    matches = copies if match.kind is OutcomeKind.DUPLICATE else variants
                    matches[article_id][other_id] = match
        sketch_counts = Counter(hash_ for f in fingerprints.values() for hash_ in f.sketch)
        return cls(fingerprints, sketch_counts, copies, variants)

    def groups(self) -> Iterator[set[str]]:
        """Yield the connected components of the graph of copies, single articles included."""
        ungrouped = set(self.copies)
        while ungrouped:
            group: set[str] = set()
            frontier = {next(iter(ungrouped))}
            while frontier:
                group |= frontier
                frontier = {copy for member in frontier for copy in self.copies[member]} - group
            ungrouped -= group
            yield group

    def certain(self, group: Collection[str], hits: int) -> bool:
        """Whether the index must unite this group.

        All its members are copies of each other and variants of no article, and each two of them
        share at least `hits` sketch hashes that no article outside the group has.
        """
        all_copies = all(len(self.copies[article_id]) == len(group) - 1 for article_id in group)
        if not all_copies or any(self.variants[article_id] for article_id in group):
            return False
        in_group = Counter(hash_ for member in group for hash_ in self.fingerprints[member].sketch)
        own = {hash_ for hash_, count in in_group.items() if count == self.sketch_counts[hash_]}
        pairs = combinations((self.fingerprints[member] for member in group), 2)
        return all(_common_hashes(first, second, own) >= hits for first, second in pairs)


def _common_hashes(first: Fingerprint, second: Fingerprint, own: set[int]) -> int:
    """Count the hashes of `own` that both sketches have; equal texts share their whole sketch."""
    same = len(first.sketch) if first.text_hash == second.text_hash else 0
    return max(same, len(own.intersection(first.sketch, second.sketch)))


def _pairs(fingerprints: Mapping[str, Fingerprint]) -> Iterator[tuple[str, str]]:
    """Yield each pair that shares a hash of any kind; other pairs cannot be similar."""
    holders: dict[bytes | str, list[str]] = defaultdict(list)
    for article_id, fingerprint_ in fingerprints.items():
        earlier = {other_id for hash_ in {*_hashes(fingerprint_)} for other_id in holders[hash_]}
        yield from ((article_id, other_id) for other_id in sorted(earlier))
        for hash_ in {*_hashes(fingerprint_)}:
            holders[hash_].append(article_id)


def _hashes(fingerprint_: Fingerprint) -> Iterator[bytes | str]:
    yield fingerprint_.text_hash
    yield from (
        fingerprint_.shingles[offset : offset + 4]
        for offset in range(0, len(fingerprint_.shingles), 4)
    )


class StoredDecision(NamedTuple):
    """The stored row of an article with the decision that deduplication made on it."""

    seq: int
    article_id: str
    cluster_id: str
    verdict: str
    signal: str
    rival: str


class Report(NamedTuple):
    """The result of comparing the stored decisions with the oracle."""

    articles: int
    with_copies: int  # articles that have a copy
    links: int  # from an article to the article it was compared with
    disallowed: list[StoredDecision]  # links that the oracle did not find
    split_groups: list[set[str]]  # groups that Oracle.certain accepts, in more than one cluster
    missed: set[str]  # articles called new although an earlier copy is in another cluster
    strays: set[str]  # articles that are no copies of the canonical article of their cluster
    canonicals: int

    @property
    def passed(self) -> bool:
        most = MOST_MISSED * self.articles
        few_missed = len(self.missed) <= most and len(self.strays) <= most
        return few_missed and not self.disallowed and not self.split_groups

    def __str__(self) -> str:
        return (
            f"{self.articles} articles, {self.with_copies} with copies, "
            f"{self.canonicals} clusters: {self.links} links, {len(self.disallowed)} not allowed; "
            f"groups split: {len(self.split_groups)}; new beside a copy: {len(self.missed)} "
            f"({len(self.missed) / self.articles:.2%}); "
            f"no copies of their canonical article: {len(self.strays)}"
        )


def compare_with_oracle(
    oracle: Oracle, stored: Sequence[StoredDecision], rules: DedupRules
) -> Report:
    """Report the stored decisions that contradict the oracle, and the copies that were missed."""
    by_id = {decision.article_id: decision for decision in stored}
    clusters: dict[str, set[str]] = defaultdict(set)
    for decision in stored:
        clusters[decision.cluster_id].add(decision.article_id)
    groups = [*oracle.groups()]
    group_of = {article_id: number for number, group in enumerate(groups) for article_id in group}
    links = [d for d in stored if d.rival and d.verdict != OutcomeKind.NEW]
    disallowed = [link for link in links if not _allowed(link, oracle, group_of)]
    disallowed += [d for d in stored if group_of[d.article_id] != group_of[d.cluster_id]]
    certain = [g for g in groups if oracle.certain(g, rules.index.min_hits)]
    return Report(
        articles=len(stored),
        with_copies=sum(len(group) for group in groups if len(group) > 1),
        links=len(links),
        disallowed=disallowed,
        split_groups=[g for g in certain if len({by_id[i].cluster_id for i in g}) != 1],
        missed={d.article_id for d in stored if _missed(d, oracle, by_id)},
        strays={d.article_id for d in stored if _stray(d, oracle)},
        canonicals=len(clusters),
    )


def _allowed(decision: StoredDecision, oracle: Oracle, group_of: Mapping[str, int]) -> bool:
    if decision.signal == "settled":  # the canonical of the group, not necessarily a direct copy
        return group_of[decision.article_id] == group_of[decision.rival]
    allowed = oracle.copies if decision.verdict == OutcomeKind.DUPLICATE else oracle.variants
    match = allowed[decision.article_id].get(decision.rival)
    return match is not None and match.signal == decision.signal


def _missed(decision: StoredDecision, oracle: Oracle, by_id: Mapping[str, StoredDecision]) -> bool:
    """Whether the article is canonical although an earlier copy of it is in another cluster.

    It must be a copy of the canonical article of that cluster, too; else it belongs to none.
    """
    copies = oracle.copies[decision.article_id]
    return decision.cluster_id == decision.article_id and any(
        by_id[rival].seq < decision.seq
        and by_id[rival].cluster_id != decision.article_id
        and by_id[rival].cluster_id in copies
        for rival in copies
    )


def _stray(decision: StoredDecision, oracle: Oracle) -> bool:
    """Whether the article is in the cluster of an article of which it is no copy."""
    copies = {decision.article_id, *oracle.copies[decision.article_id]}
    return decision.cluster_id not in copies


def fingerprints_of(raws: Iterable[Raw], config: Config) -> dict[str, Fingerprint]:
    """Clean and fingerprint the raw articles without pipeline and store; keyed by article id."""
    checked = [RawArticle.model_validate(raw_article) for raw_article in raws]
    cleaned = [clean(raw_article, config.cleaning, NOW) for raw_article in checked]
    return {article.article_id: fingerprint(article, config.dedup) for article in cleaned}


def run(
    raws: Sequence[Raw], workers: int, config: Config, store_url: str, index_url: str
) -> list[StoredDecision]:
    """Ingest the stream with this many worker threads, and read the decisions from the store."""
    queue: SimpleQueue[list[Delivery]] = SimpleQueue()
    deliveries = [Delivery(receipt=str(number), raw=raw) for number, raw in enumerate(raws)]
    for start in range(0, len(deliveries), BATCH):
        queue.put(deliveries[start : start + BATCH])
    with ThreadPoolExecutor(workers) as pool:
        for done in [
            pool.submit(_work, queue, config, store_url, index_url) for _ in range(workers)
        ]:
            done.result()
    return _stored_decisions(store_url)


def _work(queue: "SimpleQueue[list[Delivery]]", config: Config, *urls: str) -> None:
    store, index = SqlStore(urls[0]), RedisIndex(urls[1], config.dedup)
    pipeline = Pipeline(config, store, index)
    with closing(store), closing(index), suppress(Empty):
        while True:
            batch = queue.get_nowait()
            try:
                pipeline.ingest(batch, now=NOW)
            except Unavailable:  # requeue the batch, as a worker does
                queue.put(batch)


def _stored_decisions(store_url: str) -> list[StoredDecision]:
    engine = open_engine(parse(store_url))
    article_columns = (articles.c.seq, articles.c.article_id, articles.c.cluster_id)
    decision_columns = (decisions.c.verdict, decisions.c.signal, decisions.c.rival)
    same = decisions.c.article_id == articles.c.article_id
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(*article_columns, *decision_columns).join(decisions, same)
        )
        stored = [StoredDecision(*row) for row in rows]
    engine.dispose()
    return stored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument(
        "--stories", type=int, default=600, help="number of generated stories, or of texts of DATA"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    config = load_config()
    raws = [*map(raw, _texts(options))]
    oracle = Oracle.of(fingerprints_of(raws, config), config.dedup)
    passed = True
    for workers in options.workers:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="oracle-"))
            store_url = f"sqlite:///{folder}/store.db"
            migrate(store_url)
            index_url = stack.enter_context(private_valkey())
            stored = run(raws, workers, config, store_url, index_url)
            report = compare_with_oracle(oracle, stored, config.dedup)
        print(f"{workers} workers: {report}", flush=True)
        for decision in report.disallowed:
            print(f"    not allowed: {decision}")
        passed = passed and report.passed
    sys.exit(0 if passed else 1)


def _texts(options: argparse.Namespace) -> list[Text]:
    if not options.data:
        return invented(options.stories, options.seed)
    held_back = [text for text in read(options.data) if text.held_back]
    return [item.text for item in stream(held_back[: options.stories], options.seed)]


if __name__ == "__main__":
    main()
