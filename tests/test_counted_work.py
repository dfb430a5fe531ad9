"""What a batch may cost, counted instead of timed: a busy machine gives the same numbers.

A bound that is too low for a change that is worth it may be raised, with the reason. Bounds are
those of Python 3.11 and about a tenth above what was counted; later versions make fewer calls.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pytest
import redis

from bench.peer.loads import whole_pages
from devtools.generated_articles import generate
from tests.support import warm as warm
from tests.support.counted_work import CountedBatches, Traffic, Work, traffic
from tests.support.pipelines import CONFIG
from tests.support.stores import sqlite_first
from tests.support.transport import peer
from worker.client.producer import Producer
from worker.index.redis_index import RedisIndex
from worker.index.redis_line_counts import RedisLineCounts
from worker.model.records import OutcomeKind
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

CHARS = 1500
AT_MOST = {
    "50 new fragments": Work(
        producer_trips=2,
        producer_bytes=150_000,
        claim_and_ack_trips=2,
        index_trips=10,
        index_bytes=225_000,
        statements=21,  # on SQLite, where what tags share is a statement of its own
        calls=525_000,
    ),
    "50 unchanged": Work(
        producer_trips=2,
        producer_bytes=150_000,
        claim_and_ack_trips=2,
        index_trips=0,
        index_bytes=0,
        statements=7,
        calls=26_000,
    ),
    "5 pages": Work(
        producer_trips=2,
        producer_bytes=760_000,
        claim_and_ack_trips=2,
        index_trips=10,
        index_bytes=42_000,
        statements=21,  # on SQLite, where what tags share is a statement of its own
        calls=230_000,  # names of the gazetteer, and more evidence for dates, than at first
    ),
}
# Of PostgreSQL, whose driver sends BEGIN by itself, and which counts outcomes and traits in one,
# and stores tags and what they share in one.
FEWER_STATEMENTS = {"50 new fragments": 5, "50 unchanged": 2, "5 pages": 5}


def batches() -> Iterator[tuple[str, list[dict[str, Any]], OutcomeKind]]:
    """Batches in the order in which they must come, with what becomes of each article."""
    fragments = list(generate(50, chars=CHARS))
    yield "50 new fragments", fragments, OutcomeKind.NEW
    yield "50 unchanged", fragments, OutcomeKind.UNCHANGED
    yield "5 pages", list(islice(whole_pages(None), 5)), OutcomeKind.NEW


@pytest.fixture
def counted(
    store: SqlStore, producer: Producer, valkey_url: str, valkey: redis.Redis
) -> Iterator[CountedBatches]:
    """A worker's parts that have processed some articles: connections are open, and what a process
    builds at its first articles is built."""
    index = RedisIndex(valkey_url, CONFIG.dedup)
    pipeline = Pipeline(CONFIG, store, index, lines=RedisLineCounts(index.client))
    with traffic() as sent, peer(valkey_url) as worker:
        batches = CountedBatches(producer, worker, pipeline, sent)
        batches.run([*generate(12, chars=CHARS, seed=2), *islice(whole_pages(None), 5, 6)])
        yield batches
    index.close()


def test_a_batch_costs_no_more_than_counted_before(counted: CountedBatches, store_url: str) -> None:
    over = {}
    for name, raws, kind in batches():
        work, outcomes = counted.run(raws)
        assert [o.kind for o in outcomes] == [kind] * len(raws)
        bounds = AT_MOST[name]
        if store_url.startswith("postgresql"):
            bounds = bounds._replace(statements=bounds.statements - FEWER_STATEMENTS[name])
        over |= {
            f"{name}: {field}": (figure, bound)
            for field, figure, bound in zip(Work._fields, work, bounds, strict=True)
            if figure > bound
        }
    assert over == {}, "(counted, bound)"


def with_a_copy(count: int, seed: int) -> list[dict[str, Any]]:
    """New articles and a copy of the first, so that the index has a candidate in every batch."""
    raws = list(generate(count, chars=600, seed=seed))
    return [*raws, raws[0] | {"id": f"copy-{seed}", "link": "", "source": {"id": "other"}}]


@sqlite_first
def test_round_trips_and_statements_do_not_grow_with_the_batch(counted: CountedBatches) -> None:
    """No part asks for its articles one by one."""
    few, few_outcomes = counted.run(with_a_copy(4, seed=3))
    many, many_outcomes = counted.run(with_a_copy(30, seed=4))
    assert [o.kind for o in (few_outcomes[-1], many_outcomes[-1])] == [OutcomeKind.DUPLICATE] * 2
    fields = ("producer_trips", "claim_and_ack_trips", "statements")
    assert [getattr(many, f) for f in fields] == [getattr(few, f) for f in fields]
    # One more for full buckets, and one for a new window of time: it may be either batch's.
    assert abs(many.index_trips - few.index_trips) <= 2


@pytest.mark.parametrize(
    ("commands", "sends"), [([], 0), ([("SET", "key", "value")], 1), ([("GET", "key")] * 30, 1)]
)
def test_a_pipeline_of_commands_counts_as_one_round_trip(
    valkey: redis.Redis, commands: Sequence[tuple[str, ...]], sends: int
) -> None:
    valkey.ping()
    with traffic() as sent:
        assert sent == Traffic()
        pipe = valkey.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        pipe.execute()
    trips, size = sent.take()
    assert trips == sends
    assert size >= sum(len(part) for command in commands for part in command)
    assert sent.take() == (0, 0)


def test_commands_sent_one_by_one_count_one_by_one(valkey: redis.Redis) -> None:
    valkey.ping()
    with traffic() as sent:
        for number in range(3):
            valkey.set("key", number)
    assert sent.sends == 3
