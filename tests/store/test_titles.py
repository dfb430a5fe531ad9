"""Articles are found by key or URL, and have titles for people."""

from tests.make import NOW, article, record, withdrawal
from worker.model.records import Record, Withdrawal
from worker.store.sql_store import SqlStore
from worker.store.values import DisplayTitle


def write(store: SqlStore, *records: Record, down: tuple[Withdrawal, ...] = ()) -> None:
    store.write(records, down, [], now=NOW)


def test_an_article_is_found_by_any_of_its_keys_in_any_source(store: SqlStore) -> None:
    here = article("id:1", aliases=("url:a.example/x",), url="")
    there = article("url:a.example/x", source="other", url="")
    write(store, record(here), record(there), record(article("url:b.example/x", url="")))
    found = store.find_articles(["url:a.example/x"], [])
    assert set(found) == {here.article_id, there.article_id}
    assert store.find_articles(["url:nowhere"], ["https://nowhere"]) == []


def test_an_article_is_found_by_its_canonical_link_however_long(store: SqlStore) -> None:
    long = "https://example.com/" + "é" * 1900
    first, second = article("id:1", url=long), article("id:2", url=long + "2")
    write(store, record(first), record(second))
    assert store.find_articles([], [long + "2", "https://nowhere"]) == [second.article_id]


def test_titles_are_the_newest_and_the_withdrawn_have_none(store: SqlStore) -> None:
    write(store, record(article("id:1")), record(article("id:2")))
    write(store, record(article("id:1", title="Anew")), down=(withdrawal("id:2"),))
    kept, gone = article("id:1").article_id, article("id:2").article_id
    assert store.titles([kept, gone]) == {
        kept: DisplayTitle(article_id=kept, title="Anew", source="wire")
    }
