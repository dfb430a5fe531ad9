"""Repairs in the background: the index loses what it held, canonical articles die, time goes on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import redis

from devtools.servers import free_port, private_server, unix_url
from devtools.waiting import until
from tests.dedup.texts import OTHER, STORY, invented
from tests.store.stored import rows
from tests.support.clusters import homes, story
from tests.support.pipelines import CONFIG
from worker.clean import clean
from worker.dedup import fingerprint
from worker.index import CopyVote, IndexEntry, verification
from worker.index.redis_index import RedisIndex
from worker.index.verification import ExpectedEntry
from worker.index.watermark import write_watermark
from worker.model.admission import RawArticle
from worker.model.records import OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.runtime import repair_loop
from worker.store.sql_store import SqlStore

BEGAN = datetime.now(UTC).replace(microsecond=0)  # the index goes by the clock of its server
DAY = timedelta(days=1)


@pytest.fixture
def store(sqlite_store_url: str) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_store_url)
    yield store
    store.close()


@pytest.fixture
def pipeline(store: SqlStore, valkey: redis.Redis, valkey_url: str) -> Pipeline:
    return Pipeline(CONFIG, store, RedisIndex(valkey_url, CONFIG.dedup))


def put(pipeline: Pipeline, number: int, text: str, minute: float = 0) -> OutcomeKind:
    given = [Delivery(receipt=f"r{number}", raw=story(number, text))]
    [outcome] = pipeline.ingest(given, now=BEGAN + timedelta(minutes=minute))
    return outcome.kind


def make_pass(pipeline: Pipeline, index: RedisIndex, minute: float = 0) -> None:
    now = BEGAN + timedelta(minutes=minute)
    repair_loop.make_pass(pipeline.store, index, CONFIG.dedup, period=DAY, now=now)


def differences(pipeline: Pipeline, index: RedisIndex) -> list[str]:
    stored = [
        ExpectedEntry(its.article_id, its.canonical, its.fingerprint, its.at)
        for its in pipeline.store.clusters.recent_fingerprints(BEGAN - DAY, 0, 1000)
    ]
    return [found.what for found in verification.differences(index, stored)]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().split(" since=")[0] for record in caplog.records]


@contextmanager
def replica_of(port: int) -> Iterator[tuple[str, redis.Redis]]:
    options = ("--port", 0, "--save", "", "--replicaof", "127.0.0.1", port)
    with private_server(*options) as url, redis.Redis.from_url(unix_url(url)) as client:
        yield url, client


@pytest.mark.processes
def test_a_failover_that_lost_writes_is_noticed_and_put_right(
    store: SqlStore, sqlite_store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    primary = private_server("--port", port, "--save", "", "--repl-diskless-sync-delay", 0)
    with replica_of(port) as (replica_url, replica):
        with primary as url, redis.Redis.from_url(unix_url(url)) as client:
            pipeline = Pipeline(CONFIG, store, RedisIndex(url, CONFIG.dedup))
            put(pipeline, 1, OTHER)
            make_pass(pipeline, RedisIndex(url, CONFIG.dedup), minute=1)
            until(lambda: client.wait(1, 1000), "the replica follows")
            replica.replicaof("NO", "ONE")  # it is promoted before the last writes reach it
            assert put(pipeline, 2, STORY, minute=2) is OutcomeKind.NEW
            assert put(pipeline, 3, STORY, minute=2) is OutcomeKind.DUPLICATE
        promoted = RedisIndex(replica_url, CONFIG.dedup)
        pipeline.index = promoted
        assert put(pipeline, 4, STORY, minute=3) is OutcomeKind.NEW
        caplog.clear()
        caplog.set_level(logging.INFO, "worker")
        make_pass(pipeline, promoted, minute=4)
        assert homes(sqlite_store_url) == {"a-1": "a-1", "a-2": "a-2", "a-3": "a-2", "a-4": "a-2"}
        assert [row["reason"] for row in rows(sqlite_store_url, "moves")] == ["twin"]
        assert differences(pipeline, promoted) == []
        assert [line.split(" article=")[0] for line in said(caplog)] == [
            "cluster.repaired reason=twin",
            "index.put-back",
        ]
        caplog.clear()
        make_pass(pipeline, promoted, minute=5)
        assert said(caplog) == []
        assert put(pipeline, 5, STORY, minute=6) is OutcomeKind.DUPLICATE


def test_an_emptied_index_is_put_back_a_part_with_each_pass(
    pipeline: Pipeline,
    valkey: redis.Redis,
    valkey_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    texts = [STORY, OTHER, *map(invented, range(4))]
    for number, text in enumerate(texts):
        put(pipeline, number, text, minute=number)
    index = RedisIndex(valkey_url, CONFIG.dedup)
    make_pass(pipeline, index, minute=20)
    valkey.flushall()
    monkeypatch.setattr(repair_loop, "PAGE", 2)
    monkeypatch.setattr(repair_loop, "RESTORE_S", 0.0)
    caplog.clear()
    passes = 0
    while differences(pipeline, index):
        make_pass(pipeline, index, minute=21)
        passes += 1
    assert passes > 2
    assert said(caplog) == ["index.put-back"] * passes
    assert put(pipeline, 9, STORY, minute=22) is OutcomeKind.DUPLICATE


def test_the_first_pass_on_a_new_index_warns_of_nothing(
    pipeline: Pipeline, valkey: redis.Redis, valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    put(pipeline, 1, STORY)
    put(pipeline, 2, OTHER)
    caplog.set_level(logging.INFO, "worker")
    caplog.clear()
    make_pass(pipeline, RedisIndex(valkey_url, CONFIG.dedup), minute=1)
    assert [record.levelname for record in caplog.records] == ["INFO"]
    valkey.flushall()  # what was there is lost, with the note
    caplog.clear()
    make_pass(pipeline, RedisIndex(valkey_url, CONFIG.dedup), minute=2)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_server_that_was_restarted_and_has_lost_nothing_is_no_reason_for_a_warning(
    pipeline: Pipeline, valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As after `make run`, which starts and stops the embedded server."""
    index = RedisIndex(valkey_url, CONFIG.dedup)
    make_pass(pipeline, index, minute=0)
    put(pipeline, 1, STORY, minute=1)
    put(pipeline, 2, STORY, minute=1)
    write_watermark(index, "another-process", BEGAN)
    caplog.set_level(logging.INFO, "worker")
    caplog.clear()
    make_pass(pipeline, index, minute=2)
    [record] = caplog.records
    assert record.levelname == "INFO"
    assert record.getMessage().endswith("articles=2 lost=0")
    verification.clear(index)
    write_watermark(index, "another-process", BEGAN)
    caplog.clear()
    make_pass(pipeline, index, minute=3)
    assert caplog.records[-1].getMessage().endswith("articles=2 lost=2")
    assert caplog.records[-1].levelname == "WARNING"


