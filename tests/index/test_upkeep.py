"""The index is lost and put back; what is wrong in it is found."""

import json
import time
from datetime import UTC, datetime

import pytest
import redis

from tests.commands import Run, on
from tests.dedup.texts import OTHER, RULES, STORY, fingerprint_of, invented
from tests.make import NOW
from tests.support.pipelines import CONFIG, raw
from worker.index import verification
from worker.index.redis_index import RedisIndex
from worker.index.verification import ExpectedEntry
from worker.model.records import OutcomeKind, article_id_of
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore


@pytest.fixture
def pipeline(store: SqlStore, valkey: redis.Redis, valkey_url: str) -> Pipeline:
    return Pipeline(CONFIG, store, RedisIndex(valkey_url, CONFIG.dedup))


@pytest.fixture
def command(store_url: str, valkey_url: str) -> Run:
    return on(store_url, valkey_url)


def now_ingest(pipeline: Pipeline, number: int, text: str) -> OutcomeKind:
    """Stored now: the index works by the server's clock."""
    given = raw(number, text, title="Port closes gates", source={"id": f"paper-{number}"})
    [outcome] = pipeline.ingest(
        [Delivery(receipt=f"now-{number}", raw=given)], now=datetime.now(UTC)
    )
    return outcome.kind


def test_losing_the_index_in_mid_run_loses_no_identity_and_no_decision(
    pipeline: Pipeline, valkey: redis.Redis, command: Run, store: SqlStore
) -> None:
    first = [now_ingest(pipeline, n, text) for n, text in enumerate([STORY, STORY, OTHER])]
    assert first == [OutcomeKind.NEW, OutcomeKind.DUPLICATE, OutcomeKind.NEW]
    valkey.flushall()
    assert now_ingest(pipeline, 3, STORY) is OutcomeKind.NEW  # a copy that is not found meanwhile
    differs = json.loads(command("index", "verify", "--json", code=1).stdout)["differs"]
    assert differs["missing"] == 3

    assert "would put back 4 articles" in command("index", "rebuild", "--dry-run").stdout
    assert "put back 4 articles" in command("index", "rebuild").stdout
    assert "index and store agree" in command("index", "verify").stdout
    assert now_ingest(pipeline, 4, OTHER) is OutcomeKind.DUPLICATE
    assert now_ingest(pipeline, 5, STORY) is OutcomeKind.DUPLICATE
    assert "twin 1" in command("reconcile").stdout
    again = raw(0, STORY, title="Port closes gates", source={"id": "paper-0"})
    [outcome] = pipeline.ingest([Delivery(receipt="again", raw=again)], now=NOW)
    assert outcome.kind is OutcomeKind.UNCHANGED
    [canonical] = {m.cluster_id for m in store.clusters.members([outcome.article_id])}
    assert len(store.clusters.members_of([canonical])) == 4


def test_a_register_that_says_otherwise_is_found_and_rebuilt(
    pipeline: Pipeline, command: Run
) -> None:
    now_ingest(pipeline, 0, STORY)
    now_ingest(pipeline, 1, OTHER)
    mine, other = (
        m.article_id for m in pipeline.store.clusters.recent_members(NOW.replace(year=2000), 0, 9)
    )
    pipeline.index.set_canonical({mine: other})
    [found] = json.loads(command("index", "verify", "--json", code=1).stdout)["differences"]
    assert (found["what"], found["index"], found["store"]) == ("register", other, mine)
    command("index", "rebuild", "--from-nothing")
    assert "index and store agree" in command("index", "verify").stdout


def test_the_size_is_told_by_layer(pipeline: Pipeline, command: Run) -> None:
    now_ingest(pipeline, 0, STORY)
    found = json.loads(command("index", "stats", "--json").stdout)
    entries = {each["layer"]: each["entries"] for each in found["layers"]}
    assert (found["newest"], entries["names"], entries["register"]) == (1, 1, 1)
    assert entries["hashes"] == RULES.shingles.sketch + 1
    lasting = ("ids", "names", "hashes", "register")
    held = sum(each["bytes"] for each in found["layers"] if each["layer"] in lasting)
    told = command("index", "stats").stdout
    assert f"1 article in the window, {held} bytes each" in told
    assert "learned lines" in told


@pytest.mark.long
def test_five_thousand_articles_are_put_back_in_a_second_of_cpu(
    valkey: redis.Redis, valkey_url: str
) -> None:
    index = RedisIndex(valkey_url, RULES)
    prints = [fingerprint_of(invented(n)) for n in range(200)]
    ids = [article_id_of("wire", str(n)) for n in range(200)]
    page = [ExpectedEntry(i, i, p, NOW) for i, p in zip(ids, prints, strict=True)]
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        verification.restore(index, page)
        best = min(best, time.process_time() - began)
    assert len(page) / best >= 5000
    index.close()
