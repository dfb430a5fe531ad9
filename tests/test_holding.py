"""Which articles of a batch are held when sources are paused, and which go on."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.make import NOW
from tests.support.pipelines import CONFIG, ingest, raw
from worker.index.memory_index import MemoryIndex
from worker.model.admission import Payload, Unopened
from worker.model.canonical_json import canonical_json, parse_json
from worker.model.compressed_article import compress_article, open_compressed
from worker.model.queue_place import QueuePlace
from worker.pipeline.deliveries import Delivery
from worker.pipeline.holding import hold_paused
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

PLACE = QueuePlace(queue="articles.replay", priority=3, quarantined=1)


@pytest.fixture
def store(sqlite_store_url: str) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_store_url)
    yield store
    store.close()


def of(source: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    return raw(number, source={"id": source}, **fields)


def deliveries(*raws: object) -> list[Delivery]:
    return [Delivery(receipt=f"r{n}", raw=each) for n, each in enumerate(raws)]


def hold(store: SqlStore, batch: list[Delivery], *sources: str) -> list[str]:
    """Hold articles of these sources; returns the receipts of the others."""
    return [x.receipt for x in hold_paused(store, batch, set(sources), PLACE, now=NOW)]


def held(store: SqlStore, source: str) -> list[str]:
    return [x.article.receipt for x in store.held.page(source, 100)]


def test_only_articles_of_the_paused_source_are_held(store: SqlStore) -> None:
    batch = deliveries(of("a"), of("b"), of("a", 2), of("c"))
    assert hold(store, batch, "a", "z") == ["r1", "r3"]
    assert held(store, "a") == ["r0", "r2"]
    [first, _] = store.held.page("a", 10)
    assert parse_json(first.article.text.encode()) == of("a")
    assert first.article.place == PLACE


def test_a_batch_of_other_sources_sends_nothing_to_the_store() -> None:
    batch = deliveries(of("b"))
    nowhere: Any = object()
    assert hold_paused(nowhere, batch, {"a"}, PLACE, now=NOW) == batch


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ({"feed": {"url": "https://www.b.example/f"}}, "b.example"),
        ({"link": "https://a.example/1"}, "a.example"),
        ({"title": "of nobody"}, "local"),
        ({"source": {"id": "  two \n words "}}, "two words"),
        ({"source": {"id": "wire"}, "status": "withdrawn", "id": "1"}, "wire"),
        ({"source": {"id": "wire"}, "title": 17}, "wire"),
        ({"source": {"id": "wire"}, "title": "half \ud800 of a pair"}, "wire"),
        ("no object", "local"),
        (17, "local"),
        (None, "local"),
    ],
)
def test_the_source_is_the_one_that_other_parts_see(
    value: object, source: str, store: SqlStore
) -> None:
    batch = deliveries(value)
    assert hold(store, batch, f"{source} no") == ["r0"]
    assert hold(store, batch, source) == []
    [stored] = store.held.page(source, 10)
    restored = parse_json(stored.article.text.encode("utf-8", "surrogatepass"))
    assert restored == value
    assert stored.article.digest == Payload.of(value).digest


def test_an_article_that_could_not_be_parsed_goes_on_to_become_a_dead_letter(
    store: SqlStore,
) -> None:
    batch = deliveries(Unopened(text="[[[[", detail="nested too deep"), {"title": "t"})
    assert hold(store, batch, "local") == ["r0"]


def test_an_article_that_came_compressed_is_held(store: SqlStore) -> None:
    opened = open_compressed(compress_article(canonical_json(of("a"))), 10_000)
    assert not isinstance(opened, Unopened)
    batch = [Delivery(receipt="r0", raw=opened.raw, payload=opened.payload)]
    assert hold(store, batch, "a") == []
    [stored] = store.held.page("a", 10)
    assert parse_json(stored.article.text.encode()) == of("a")


def test_an_article_that_was_processed_before_is_not_held(store: SqlStore) -> None:
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    ingest(pipeline, [of("a")])
    assert hold(store, deliveries(of("a"), of("a", 2)), "a") == []
    assert held(store, "a") == ["r1"]


def test_another_article_under_a_used_receipt_is_held_under_its_own(store: SqlStore) -> None:
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    ingest(pipeline, [of("a")])
    assert hold(store, deliveries(of("a", 2, text="Another text.")), "a") == []
    [receipt] = held(store, "a")
    assert receipt not in ("", "r0")


def test_the_same_message_delivered_twice_is_held_once(store: SqlStore) -> None:
    batch = deliveries(of("a"), of("b"), of("a", 2))
    assert hold(store, batch, "a") == hold(store, batch, "a") == ["r1"]
    assert held(store, "a") == ["r0", "r2"]


def test_two_articles_with_one_receipt_in_a_batch_are_both_held(store: SqlStore) -> None:
    batch = [Delivery(receipt="same", raw=of("a", n, text=f"Text {n}.")) for n in range(2)]
    assert hold(store, batch, "a") == []
    assert len(held(store, "a")) == 2