def test_a_whole_index_is_left_alone(
    pipeline: Pipeline, valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    index = RedisIndex(valkey_url, CONFIG.dedup)
    make_pass(pipeline, index)
    put(pipeline, 1, STORY)
    caplog.clear()
    trips = index.round_trips
    make_pass(pipeline, index, minute=1)
    assert (index.round_trips - trips, said(caplog)) == (2, [])


def test_copies_of_a_canonical_article_whose_worker_died_go_on_without_it(
    pipeline: Pipeline, sqlite_store_url: str, valkey_url: str
) -> None:
    index = RedisIndex(valkey_url, CONFIG.dedup)
    dead = clean(RawArticle.model_validate(story(1)), CONFIG.cleaning, BEGAN)
    entry = IndexEntry(article_id=dead.article_id, fingerprint=fingerprint(dead, CONFIG.dedup))
    index.register_and_match([entry])
    index.elect_canonical([CopyVote(article_id=dead.article_id)])
    assert [put(pipeline, number, STORY) for number in (2, 3)] == [OutcomeKind.DUPLICATE] * 2
    make_pass(pipeline, index, minute=1)
    assert homes(sqlite_store_url) == {"a-2": "gone", "a-3": "gone"}
    make_pass(pipeline, index, minute=30)
    assert homes(sqlite_store_url) == {"a-2": "a-2", "a-3": "a-2"}
    reasons = [row["reason"] for row in rows(sqlite_store_url, "moves")]
    assert sorted(reasons) == ["inherited", "promoted"]
    assert put(pipeline, 4, STORY, minute=31) is OutcomeKind.DUPLICATE
    assert homes(sqlite_store_url)["a-4"] == "a-2"


def test_a_canonical_article_that_the_index_has_let_go_of_keeps_its_cluster(
    pipeline: Pipeline, sqlite_store_url: str, valkey: redis.Redis, valkey_url: str
) -> None:
    put(pipeline, 1, STORY)
    put(pipeline, 2, STORY)
    _, kept = pipeline.store.clusters.recent_fingerprints(BEGAN - DAY, 0, 10)
    # Two generations later only the copy is there, for it came again meanwhile.
    valkey.flushall()
    index = pipeline.index = RedisIndex(valkey_url, CONFIG.dedup)
    index.register_and_match([IndexEntry(article_id=kept.article_id, fingerprint=kept.fingerprint)])
    assert put(pipeline, 4, STORY, minute=1) is OutcomeKind.DUPLICATE
    assert homes(sqlite_store_url)["a-4"] == "a-1"
