"""Compare the decisions of the whole system with an oracle that compares all pairs of articles.

    python -m bench.oracle [DATA] [--stories 600] [--workers 1 8] [--seed 3]

The oracle has no sketch, no index and no order: the pure rules on all pairs, nothing else. Real
pipelines on a real store and a real index take the same stream of raw articles, one worker in
order, then several at once. Every link they make has to be one the oracle allows; what it would
have linked and they did not is counted: 1 % of the articles at most. Without DATA
(devtools/news_corpora.py) the stories are invented. Exit code 1 when anything is wrong.
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
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import articles, decisions
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BATCH = 5  # articles: small, so that copies meet across batches
MOST_MISSED = 0.01  # of the articles

Likes = Mapping[str, Mapping[str, Match]]  # article -> what it is like -> how


class Oracle(NamedTuple):
    """What the rules say of all pairs."""

    prints: Mapping[str, Fingerprint]
    holders: Counter[int]  # how many articles have a hash in their sketch
    copies: Likes
    variants: Likes

    @classmethod
    def of(cls, prints: Mapping[str, Fingerprint], rules: DedupRules) -> "Oracle":
        copies: dict[str, dict[str, Match]] = {article_id: {} for article_id in prints}
        variants: dict[str, dict[str, Match]] = {article_id: {} for article_id in prints}
        for mine, rival in _pairs(prints):
            for one, other in ((mine, rival), (rival, mine)):
                if like := compare(prints[one], prints[other], rules):
                    its = copies if like.kind is OutcomeKind.DUPLICATE else variants
                    its[one][other] = like
        holders = Counter(hash_ for its in prints.values() for hash_ in its.sketch)
        return cls(prints, holders, copies, variants)

    def groups(self) -> Iterator[set[str]]:
        """Articles that are connected by copies, the single ones too."""
        left = set(self.copies)
        while left:
            group: set[str] = set()
            ahead = {next(iter(left))}
            while ahead:
                group |= ahead
                ahead = {other for one in ahead for other in self.copies[one]} - group
            left -= group
            yield group

    def certain(self, group: Collection[str], hits: int) -> bool:
        """Each is a copy of all others and of no look-alike, and has hashes in its sketch that
        nobody else has but them."""
        alike = all(len(self.copies[one]) == len(group) - 1 for one in group)
        if not alike or any(self.variants[one] for one in group):
            return False
        within = Counter(hash_ for one in group for hash_ in self.prints[one].sketch)
        own = {hash_ for hash_, count in within.items() if count == self.holders[hash_]}
        return all(self._share(one, other, own) >= hits for one, other in combinations(group, 2))

    def _share(self, one: str, other: str, own: set[int]) -> int:
        mine, its = self.prints[one], self.prints[other]
        same = len(mine.sketch) if mine.text_hash == its.text_hash else 0
        return max(same, len(own.intersection(mine.sketch, its.sketch)))


def _pairs(prints: Mapping[str, Fingerprint]) -> Iterator[tuple[str, str]]:
    """Every pair that shares a hash of any kind: what shares none can't be alike."""
    holders: dict[bytes | str, list[str]] = defaultdict(list)
    for article_id, its in prints.items():
        met = {rival for mine in {*_hashes(its)} for rival in holders[mine]}
        yield from ((article_id, rival) for rival in sorted(met))
        for mine in {*_hashes(its)}:
            holders[mine].append(article_id)


def _hashes(of: Fingerprint) -> Iterator[bytes | str]:
    yield of.text_hash
    yield from (of.shingles[place : place + 4] for place in range(0, len(of.shingles), 4))


class Decided(NamedTuple):
    """What the system says of one article: the row as it stands, and the decision on it."""

    seq: int
    article_id: str
    cluster_id: str
    verdict: str
    signal: str
    rival: str


class Report(NamedTuple):
    articles: int
    linked: int  # articles that have a copy
    links: int  # of one article to its rival
    forbidden: list[Decided]  # links that the oracle does not know
    parted: list[set[str]]  # certainly copies of each other, and yet not one cluster
    missed: set[str]  # called new although a copy stood in another cluster
    canonicals: int

    @property
    def right(self) -> bool:
        few = len(self.missed) <= MOST_MISSED * self.articles
        return few and not self.forbidden and not self.parted

    def __str__(self) -> str:
        return (
            f"{self.articles} articles, {self.linked} with copies, {self.canonicals} clusters: "
            f"{self.links} links, {len(self.forbidden)} not allowed; groups torn apart: "
            f"{len(self.parted)}; new beside a copy: {len(self.missed)} "
            f"({len(self.missed) / self.articles:.2%})"
        )


