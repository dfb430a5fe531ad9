"""Copies of articles that the release before registered are found as well as that release did."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from tests.commands import on
from tests.dedup.texts import RULES, fingerprint_of, invented
from tests.make import NOW
from tests.store.stored import change_fingerprints, rows
from tests.support.clusters import homes, story
from tests.support.pipelines import CONFIG, ingest
from worker.index import IndexEntry
from worker.index.layout import STATE, LayoutState, active_layouts, sketch_entry
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.index.verification import ExpectedEntry, restore
from worker.model.records import Fingerprint, article_id_of
from worker.model.text_hashes import SKETCH_VERSION
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

TEXTS = [invented(seed, 200) for seed in range(60)]
CUTS = [" ".join(text.split()[:60]) for text in TEXTS]
IDS = [article_id_of("wire", str(n)) for n in range(len(TEXTS))]


@pytest.fixture
def index(valkey: redis.Redis, valkey_url: str) -> Iterator[RedisIndex]:
    index = RedisIndex(valkey_url, RULES)
    yield index
    index.close()


def as_former(fingerprint: Fingerprint) -> Fingerprint:
    """The fingerprint as the release before made it."""
    return replace(
        fingerprint,
        sketch=fingerprint.former_sketch,
        sketch_version=1,
        former_sketch=(),
        alternates=(),
    )


def entries(texts: list[str], *, former: bool, name: str = "wire") -> list[IndexEntry]:
    fingerprints = [fingerprint_of(text) for text in texts]
    return [
        IndexEntry(
            article_id=article_id_of(name, str(n)), fingerprint=as_former(f) if former else f
        )
        for n, f in enumerate(fingerprints)
    ]


def written_by_former(valkey: redis.Redis) -> None:
    """Make the index look as if the release before had begun it: it notes no sketches."""
    for field in valkey.hkeys(STATE):
        if field.endswith(b":sketch"):
            valkey.hdel(STATE, field)


def found(index: RedisIndex | MemoryIndex, *, former: bool) -> set[int]:
    """Which of CUTS find the article that they were cut from."""
    met = index.match(entries(CUTS, former=former, name="other"))
    return {n for n, of in enumerate(met) if IDS[n] in {c.article_id for c in of}}


def test_an_index_of_the_release_before_is_read_as_well_as_by_that_release(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    index.register_and_match(entries(TEXTS, former=True))
    written_by_former(valkey)
    as_before = found(index, former=True)
    assert len(as_before) > 50
    assert found(index, former=False) >= as_before


def test_a_worker_of_the_release_before_finds_new_articles(index: RedisIndex) -> None:
    index.register_and_match(entries(TEXTS, former=False))
    assert len(found(index, former=True)) > 50


def test_workers_of_both_releases_meet_each_others_articles(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    written_by_former(valkey)
    index.register_and_match(entries(TEXTS[:30], former=True))
    written_by_former(valkey)
    index.register_and_match(entries(TEXTS[30:], former=False, name="new"))
    met = index.match(entries(TEXTS, former=False, name="other"))
    assert all(met)


def test_both_indexes_find_the_same_copies(index: RedisIndex) -> None:
    memory = MemoryIndex(RULES)
    for each in (index, memory):
        each.register_and_match(entries(TEXTS, former=False))
    assert found(index, former=False) == found(memory, former=False) == {*range(len(TEXTS))}


def test_an_index_rebuilt_from_articles_of_the_release_before_is_read_as_such(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    index.register_and_match(entries(TEXTS[:1], former=False, name="begun"))
    stored = entries(TEXTS, former=True)
    restore(index, [ExpectedEntry(e.article_id, e.article_id, e.fingerprint, NOW) for e in stored])
    assert found(index, former=False) >= found(index, former=True)
    assert len(found(index, former=False)) > 50


@pytest.mark.parametrize(
    ("state", "entry"),
    [
        pytest.param({}, SKETCH_VERSION, id="an empty index"),
        pytest.param({"8": "0:8"}, 1, id="right after a window of the release before"),
        pytest.param({"8": "0:8", "8:sketch": "1"}, SKETCH_VERSION, id="one window later"),
        pytest.param({"8": "0:8", "8:sketch": "2"}, SKETCH_VERSION, id="after one of this release"),
        pytest.param({"7": "0:8"}, SKETCH_VERSION, id="after a pause of a window"),
    ],
)
def test_a_window_notes_which_sketches_its_articles_may_have(
    state: LayoutState, entry: int
) -> None:
    assert sketch_entry(9, state) == ("9:sketch", entry)
    [layout, *_] = active_layouts(9, {**state, "9": "0:8", "9:sketch": str(entry)}).read
    assert layout.sketch_version == entry


def test_replaying_decisions_on_a_store_of_the_release_before_finds_its_copies(
    store: SqlStore, store_url: str, valkey: redis.Redis, valkey_url: str
) -> None:
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    half = f"{' '.join(TEXTS[0].split()[:120])} {invented(70, 180)}"
    ingest(pipeline, [story(1, TEXTS[0]), story(2, half), story(3, TEXTS[1])])
    assert len({*homes(store_url).values()}) == 2
    texts = [TEXTS[0], half, TEXTS[1]]
    formers = [as_former(fingerprint_of(text)) for text in texts]
    known = {f.text_hash: f.sketch for f in formers}

    def repacked(packed: bytes) -> bytes:
        new = Fingerprint.unpacked(packed)
        assert new
        return replace(new, sketch=known[new.text_hash], alternates=()).packed()[:-1]

    change_fingerprints(store_url, repacked)
    command = on(store_url, valkey_url)
    replay = ("dedup", "replay", "--threshold", "0.95", "--since", "3650d", "--yes")
    assert "moved 1 article" in command(*replay).stdout
    assert len({*homes(store_url).values()}) == 3
    assert len(rows(store_url, "moves")) == 1
    assert "put back" in command("index", "rebuild", "--from-nothing").stdout
    assert "index and store agree" in command("index", "verify").stdout
