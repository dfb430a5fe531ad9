"""A publisher withdraws an article: a tombstone remains, without content, until the publisher
delivers the article again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.make import NOW, article, record, tag, withdrawal
from tests.store.stored import all_words, index_words, row, rows, statements
from worker.model.records import DeadLetter, Outcome, OutcomeKind, Record, Withdrawal
from worker.store.database.engine import open_engine, parse
from worker.store.sql_store import SqlStore
from worker.store.values import ChangeKind, Query

LATER = timedelta(hours=1) + NOW
SECOND = timedelta(seconds=1)


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


def back(key: str = "id:1", text: str = "Back again.", **changes: object) -> Record:
    """A live delivery of the article."""
    return record(article(key, text=text), live=True, **changes)


@pytest.mark.parametrize(
    ("withdrawn", "delivered", "returns"),
    [
        (NOW, NOW + SECOND, True),
        (NOW, NOW, False),
        (NOW, NOW - SECOND, False),
        (NOW, None, True),  # nothing says that it was fetched before
        (None, NOW + SECOND, True),
        (None, NOW - SECOND, False),
        (None, None, True),
    ],
)
def test_what_was_fetched_after_the_withdrawal_brings_the_article_back(
    store: SqlStore,
    store_url: str,
    withdrawn: datetime | None,
    delivered: datetime | None,
    returns: bool,
) -> None:
    write(store, secret(), withdrawal("id:1", fetched=withdrawn))
    (outcome,) = write(store, back(fetched=delivered), now=LATER)
    assert outcome.kind is (OutcomeKind.REVISION if returns else OutcomeKind.WITHDRAWN)
    assert outcome.revision == (2 if returns else 0)
    assert [r["text"] for r in rows(store_url, "revisions")] == ["Back again."] * returns
    tombstone = row(store_url, "articles")
    assert (tombstone["withdrawn_at"] is None) == returns
    assert (tombstone["withdrawal_fetched_at"] is None) == returns


def test_what_is_replayed_or_cleaned_again_brings_nothing_back(store: SqlStore) -> None:
    write(store, record(), withdrawal("id:1"))
    again = record(article(text="Back again."), fetched=LATER)
    outcomes = write(store, again, record(article(text="Or not."), reprocessed=True), now=LATER)
    assert {o.kind for o in outcomes} == {OutcomeKind.WITHDRAWN}


def test_an_article_that_comes_back_is_found_listed_and_fed_again(
    store: SqlStore, store_url: str
) -> None:
    first = record()
    write(store, first, record(article("id:2")))
    cursor = store.cursor("now")
    write(store, withdrawal("id:1"))
    returned = back()
    write(store, returned, now=LATER)
    assert [hit.title for hit in store.search(Query(words="again"))] == [returned.article.title]
    assert [hit is not None for _, hit in store.listing([returned.receipt])] == [True]
    assert [(c.kind, c.revision) for c in store.changes(cursor)] == [
        (ChangeKind.WITHDRAWN, 1),
        (ChangeKind.STORED, 2),
    ]
    shown = store.show(returned.article.article_id)
    assert shown is not None
    assert shown["article"]["withdrawn_at"] is None
    assert [r["number"] for r in shown["revisions"]] == [2]
    assert [d["signal"] for d in shown["decisions"]] == ["returned"]
    assert [tag["code"] for tag in shown["tags"]] == ["weather"]
    assert {c["articles"] for c in rows(store_url, "clusters")} == {1}
    assert row(store_url, "sources")["articles"] == 2
    (unchanged,) = write(store, replaced(returned), now=LATER)
    assert unchanged.kind is OutcomeKind.UNCHANGED


def replaced(delivered: Record) -> Record:
    """The same article in another delivery."""
    return record(delivered.article, live=True)


def test_an_article_withdrawn_before_it_came_is_new_when_it_comes_back(
    store: SqlStore, store_url: str
) -> None:
    write(store, withdrawal("id:1"))
    (outcome,) = write(store, back())
    assert (outcome.kind, outcome.revision) == (OutcomeKind.NEW, 1)
    assert row(store_url, "sources")["articles"] == 1
    assert row(store_url, "clusters")["articles"] == 1


def test_an_article_that_comes_back_comes_back_to_its_copies(
    store: SqlStore, store_url: str
) -> None:
    original, copy = article("id:1"), article("id:2")
    duplicate = {"kind": OutcomeKind.DUPLICATE, "cluster_id": original.article_id}
    write(store, record(original), record(copy, verdict=duplicate))
    write(store, withdrawal("id:1"))
    assert [a["canonical_pending"] for a in rows(store_url, "articles")] == [False, True]
    write(store, back())
    assert [a["canonical_pending"] for a in rows(store_url, "articles")] == [False, False]
    assert {c["articles"] for c in rows(store_url, "clusters") if c["articles"]} == {2}


def test_a_key_that_only_a_tombstone_has_is_free_again(store: SqlStore, store_url: str) -> None:
    write(store, withdrawal("id:1", "url:a"))
    refused, taken = write(store, record(article("url:a")), back("url:b"))
    assert (refused.kind, taken.kind) == (OutcomeKind.WITHDRAWN, OutcomeKind.NEW)
    (outcome,) = write(store, back("url:a"))
    assert outcome.kind is OutcomeKind.NEW
    assert len(rows(store_url, "revisions")) == 2


def test_a_later_withdrawal_counts_and_an_earlier_one_changes_nothing(
    store: SqlStore, store_url: str
) -> None:
    write(store, record(), withdrawal("id:1", fetched=NOW))
    for fetched, kept in ((NOW + 2 * SECOND, NOW + 2 * SECOND), (NOW + SECOND, NOW + 2 * SECOND)):
        write(store, withdrawal("id:1", fetched=fetched))
        assert row(store_url, "articles")["withdrawal_fetched_at"] == kept


@pytest.mark.parametrize("also_withdrawn", ["not", "before", "after"])
def test_what_an_operator_deleted_never_comes_back(
    store: SqlStore, store_url: str, also_withdrawn: str
) -> None:
    write(store, record())
    if also_withdrawn == "before":
        write(store, withdrawal("id:1"))
    store.delete([article().article_id], now=NOW)
    if also_withdrawn == "after":
        write(store, withdrawal("id:1", fetched=LATER))
    (outcome,) = write(store, back(fetched=LATER + SECOND), now=LATER)
    assert outcome.kind is OutcomeKind.WITHDRAWN
    assert rows(store_url, "revisions") == []
    assert row(store_url, "articles")["withdrawal_fetched_at"] is None


def test_what_an_earlier_version_withdrew_never_comes_back(store: SqlStore, store_url: str) -> None:
    write(store, record(), withdrawal("id:1"))
    engine = open_engine(parse(store_url))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE articles SET withdrawal_fetched_at = NULL"))
    engine.dispose()
    (outcome,) = write(store, back(), now=LATER)
    assert outcome.kind is OutcomeKind.WITHDRAWN


def test_articles_come_back_in_a_fixed_number_of_statements(store: SqlStore) -> None:
    counts = []
    for size in (2, 40):
        keys = [f"id:{size}.{n}" for n in range(size)]
        write(store, *(record(article(key)) for key in keys), *(withdrawal(key) for key in keys))
        with statements() as sent:
            write(store, *(back(key) for key in keys))
        counts.append(len(sent))
    assert counts[0] == counts[1]
