"""A publisher withdraws an article: a tombstone remains, without content."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from tests.make import NOW, article, record, tag, withdrawal
from tests.store.stored import all_words, index_words, row, rows, statements
from worker.model.records import DeadLetter, Outcome, OutcomeKind, Record, Withdrawal
from worker.store.sql_store import SqlStore
from worker.store.values import Query

LATER = timedelta(hours=1) + NOW


def write(
    store: SqlStore, *ends: Record | Withdrawal | DeadLetter, now: datetime = NOW
) -> list[Outcome]:
    def of(kind: type) -> Sequence:
        return [end for end in ends if isinstance(end, kind)]

    return store.write(of(Record), of(Withdrawal), of(DeadLetter), now=now)


def secret(key: str = "id:1", **changes: object) -> Record:
    its = article(key, title="Zyxwv", text="Zyxwv was here.", summary="Zyxwv", **changes)
    return record(its, tags=(tag("zyxwv"),))


def test_nothing_of_the_content_stays(store: SqlStore, store_url: str) -> None:
    written = secret(aliases=("url:example.com/a",))
    write(store, written)
    assert "zyxwv" in all_words(store_url).lower()

    ending = withdrawal("id:1")
    (outcome,) = write(store, ending, now=LATER)

    assert outcome == Outcome(
        receipt=ending.receipt,
        kind=OutcomeKind.WITHDRAWN,
        source="wire",
        at=LATER,
        article_id=written.article.article_id,
    )
    assert "zyxwv" not in all_words(store_url).lower()
    assert [t for t in ("revisions", "tags", "decisions") if rows(store_url, t)] == []
    tombstone = row(store_url, "articles")
    assert (tombstone["withdrawn_at"], tombstone["newest"]) == (LATER, None)


def test_nothing_of_it_stays_in_the_index_of_sqlite(sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url)
    write(store, secret())
    assert index_words(sqlite_store_url, "zyxwv") == 1
    write(store, withdrawal("id:1"))
    assert index_words(sqlite_store_url, "zyxwv") == 0
    store.close()


@pytest.mark.parametrize("keys", [("id:1",), ("url:a",), ("id:9", "url:a"), ("text:t", "url:a")])
def test_an_article_is_withdrawn_by_any_of_its_keys(
    store: SqlStore, store_url: str, keys: tuple[str, ...]
) -> None:
    write(store, secret(aliases=("url:a",)))
    (outcome,) = write(store, withdrawal(*keys))
    assert outcome.article_id == article("id:1").article_id
    assert rows(store_url, "revisions") == []


@pytest.mark.parametrize("key", ["id:1", "id:9", "url:a"])
def test_no_key_of_a_withdrawn_article_brings_it_back(
    store: SqlStore, store_url: str, key: str
) -> None:
    write(store, secret(aliases=("url:a",)))
    write(store, withdrawal("id:9", "url:a"))
    (known,) = store.latest_identities([article(key)])
    assert known is not None
    assert known.withdrawn
    (outcome,) = write(store, record(article(key)))
    assert outcome.kind is OutcomeKind.WITHDRAWN
    assert rows(store_url, "revisions") == []


def test_a_withdrawn_article_does_not_come_back(store: SqlStore, store_url: str) -> None:
    write(store, record(), withdrawal("id:1"))
    (outcome,) = write(store, record(article(text="Back again.")))
    assert (outcome.kind, outcome.revision) == (OutcomeKind.WITHDRAWN, 0)
    assert rows(store_url, "revisions") == []
    assert [d for d in rows(store_url, "decisions") if d["receipt"] == outcome.receipt] == []


def test_an_article_withdrawn_before_it_came_never_comes_in(
    store: SqlStore, store_url: str
) -> None:
    (outcome,) = write(store, withdrawal("id:1", "url:a"))
    assert outcome.article_id == article("id:1").article_id
    outcomes = write(store, record(article("id:1")), record(article("url:a")))
    assert {o.kind for o in outcomes} == {OutcomeKind.WITHDRAWN}
    assert rows(store_url, "revisions") == []
    assert {bool(a["withdrawn_at"]) for a in rows(store_url, "articles")} == {True}


def test_a_withdrawal_ends_an_article_of_its_own_batch(store: SqlStore, store_url: str) -> None:
    outcomes = write(store, withdrawal("url:a"), secret(aliases=("url:a",)))
    assert [o.kind for o in outcomes] == [OutcomeKind.NEW, OutcomeKind.WITHDRAWN]
    assert outcomes[0].article_id == outcomes[1].article_id
    assert "zyxwv" not in all_words(store_url).lower()


def test_only_the_source_itself_withdraws_its_articles(store: SqlStore, store_url: str) -> None:
    write(store, record())
    write(store, withdrawal("id:1", source="other"))
    assert len(rows(store_url, "revisions")) == 1


def test_a_withdrawal_told_twice_keeps_its_first_time(store: SqlStore, store_url: str) -> None:
    write(store, record(), withdrawal("id:1"))
    write(store, withdrawal("id:1"), now=LATER)
    assert row(store_url, "articles")["withdrawn_at"] == NOW


def test_a_withdrawn_article_leaves_its_cluster_as_it_is(store: SqlStore) -> None:
    original, copy = article("id:1"), article("id:2")
    duplicate = {"kind": OutcomeKind.DUPLICATE, "cluster_id": original.article_id}
    write(store, record(original), record(copy, verdict=duplicate))
    write(store, withdrawal("id:1"))
    (known,) = store.latest_identities([copy])
    assert known is not None
    assert known.cluster_id == original.article_id


def test_a_withdrawn_article_is_neither_found_nor_listed_but_shown(store: SqlStore) -> None:
    written = secret()
    write(store, written, withdrawal("id:1"))
    assert store.search(Query()) == []
    assert store.search(Query(words="zyxwv")) == []
    assert [found for _, found in store.listing([written.receipt])] == [None]
    shown = store.show(written.article.article_id)
    assert shown is not None
    assert shown["article"]["withdrawn_at"] == NOW
    assert shown["revisions"] == []
    assert len(shown["sightings"]) == 2


def test_withdrawals_send_a_fixed_number_of_statements_too(store: SqlStore) -> None:
    counts = []
    for size in (2, 40):
        write(store, *(record(article(f"id:{size}.{n}")) for n in range(size)))
        with statements() as sent:
            write(store, *(withdrawal(f"id:{size}.{n}", f"url:{size}.{n}") for n in range(size)))
        counts.append(len(sent))
    assert counts[0] == counts[1]
