"""Articles leave the index when their window has passed; what the store has of them stays valid."""

from datetime import UTC, datetime

import pytest
import redis

from tests.dedup.texts import STORY
from tests.support.generations import grow_old
from tests.support.pipelines import CONFIG, raw
from worker.index.redis_index import RedisIndex
from worker.model.records import Outcome, OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore


@pytest.fixture
def pipeline(store: SqlStore, valkey: redis.Redis, valkey_url: str) -> Pipeline:
    return Pipeline(CONFIG, store, RedisIndex(valkey_url, CONFIG.dedup))


def ingest(pipeline: Pipeline, paper: int, text: str = STORY, receipt: str = "") -> Outcome:
    raw_article = raw(paper, text, title="Port closes gates", source={"id": f"paper-{paper}"})
    delivery = Delivery(receipt=receipt or f"r-{paper}", raw=raw_article)
    [outcome] = pipeline.ingest([delivery], now=datetime.now(UTC))
    return outcome


def cluster_of(pipeline: Pipeline, outcome: Outcome) -> str:
    assert outcome.article_id
    [member] = pipeline.store.clusters.members([outcome.article_id])
    return member.cluster_id


def test_a_copy_of_a_copy_joins_the_cluster_of_an_article_that_left_the_index(
    pipeline: Pipeline, valkey: redis.Redis
) -> None:
    first = ingest(pipeline, 1)
    for paper in range(2, 5):
        grow_old(valkey)
        copy = ingest(pipeline, paper)
        assert (copy.kind, cluster_of(pipeline, copy)) == (OutcomeKind.DUPLICATE, first.article_id)
    valkey.hdel("aw:n:0", "1")  # in the end even its name and its cell expire
    valkey.hdel("aw:c:0", "1")
    grow_old(valkey)
    last = ingest(pipeline, 5)
    assert (last.kind, cluster_of(pipeline, last)) == (OutcomeKind.DUPLICATE, first.article_id)


def test_an_article_that_left_the_index_keeps_its_identity(
    pipeline: Pipeline, valkey: redis.Redis
) -> None:
    first, copy = ingest(pipeline, 1), ingest(pipeline, 2)
    for _ in range(3):
        grow_old(valkey)
    for key in valkey.keys("aw:[nc]:*"):
        valkey.delete(key)
    assert ingest(pipeline, 1, receipt="repeated").kind is OutcomeKind.UNCHANGED
    edited = ingest(pipeline, 2, STORY.replace("Friday", "Saturday"), receipt="edited")
    assert (edited.kind, edited.article_id) == (OutcomeKind.REVISION, copy.article_id)
    assert cluster_of(pipeline, edited) == first.article_id
    later = ingest(pipeline, 3)
    assert (later.kind, cluster_of(pipeline, later)) == (OutcomeKind.DUPLICATE, first.article_id)


def test_a_copy_that_arrives_after_the_window_is_new(
    pipeline: Pipeline, valkey: redis.Redis
) -> None:
    first = ingest(pipeline, 1)
    grow_old(valkey)
    grow_old(valkey)
    later = ingest(pipeline, 2)
    assert (later.kind, cluster_of(pipeline, later)) == (OutcomeKind.NEW, later.article_id)
    assert cluster_of(pipeline, first) == first.article_id
