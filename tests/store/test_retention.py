"""Retention removes old rows, and what others read from them is found elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.make import NOW, article, dead, record
from tests.store.aged import (
    DAY,
    NEVER,
    YEAR_LATER,
    deliver_unchanged,
    fill,
    note_in_journal,
    remove_old,
    said,
)
from tests.store.stored import rows
from tests.support.stores import sqlite_first
from worker.client.past_deliveries import outcome_of
from worker.model.admission import Payload
from worker.model.receipts import new_receipt, numbered_message_id, replay_receipt
from worker.model.records import JournalEntry, Outcome, OutcomeKind
from worker.store.retention import aged_rows, progress
from worker.store.retention_values import Aged, ExpiredOutcome
from worker.store.sql_store import SqlStore
from worker.store.values import Query


@pytest.fixture(params=[2, pytest.param(5_000, marks=pytest.mark.long)], ids=["small", "usual"])
def _steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "STEP", request.param)
    monkeypatch.setattr(aged_rows, "_PAYLOADS", request.param)


@pytest.mark.usefixtures("_steps")
def test_a_store_says_the_same_after_a_year(store: SqlStore, store_url: str) -> None:
    fill(store)
    note_in_journal(store)
    before = said(store)
    removed = remove_old(store, replayed_letters_days=0)
    after = said(store)
    for reader in before:
        assert after[reader] == before[reader], reader
    assert removed[Aged.RECEIPTS] > 6
    assert {row["receipt"] for row in rows(store_url, "journal")} == {"never-ended"}
    assert rows(store_url, "decisions") == []
    # The last failure of a letter that stands is all that is left.
    letters = {row["letter_id"]: row["last"] for row in rows(store_url, "dead_letters")}
    kept = rows(store_url, "receipts")
    assert kept
    assert all(letters[row["letter_id"]] <= row["at"] for row in kept)
    assert not remove_old(store, replayed_letters_days=0)  # a second pass finds nothing


@sqlite_first
def test_nothing_goes_before_its_time(store: SqlStore, store_url: str) -> None:
    fill(store)
    note_in_journal(store)
    deliver_unchanged(store, "same", NOW + 2 * DAY)
    tables = ("receipts", "decisions", "journal", "changes", "dead_letters", "hourly_outcomes")
    before = {table: rows(store_url, table) for table in tables}
    assert remove_old(store, NOW + 3 * DAY - timedelta(minutes=1)) == {}
    assert {table: rows(store_url, table) for table in tables} == before
    assert remove_old(store, YEAR_LATER, **NEVER) == {}
    assert {table: rows(store_url, table) for table in tables} == before


@pytest.mark.usefixtures("_steps")
def test_unchanged_deliveries_go_first_and_the_ledger_still_counts_them(
    store: SqlStore, store_url: str
) -> None:
    store.write([record(receipt="made")], [], [], now=NOW)
    for n in range(5):
        deliver_unchanged(store, f"same-{n}", NOW + timedelta(hours=n))
    noted = [JournalEntry(receipt=r, message_id="m", at=NOW) for r in ("made", "same-0", "same-1")]
    store.add_journal_entries(noted)
    ledger = said_by_ledger(store)
    assert ledger == ({("2026-11-22", "new"): 1, ("2026-11-22", "unchanged"): 2}, 3)

    assert remove_old(store, NOW + 2 * DAY) == {Aged.UNCHANGED_JOURNAL: 2}
    assert [row["receipt"] for row in rows(store_url, "journal")] == ["made"]
    assert said_by_ledger(store) == ledger
    removed = remove_old(store, NOW + 15 * DAY)
    assert removed == {Aged.JOURNAL: 1, Aged.UNCHANGED_RECEIPTS: 5}
    assert [row["receipt"] for row in rows(store_url, "receipts")] == ["made"]
    assert said_by_ledger(store) == ledger
    assert remove_old(store, NOW + 91 * DAY)[Aged.RECEIPTS] == 1
    assert said_by_ledger(store) == ledger
    source = store.source("wire")
    assert source
    assert source.outcomes == {"unchanged": 5, "new": 1}


def said_by_ledger(store: SqlStore) -> tuple[dict[tuple[str, str], int], int]:
    tally = store.tally_receipts(NOW - DAY, NOW + DAY)
    assert not tally.open
    return tally.ended, sum(tally.foreign.values())


@sqlite_first
def test_an_outcome_that_was_removed_is_expired_and_one_that_made_a_revision_is_known(
    store: SqlStore,
) -> None:
    made, same, lost, own = new_receipt(), new_receipt(), new_receipt(), "my-own-receipt"
    store.write([record(receipt=made)], [], [], now=NOW)
    for receipt, at in ((own, NOW), (same, datetime.now(UTC))):  # later than it was sent
        deliver_unchanged(store, receipt, at)
    store.add_journal_entries([JournalEntry(receipt=lost, message_id="m", at=NOW)])
    stored = outcome_of(store, made)
    assert outcome_of(store, "unheard-of") is None
    remove_old(store)
    assert isinstance(stored, Outcome)
    assert outcome_of(store, made) == stored
    expired = outcome_of(store, same)
    assert isinstance(expired, ExpiredOutcome)
    assert expired.kind == "expired"
    assert NOW < expired.before < YEAR_LATER
    assert outcome_of(store, lost) is None  # missing, not expired
    assert outcome_of(store, own) is None  # nobody can tell how old it is
    later = new_receipt()
    assert store.retention.past_outcomes({later: YEAR_LATER}) == {}
    assert store.retention.past_outcomes({own: NOW}).keys() == {own}


@sqlite_first
def test_what_was_sent_after_the_last_removed_outcome_has_not_expired(store: SqlStore) -> None:
    """Otherwise a clock that was ahead once would hide all articles that are lost until then."""
    old, lost, at = new_receipt(), new_receipt(), NOW + timedelta(hours=1)
    store.write([record(receipt="made")], [], [], now=NOW)
    deliver_unchanged(store, old, NOW)
    remove_old(store)
    entries = [JournalEntry(receipt=r, message_id="m", at=t) for r, t in ((old, NOW), (lost, at))]
    assert store.retention.past_outcomes({lost: at}) == {}
    compared = store.retention.compare_journal(entries)
    assert (compared.expired, [x.receipt for x in compared.undecided]) == (1, [lost])


@sqlite_first
def test_a_repeated_delivery_of_a_removed_receipt_is_processed_without_harm(
    store: SqlStore, store_url: str
) -> None:
    store.write([record(receipt="made")], [], [], now=NOW)
    remove_old(store)
    unchanged = {"kind": OutcomeKind.UNCHANGED}
    again = record(receipt="made", verdict=unchanged)
    [outcome] = store.write([again], [], [], now=YEAR_LATER)
    assert (outcome.kind, outcome.revision) == (OutcomeKind.UNCHANGED, 1)
    assert len(rows(store_url, "revisions")) == 1
    remove_old(store, YEAR_LATER + 365 * DAY)
    [exported] = store.articles(Query())
    assert exported.verdict == "new"


@sqlite_first
def test_a_new_replay_forgets_the_end_of_the_one_before(store: SqlStore) -> None:
    letter = dead("x", receipt="first")
    store.write([], [], [letter], now=NOW)
    store.mark_replays({letter.letter_id: replay_receipt(letter.letter_id, 1)}, now=NOW)
    store.write([record(receipt=replay_receipt(letter.letter_id, 1))], [], [], now=NOW)
    remove_old(store, replayed_letters_days=0)
    [stored] = store.letters([letter.letter_id])
    assert (stored.state, stored.outcome) == ("replayed", "new")
    store.write([], [], [dead("x", receipt="second")], now=YEAR_LATER)  # it fails once more
    assert store.letters([letter.letter_id])[0].state == "dead"
    store.mark_replays({letter.letter_id: replay_receipt(letter.letter_id, 2)}, now=YEAR_LATER)
    [stored] = store.letters([letter.letter_id])
    assert (stored.state, stored.outcome) == ("replaying", None)


@sqlite_first
def test_a_replayed_letter_goes_after_a_month_and_one_that_stands_never(
    store: SqlStore, store_url: str
) -> None:
    fill(store)
    removed = remove_old(store, NOW + 40 * DAY)
    assert removed[Aged.REPLAYED_LETTERS] == 1
    states = {
        letter.state for letter in store.letters([r["letter_id"] for r in _letters(store_url)])
    }
    assert states == {"dead"}
    remove_old(store, YEAR_LATER)
    assert len(_letters(store_url)) == 3


def _letters(store_url: str) -> list[dict[str, object]]:
    return rows(store_url, "dead_letters")


@pytest.mark.usefixtures("_steps")
def test_a_cursor_of_removed_changes_is_an_error_and_never_a_silent_skip(store: SqlStore) -> None:
    for n in range(4):
        store.write([record(article(f"id:{n}"))], [], [], now=NOW + n * DAY)
    cursors = [change.cursor for change in store.changes("start")]
    remove_old(store, NOW + 32 * DAY + timedelta(hours=1))  # three are old now
    assert [c.cursor for c in store.changes(cursors[2])] == cursors[3:]  # it had read all of them
    assert [c.cursor for c in store.changes("oldest")] == cursors[2:]
    assert store.cursor("oldest") == "oldest"
    for late in ("start", cursors[0], cursors[1]):
        for read in (store.cursor, store.changes):
            with pytest.raises(LookupError, match=r"were removed.*worker export.*`oldest`"):
                read(late)
    with pytest.raises(LookupError, match="is not a cursor of this store"):
        store.cursor("999999-00")
    remove_old(store)
    assert store.cursor("now") == cursors[3]  # the newest stays, however old it is
    assert store.changes(cursors[3]) == []


def test_hourly_counts_go_after_400_days_and_totals_stay(store: SqlStore, store_url: str) -> None:
    store.write([record()], [], [], now=NOW)
    totals = store.outcome_totals()
    assert remove_old(store, NOW + 399 * DAY).get(Aged.HOURLY_COUNTS) is None
    traits = len(rows(store_url, "hourly_traits"))
    assert traits > 0
    assert remove_old(store, NOW + 402 * DAY)[Aged.HOURLY_COUNTS] == 1 + traits
    assert [row["hour"] for row in rows(store_url, "hourly_outcomes")] == [0]
    assert rows(store_url, "hourly_traits") == []
    assert store.outcome_totals() == totals


@sqlite_first
def test_raw_articles_of_pages_go_only_when_asked(store: SqlStore) -> None:
    page = "".join(f"<p>{n * 7919} of the harbour</p>" for n in range(3000))
    large = record(article("id:page"), payload=Payload.of({"content": page}))
    store.write([large, record(article("id:short"))], [], [], now=NOW)
    assert remove_old(store).get(Aged.PAGE_PAYLOADS) is None
    assert store.without_payload(Query(), "clean-2", 5) == (0, [])
    assert remove_old(store, page_payloads_days=90) == {Aged.PAGE_PAYLOADS: 1}
    page_id = article("id:page").article_id
    assert store.without_payload(Query(), "clean-2", 5) == (1, [page_id])
    assert store.without_payload(Query(), "clean-1", 5) == (0, [])  # this one needs no cleaning
    assert store.count_stale(Query(), "cleaner", "clean-2") == 1
    assert [r.payload != "" for r in store.records([page_id])] == [False]


@sqlite_first
def test_a_number_of_a_message_is_kept_when_its_rows_go(store: SqlStore, store_url: str) -> None:
    producer = "8aaa-8bbb-cccc"
    ids = {n: numbered_message_id(producer, n) for n in (1, 2, 4)}
    store.write([record(article(f"id:{n}"), receipt=f"r{n}") for n in ids], [], [], now=NOW)
    store.add_journal_entries(
        [JournalEntry(receipt=f"r{n}", message_id=ids[n], at=NOW) for n in ids]
    )
    before = store.lost_messages(NOW - DAY, NOW + DAY)
    assert [(gap.first, gap.last) for gap in before] == [(3, 3)]
    remove_old(store)
    assert store.lost_messages(NOW - DAY, NOW + DAY) == before


@sqlite_first
def test_content_that_is_deleted_takes_what_was_kept_of_it_along(
    store: SqlStore, store_url: str
) -> None:
    fill(store)
    remove_old(store)
    assert rows(store_url, "revision_origins")
    assert rows(store_url, "reclean_marks")
    store.delete([row["article_id"] for row in rows(store_url, "articles")], now=YEAR_LATER)
    assert rows(store_url, "revision_origins") == rows(store_url, "reclean_marks") == []


def test_sizes_of_tables_are_sampled_once_a_day(store: SqlStore, store_url: str) -> None:
    assert store.retention.growth(NOW).bytes_a_day is None
    store.write([record()], [], [], now=NOW)
    growth = store.retention.growth(NOW + 10 * DAY, each_table=True)
    assert growth.bytes_a_day == pytest.approx(growth.bytes / 10)
    assert not growth.sampled
    assert growth.tables["revisions"] > 0
    whole = store.retention.growth(NOW)
    assert whole.bytes == growth.bytes
    assert (whole.free_bytes is not None) == store_url.startswith("sqlite")
    for _ in range(2):
        store.retention.store_sizes(NOW)
    sampled = sum(row["bytes"] for row in rows(store_url, "table_sizes"))
    store.write([record(article(f"id:{n}", text="x" * 9000)) for n in range(9)], [], [], now=NOW)
    growth = store.retention.growth(NOW + 10 * DAY)
    assert growth.sampled
    assert growth.days == pytest.approx(10.5)
    assert growth.bytes_a_day == pytest.approx((growth.bytes - sampled) / growth.days)
