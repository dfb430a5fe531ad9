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


def test_a_text_that_copies_only_a_copy_joins_no_cluster(
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
    assert copy.kind is OutcomeKind.NEW
    assert homes(store_url)["a-4"] == "a-4"
    [again] = ingest(pipeline, [story(5, f"{middle} {d}", source={"id": "late"})], "e")
    assert again.kind is OutcomeKind.DUPLICATE
    assert homes(store_url)["a-1"] != homes(store_url)["a-2"]


def test_texts_that_change_little_by_little_do_not_become_one_cluster(
    pipeline: Pipeline, store_url: str
) -> None:
    words = invented(7, 400).split()
    for number in range(12):  # each shares four fifths with the one before
        text = " ".join(words[20 * number : 20 * number + 100])
        ingest(pipeline, [story(number, text, source={"id": f"paper-{number}"})], f"r{number}-")
    homes_ = homes(store_url)
    distances = [int(key[2:]) - int(home[2:]) for key, home in homes_.items()]
    assert len(homes_) == 12
    assert 0 < max(map(abs, distances)) <= 3
