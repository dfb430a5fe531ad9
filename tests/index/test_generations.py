"""The window moves on: old articles leave the index, and what the store knows of them stays."""

from datetime import UTC, datetime

import pytest
import redis

from tests.dedup.texts import STORY
from tests.support.generations import grow_old
from tests.support.pipelines import CONFIG, raw
from worker.index.redis_index import RedisIndex
from worker.model.records import Outcome, OutcomeKind
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.store.sql_store import SqlStore


@pytest.fixture
def pipeline(store: SqlStore, valkey: redis.Redis, valkey_url: str) -> Pipeline:
    return Pipeline(CONFIG, store, RedisIndex(valkey_url, CONFIG.dedup))


def come(pipeline: Pipeline, paper: int, text: str = STORY, receipt: str = "") -> Outcome:
    given = raw(paper, text, title="Port closes gates", source={"id": f"paper-{paper}"})
    delivery = Delivery(receipt=receipt or f"r-{paper}", raw=given)
    [outcome] = pipeline.ingest([delivery], now=datetime.now(UTC))
    return outcome


def home(pipeline: Pipeline, outcome: Outcome) -> str:
    assert outcome.article_id
    [member] = pipeline.store.clusters.members([outcome.article_id])
    return member.cluster_id


def test_copies_of_copies_belong_to_an_article_that_has_long_left_the_index(
    pipeline: Pipeline, valkey: redis.Redis
) -> None:
    first = come(pipeline, 1)
    for paper in range(2, 5):
        grow_old(valkey)
        copy = come(pipeline, paper)
        assert (copy.kind, home(pipeline, copy)) == (OutcomeKind.DUPLICATE, first.article_id)
    valkey.hdel("aw:n:0", "1")  # in the end even its name and its cell expire
    valkey.hdel("aw:c:0", "1")
    grow_old(valkey)
    last = come(pipeline, 5)
    assert (last.kind, home(pipeline, last)) == (OutcomeKind.DUPLICATE, first.article_id)


def test_an_article_that_left_is_known_when_it_comes_again(
    pipeline: Pipeline, valkey: redis.Redis
) -> None:
    first, copy = come(pipeline, 1), come(pipeline, 2)
    for _ in range(3):
        grow_old(valkey)
    for key in valkey.keys("aw:[nc]:*"):
        valkey.delete(key)
    assert come(pipeline, 1, receipt="again").kind is OutcomeKind.UNCHANGED
    edited = come(pipeline, 2, STORY.replace("Friday", "Saturday"), receipt="edited")
    assert (edited.kind, edited.article_id) == (OutcomeKind.REVISION, copy.article_id)
    assert home(pipeline, edited) == first.article_id
    later = come(pipeline, 3)
    assert (later.kind, home(pipeline, later)) == (OutcomeKind.DUPLICATE, first.article_id)


def test_copies_that_come_after_the_window_are_new(pipeline: Pipeline, valkey: redis.Redis) -> None:
    first = come(pipeline, 1)
    grow_old(valkey)
    grow_old(valkey)
    later = come(pipeline, 2)
    assert (later.kind, home(pipeline, later)) == (OutcomeKind.NEW, later.article_id)
    assert home(pipeline, first) == first.article_id
