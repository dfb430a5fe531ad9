"""What a store keeps of a page that gave much less text than was known, on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.make import NOW, article, record, withdrawal
from tests.store.stored import row, rows, statements
from worker.model.fetched_page import FetchedPage, HeldContent
from worker.model.records import Article, OutcomeKind, Record
from worker.store.sql_store import SqlStore
from worker.store.values import Query

HOUR = timedelta(hours=1)
KNOWN = article(text="A long text.", words=300)
SHORT = article(text="Accept cookies.", words=2)


def came(of: Article, hours: float) -> Record:
    """A later version of the article, from a page that was fetched at this hour."""
    at = NOW + hours * HOUR
    page = FetchedPage(at=at, dated=True, words=of.words, least_share=0.3333, hold=6 * HOUR)
    fetched = replace(of, page_fetched=at, fetch_dated=True)
    verdict = {"kind": OutcomeKind.REVISION, "revision": 2, "signal": "key"}
    return record(fetched, page=page, verdict=verdict)


def kinds(store: SqlStore, *records: Record, now: datetime = NOW) -> list[str]:
    return [outcome.kind.value for outcome in store.write(records, [], [], now=now)]


def test_it_is_held_back_with_its_payload_until_it_comes_again(
    store: SqlStore, store_url: str
) -> None:
    kinds(store, record(KNOWN))
    first = came(SHORT, 1)
    assert kinds(store, first) == ["unchanged"]
    held = row(store_url, "held_revisions")
    assert (held["since"], held["receipt"]) == (NOW + HOUR, first.receipt)
    assert (held["words"], held["known_words"]) == (2, 300)
    (identity,) = store.latest_identities([KNOWN])
    assert identity
    assert identity.words == 300
    content = HeldContent(content_hash=first.fingerprint.content_hash, since=NOW + HOUR)
    assert identity.held == (content,)
    assert [a.text for a in store.articles(Query(), all_revisions=True)] == [KNOWN.text]

    assert kinds(store, came(SHORT, 2)) == ["revision"]
    assert rows(store_url, "held_revisions") == []
    assert [a.text for a in store.articles(Query())] == [SHORT.text]


def test_several_contents_are_held_back_side_by_side(store: SqlStore, store_url: str) -> None:
    kinds(store, record(KNOWN))
    other = replace(SHORT, text="Log in.")
    assert kinds(store, came(SHORT, 1), came(other, 2), came(SHORT, 1)) == ["unchanged"] * 3
    assert sorted(r["text"] for r in rows(store_url, "held_revisions")) == [
        "Accept cookies.",
        "Log in.",
    ]
    (identity,) = store.latest_identities([KNOWN])
    assert identity
    assert len(identity.held) == 2
    assert identity.hashes == {record(KNOWN).fingerprint.content_hash}


def test_a_withdrawal_in_the_same_batch_leaves_nothing(store: SqlStore, store_url: str) -> None:
    kinds(store, record(KNOWN))
    store.write([came(SHORT, 1)], [withdrawal(KNOWN.key)], [], now=NOW)
    assert rows(store_url, "held_revisions") == []
    assert kinds(store, came(SHORT, 2)) == ["withdrawn"]
    assert rows(store_url, "held_revisions") == []


def test_an_operator_deletes_it_with_the_article(store: SqlStore, store_url: str) -> None:
    kinds(store, record(KNOWN))
    kinds(store, came(SHORT, 1))
    assert store.delete([KNOWN.article_id], now=NOW) == 1
    assert rows(store_url, "held_revisions") == []


def test_nothing_is_written_about_held_contents_where_there_is_none(store: SqlStore) -> None:
    kinds(store, record(KNOWN))
    longer = replace(KNOWN, text="A longer text.", words=400)
    with statements() as sent:
        assert kinds(store, came(longer, 1)) == ["revision"]
    assert [s.split()[0] for s in sent if "held_revisions" in s] == ["SELECT"]
