"""The store tells how much space its tables take, without reading them."""

from tests.make import NOW, article, record
from worker.store.database.schema import metadata
from worker.store.sql_store import SqlStore


def test_the_sizes_are_those_of_our_tables_and_grow_with_articles(
    store: SqlStore, store_url: str
) -> None:
    before = store.retention.growth(NOW).tables
    known = metadata.tables.keys() if store_url.startswith("postgresql") else {"others"}
    assert set(before) == set(known)
    records = [record(article(f"id:{number}", text="A long text. " * 500)) for number in range(60)]
    store.write(records, [], [], now=NOW)
    after = store.retention.growth(NOW).tables
    assert sum(after.values()) > sum(before.values())
    grown = "revisions" if store_url.startswith("postgresql") else "others"
    assert after[grown] > before[grown]
