"""The golden test: every raw article in seeds/ ends as seeds/expected.jsonl says."""

import json
from collections import defaultdict
from collections.abc import Container, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.support.pipelines import CONFIG
from worker.cli.file_reading import read_file
from worker.cli.folders import files_below
from worker.index.memory_index import MemoryIndex
from worker.model.admission import Frozen
from worker.model.records import Outcome, OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

SEEDS = Path(__file__).parents[1] / "seeds"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COPIES = {OutcomeKind.NEW, OutcomeKind.DUPLICATE}


class Expected(Frozen):
    """One line of expected.jsonl: what becomes of one raw article."""

    seed: str  # where it is, as worker.cli.file_reading names it
    outcome: str  # a Kind, or "copy": one of the group is new, the others its duplicates
    group: str = ""
    after: str = ""  # the seed that has to arrive before it
    reason: str = ""
    title: str | None = None
    language: str = ""
    flags: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Arrived(Frozen):
    """What became of it: the outcome, and the store's portrait right after its batch."""

    outcome: Outcome
    portrait: dict[str, Any] | None

    @property
    def revision(self) -> dict[str, Any]:
        assert self.portrait
        return next(r for r in self.portrait["revisions"] if r["number"] == self.outcome.revision)

    @property
    def cluster_id(self) -> str:
        assert self.portrait
        return str(self.portrait["article"]["cluster_id"])


EXPECTED = {
    line.seed: line
    for line in map(
        Expected.model_validate_json, (SEEDS / "expected.jsonl").read_text("utf-8").splitlines()
    )
}
RAWS = {
    where: raw
    for path in files_below(SEEDS, exclude=["expected.jsonl"])
    for where, raw in read_file(path, path.relative_to(SEEDS).as_posix())
}
GROUPS: dict[str, list[str]] = defaultdict(list)
for seed in RAWS:
    if seed in EXPECTED and EXPECTED[seed].group:
        GROUPS[EXPECTED[seed].group].append(seed)
ALIVE = [line for line in EXPECTED.values() if line.outcome not in ("dead", "withdrawn")]


def copies_reversed() -> list[str]:
    """The files' order with the copies of each group the other way round."""
    turned = {
        seed: other
        for group in GROUPS.values()
        for seed, other in zip(group, reversed(group), strict=True)
    }
    order: list[str] = []
    for seed in RAWS:
        if not EXPECTED[seed].after:
            order += _with_followers(turned.get(seed, seed))
    return order


def _with_followers(seed: str) -> list[str]:
    later = [other for other in RAWS if EXPECTED[other].after == seed]
    return [seed, *(each for other in later for each in _with_followers(other))]


ORDERS = {"as listed": list(RAWS), "copies reversed": copies_reversed()}


def ingest(order: Sequence[str], size: int, database: Path) -> dict[str, Arrived]:
    """Run the pipeline over the seeds in this order, `size` to a batch."""
    url = f"sqlite:///{database}"
    migrate(url)
    config, store = CONFIG, SqlStore(url)
    pipeline = Pipeline(config=config, store=store, index=MemoryIndex(config.dedup))
    arrived: dict[str, Arrived] = {}
    for at in range(0, len(order), size):
        batch = [Delivery(receipt=seed, raw=RAWS[seed]) for seed in order[at : at + size]]
        for outcome in pipeline.ingest(batch, now=NOW):
            portrait = store.show(outcome.article_id) if outcome.article_id else None
            arrived[outcome.receipt] = Arrived(outcome=outcome, portrait=portrait)
    store.close()
    return arrived


@cache
def arrivals(name: str, size: int) -> dict[str, Arrived]:
    with TemporaryDirectory() as folder:
        return ingest(ORDERS[name], size, Path(folder) / "store.sqlite3")


QUICK = [("as listed", 1), ("as listed", 100), ("copies reversed", 7)]
LONG = [("as listed", 7), ("copies reversed", 1), ("copies reversed", 100)]