def judged(oracle: Oracle, said: Sequence[Decided], rules: DedupRules) -> Report:
    """Hold what the system says against the oracle."""
    by_id = {its.article_id: its for its in said}
    clusters: dict[str, set[str]] = defaultdict(set)
    for its in said:
        clusters[its.cluster_id].add(its.article_id)
    groups = [*oracle.groups()]
    group_of = {article_id: number for number, group in enumerate(groups) for article_id in group}
    links = [its for its in said if its.rival and its.verdict != OutcomeKind.NEW]
    forbidden = [its for its in links if not _allowed(its, oracle, group_of)]
    forbidden += [its for its in said if group_of[its.article_id] != group_of[its.cluster_id]]
    certain = [g for g in groups if oracle.certain(g, rules.index.min_hits)]
    return Report(
        articles=len(said),
        linked=sum(len(group) for group in groups if len(group) > 1),
        links=len(links),
        forbidden=forbidden,
        parted=[g for g in certain if len({by_id[i].cluster_id for i in g}) != 1],
        missed={its.article_id for its in said if _missed(its, oracle, by_id)},
        canonicals=len(clusters),
    )


def _allowed(its: Decided, oracle: Oracle, group_of: Mapping[str, int]) -> bool:
    if its.signal == "settled":  # with the one that settled for both, not with each of its copies
        return group_of[its.article_id] == group_of[its.rival]
    known = oracle.copies if its.verdict == OutcomeKind.DUPLICATE else oracle.variants
    like = known[its.article_id].get(its.rival)
    return like is not None and like.signal == its.signal


def _missed(its: Decided, oracle: Oracle, by_id: Mapping[str, Decided]) -> bool:
    """Canonical beside an earlier copy of it in another cluster: it should have joined that."""
    copies = (by_id[rival] for rival in oracle.copies[its.article_id])
    return its.cluster_id == its.article_id and any(
        copy.seq < its.seq and copy.cluster_id != its.article_id for copy in copies
    )


def prints_of(raws: Iterable[Raw], config: Config) -> dict[str, Fingerprint]:
    """By the id of the article, past pipeline and store."""
    cleaned = [clean(RawArticle.model_validate(each), config.cleaning, NOW) for each in raws]
    return {article.article_id: fingerprint(article, config.dedup) for article in cleaned}


def run(
    raws: Sequence[Raw], workers: int, config: Config, store_url: str, index_url: str
) -> list[Decided]:
    """Ingest the stream; what the store then says of each article."""
    queue: SimpleQueue[list[Delivery]] = SimpleQueue()
    given = [Delivery(receipt=str(number), raw=each) for number, each in enumerate(raws)]
    for start in range(0, len(given), BATCH):
        queue.put(given[start : start + BATCH])
    with ThreadPoolExecutor(workers) as pool:
        for done in [
            pool.submit(_work, queue, config, store_url, index_url) for _ in range(workers)
        ]:
            done.result()
    return _said(store_url)


def _work(queue: "SimpleQueue[list[Delivery]]", config: Config, *urls: str) -> None:
    store, index = SqlStore(urls[0]), RedisIndex(urls[1], config.dedup)
    pipeline = Pipeline(config, store, index)
    with closing(store), closing(index), suppress(Empty):
        while True:
            batch = queue.get_nowait()
            try:
                pipeline.ingest(batch, now=NOW)
            except Unavailable:  # put back and tried again, as a worker does
                queue.put(batch)


def _said(store_url: str) -> list[Decided]:
    engine = open_engine(parse(store_url))
    its = (articles.c.seq, articles.c.article_id, articles.c.cluster_id)
    why = (decisions.c.verdict, decisions.c.signal, decisions.c.rival)
    same = decisions.c.article_id == articles.c.article_id
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*its, *why).join(decisions, same))
        said = [Decided(*row) for row in rows]
    engine.dispose()
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--stories", type=int, default=600, help="invented ones; with DATA texts")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    config = load_config()
    raws = [*map(raw, _texts(options))]
    oracle = Oracle.of(prints_of(raws, config), config.dedup)
    right = True
    for workers in options.workers:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="oracle-"))
            store_url = f"sqlite:///{folder}/store.db"
            migrate(store_url)
            index_url = stack.enter_context(private_valkey())
            said = run(raws, workers, config, store_url, index_url)
            report = judged(oracle, said, config.dedup)
        print(f"{workers} workers: {report}", flush=True)
        for its in report.forbidden:
            print(f"    not allowed: {its}")
        right = right and report.right
    sys.exit(0 if right else 1)


def _texts(options: argparse.Namespace) -> list[Text]:
    if not options.data:
        return invented(options.stories, options.seed)
    held_back = [text for text in read(options.data) if text.held_back]
    return [item.text for item in stream(held_back[: options.stories], options.seed)]


if __name__ == "__main__":
    main()
