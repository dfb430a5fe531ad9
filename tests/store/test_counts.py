"""Dead letters and sources are counted; the number of statements is independent of the batch."""

from datetime import timedelta
from functools import partial

from tests.make import NOW, article, dead, record
from tests.store.stored import row, rows, statements
from worker.model.records import OutcomeKind, Record
from worker.store.database.packing import unpack_text
from worker.store.sql_store import SqlStore

LATER = NOW + timedelta(hours=1)


def test_equal_payloads_are_one_dead_letter_seen_more_often(
    store: SqlStore, store_url: str
) -> None:
    first = dead("x", stage="admit")
    bury = partial(store.write, [], [])
    bury([first, dead("x")], now=NOW)
    (outcome,) = bury([dead("x", detail="again", stage="clean")], now=LATER)
    assert (outcome.kind, outcome.letter_id) == (OutcomeKind.DEAD, first.letter_id)
    letter = row(store_url, "dead_letters")
    assert (letter["seen"], letter["first"], letter["last"]) == (3, NOW, LATER)
    assert (letter["detail"], letter["stage"]) == ("again", "clean")
    assert unpack_text(letter["payload"]) == first.payload.text
    assert letter["bytes"] == first.payload.bytes


def test_sources_count_articles_receipts_and_dead_letters(store: SqlStore, store_url: str) -> None:
    batch = [record(article("id:1")), record(article("id:1")), record(article("id:2"))]
    store.write(batch, [], [dead(), dead(source="other")], now=NOW)
    store.write([record(article("id:1"))], [], [], now=LATER)
    other, wire = rows(store_url, "sources")
    assert (wire["articles"], wire["receipts"], wire["dead"]) == (2, 5, 1)
    assert (other["articles"], other["receipts"], other["dead"]) == (0, 1, 1)
    assert (wire["first_seen"], wire["last_seen"]) == (NOW, LATER)


def test_an_empty_batch_sends_nothing(store: SqlStore) -> None:
    store.outcomes(["connect first"])
    with statements() as sent:
        assert store.write([], [], [], now=NOW) == []
    assert [s for s in sent if not s.startswith("BEGIN")] == []


def test_the_number_of_statements_does_not_depend_on_the_size_of_a_batch(
    store: SqlStore,
) -> None:
    def batch(size: int, text: str) -> list[Record]:
        originals = [article(f"id:{size}.{n}", text=f"{text} {n}") for n in range(size)]
        duplicate = {"kind": OutcomeKind.DUPLICATE, "cluster_id": originals[0].article_id}
        copies = [article(f"id:copy.{size}.{n}", text=f"{text} {n}") for n in range(size)]
        return [*map(record, originals), *(record(c, verdict=duplicate) for c in copies)]

    counts = []
    for size in (5, 100):
        for text in ("new", "revised"):
            letters = [dead(n) for n in range(size)]
            with statements() as sent:
                outcomes = store.write(batch(size, text), [], letters, now=NOW)
            assert len(outcomes) == 3 * size
            counts.append(len(sent))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 20