@pytest.fixture(
    params=[*QUICK, *(pytest.param(each, marks=pytest.mark.long) for each in LONG)],
    ids=lambda param: f"{param[0]}, batches of {param[1]}",
)
def arrived(request: pytest.FixtureRequest) -> dict[str, Arrived]:
    return arrivals(*request.param)


@pytest.fixture
def one_by_one() -> dict[str, Arrived]:
    return arrivals("as listed", 1)


def test_every_raw_article_has_one_expectation() -> None:
    assert list(EXPECTED) == sorted(EXPECTED, key=list(RAWS).index)
    assert len(RAWS) >= 45
    assert EXPECTED.keys() == RAWS.keys()


def test_both_orders_hold_every_seed_once_and_what_must_follow_follows() -> None:
    for order in ORDERS.values():
        assert sorted(order) == sorted(RAWS)
        assert all(order.index(e.after) < order.index(e.seed) for e in ALIVE if e.after)
    assert ORDERS["as listed"] != ORDERS["copies reversed"]


def test_every_receipt_ends_as_expected(arrived: dict[str, Arrived]) -> None:
    kinds = {seed: arrived[seed].outcome.kind for seed in EXPECTED}
    wrong = {
        seed: f"{kinds[seed]}, expected {line.outcome}"
        for seed, line in EXPECTED.items()
        if kinds[seed] != line.outcome and not (line.outcome == "copy" and kinds[seed] in COPIES)
    }
    assert wrong == {}


def test_a_dead_letter_says_why(arrived: dict[str, Arrived]) -> None:
    dead = {seed: line.reason for seed, line in EXPECTED.items() if line.outcome == "dead"}
    assert {seed: arrived[seed].outcome.reason for seed in dead} == dead


@pytest.mark.parametrize("group", GROUPS)
def test_copies_have_one_canonical_whatever_their_order(
    group: str, arrived: dict[str, Arrived]
) -> None:
    copies = [arrived[seed] for seed in GROUPS[group]]
    assert sum(copy.outcome.kind is OutcomeKind.NEW for copy in copies) == 1
    (cluster_id,) = {copy.cluster_id for copy in copies}
    (canonical,) = (copy for copy in copies if copy.outcome.kind is OutcomeKind.NEW)
    assert cluster_id == canonical.outcome.article_id


def test_only_copies_share_a_cluster(arrived: dict[str, Arrived]) -> None:
    stories: dict[str, set[str]] = defaultdict(set)
    for line in ALIVE:
        first = EXPECTED[line.after or line.seed]
        stories[arrived[line.seed].cluster_id].add(first.group or first.seed)
    assert [told for told in stories.values() if len(told) > 1] == []


@pytest.mark.parametrize("line", ALIVE, ids=lambda line: line.seed)
def test_the_article_is_as_expected(line: Expected, one_by_one: dict[str, Arrived]) -> None:
    revision = one_by_one[line.seed].revision
    assert revision["language"] == line.language
    assert line.title is None or revision["title"] == line.title
    assert missing(line.flags, revision["flags"]) == []
    assert missing(line.present, revision["text"]) == []
    assert missing(line.absent, revision["text"]) == list(line.absent)
    assert missing(line.categories, revision["categories"]) == []


def missing(wanted: Sequence[str], there: Container[str]) -> list[str]:
    return [each for each in wanted if each not in there]


@pytest.mark.parametrize("line", [e for e in ALIVE if e.tags], ids=lambda line: line.seed)
def test_the_article_has_its_tags(line: Expected, one_by_one: dict[str, Arrived]) -> None:
    portrait = one_by_one[line.seed].portrait
    assert portrait
    assert missing(line.tags, {tag["code"] for tag in portrait["tags"]}) == []


def test_a_withdrawn_article_leaves_nothing_but_a_tombstone(arrived: dict[str, Arrived]) -> None:
    gone = [line for line in EXPECTED.values() if line.outcome == "withdrawn"]
    assert gone
    for line in gone:
        portrait = arrived[line.seed].portrait
        assert portrait
        assert portrait["article"]["withdrawn_at"] is not None
        assert json.dumps([portrait["revisions"], portrait["tags"]]) == "[[], []]"
