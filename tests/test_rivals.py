"""Whom an article is compared with, beyond those that own its shingles."""

import pytest

from tests.dedup.texts import invented
from tests.support.clusters import homes, story
from tests.support.pipelines import CONFIG, ingest
from worker.index.memory_index import MemoryIndex
from worker.model.records import OutcomeKind
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def test_a_copy_whose_words_all_belong_to_unlike_parts_of_the_story_is_found_in_their_cluster(
    pipeline: Pipeline, store_url: str
) -> None:
    a, b, c, d, other = (invented(number, 60) for number in range(5))
    # Two parts of one story came first and own every word of it; they are not alike.
    ingest(pipeline, [story(1, f"{a} {b}", source={"id": "morning"})], "a")
    ingest(pipeline, [story(2, f"{c} {d}", source={"id": "evening"})], "b")
    [whole] = ingest(pipeline, [story(3, f"{a} {b} {c} {d}", source={"id": "weekly"})], "c")
    assert whole.kind is OutcomeKind.DUPLICATE
    middle = f"{' '.join(b.split()[30:])} {' '.join(c.split()[:30])} {other}"
    [copy] = ingest(pipeline, [story(4, middle, source={"id": "digest"})], "d")
    assert copy.kind is OutcomeKind.DUPLICATE
    assert homes(store_url)["a-4"] == homes(store_url)["a-3"]
    assert homes(store_url)["a-1"] != homes(store_url)["a-2"]
