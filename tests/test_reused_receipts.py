"""One receipt for two contents: both are stored; the same content again changes nothing."""

import logging
from collections import Counter
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from tests.make import NOW
from tests.store.stored import everything, rows
from tests.support.pipelines import CONFIG, raw
from worker.index.memory_index import MemoryIndex
from worker.model.receipts import derived_receipt, is_receipt, reused_receipt
from worker.model.records import Article, OutcomeKind, StoredIdentity
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import receipts
from worker.store.sql_store import SqlStore

TAKEDOWN = {"status": "withdrawn", "id": "a-1", "source": {"id": "wire"}}


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def ingest(pipeline: Pipeline, *deliveries: tuple[str, object]) -> Counter[str]:
    """Process one batch of (receipt, raw article); returns how often each outcome came."""
    batch = [Delivery(receipt=receipt, raw=value) for receipt, value in deliveries]
    return Counter(outcome.kind.value for outcome in pipeline.ingest(batch, now=NOW))


def test_articles_of_one_message_under_one_receipt_are_all_stored(
    pipeline: Pipeline, store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "worker"):
        assert ingest(pipeline, *(("r", raw(n)) for n in (1, 2, 3, 2))) == {
            "new": 1,
            "duplicate": 2,
        }
    assert len(rows(store_url, "articles")) == 3
    [warning] = [r.getMessage() for r in caplog.records if "receipts.reused" in r.getMessage()]
    assert "count=2 receipt=r stored-as=reused-" in warning
    outcomes = pipeline.store.outcomes(["r"])
    assert outcomes["r"].kind is OutcomeKind.NEW


@pytest.mark.parametrize(
    "second",
    [
        raw(2, "Another text, about a library that opens on Sundays from May."),
        raw(1, "A longer version of the first text, which is a revision of it.", extra=7),
        TAKEDOWN,
        {"id": "neither title nor text"},
        "no object",
    ],
)
@pytest.mark.parametrize(
    "first",
    [raw(1), {"id": "empty"}, TAKEDOWN],
)
def test_other_content_under_a_used_receipt_gets_an_outcome_of_its_own(
    pipeline: Pipeline, store_url: str, first: object, second: object
) -> None:
    receipt = derived_receipt("one-id", 0)
    ingest(pipeline, (receipt, first))
    before = pipeline.store.outcomes([receipt])
    assert ingest(pipeline, (receipt, second)).total() == (1 if first != second else 0)
    for value in (first, second, second, first):
        assert ingest(pipeline, (receipt, value)) == {}
    assert pipeline.store.outcomes([receipt]) == before
    assert len(rows(store_url, "receipts")) == (2 if first != second else 1)


def test_a_redelivery_changes_nothing(pipeline: Pipeline, store_url: str) -> None:
    batch = [("r1", raw(1)), ("r2", raw(2)), ("r3", {"id": "empty"}), ("r1", raw(3))]
    assert ingest(pipeline, *batch).total() == 4
    before = everything(store_url)
    for again in (batch, batch[::-1], [*batch, *batch]):
        assert ingest(pipeline, *again) == {}
    assert everything(store_url) == before


def test_a_receipt_of_an_earlier_version_has_its_outcome_whatever_comes_again(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, ("old", raw(1)))
    engine = open_engine(parse(store_url))
    with engine.begin() as connection:
        connection.execute(sa.update(receipts).values(payload_hash=""))
    engine.dispose()
    assert ingest(pipeline, ("old", raw(1)), ("old", raw(2))) == {}
    assert len(rows(store_url, "articles")) == 1


class OvertakenStore(SqlStore):
    """A store in which another worker writes an article while the first is at work."""

    def __init__(self, url: str, other: tuple[str, object]) -> None:
        super().__init__(url)
        self.url = url
        self.others = [other]

    def latest_identities(self, articles: Sequence[Article]) -> list[StoredIdentity | None]:
        identities = super().latest_identities(articles)
        while self.others:
            store = SqlStore(self.url)
            ingest(Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup)), self.others.pop())
            store.close()
        return identities


@pytest.mark.parametrize(("number", "stored"), [(1, 1), (2, 2)])
def test_two_workers_that_use_one_receipt_at_once_store_both_contents(
    store_url: str, number: int, stored: int
) -> None:
    store = OvertakenStore(store_url, ("r", raw(number)))
    ingest(Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup)), ("r", raw(1)))
    store.close()
    assert len(rows(store_url, "articles")) == len(rows(store_url, "receipts")) == stored


def test_the_receipt_of_other_content_has_a_format_that_stays() -> None:
    made = reused_receipt("poll-17/1", "9f2c")
    assert made == "reused-6380f9d47c34ea6e630e208e2057fc5d"
    assert is_receipt(made)
    assert is_receipt(reused_receipt("\ud800", ""))
