"""Hourly counts and running totals equal the receipts, whoever wrote them and whatever repeats."""

import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from devtools.outcome_recount import recounted, stored_counts
from tests.make import NOW, article, dead, record, withdrawal
from tests.store.racing import race
from tests.store.stored import rows
from tests.support.processes import CONTEXT
from worker.errors import Reason
from worker.maintenance.missed_counts import count_missed_outcomes
from worker.model.receipts import RECLEAN_PREFIX
from worker.model.records import OutcomeKind
from worker.store.database.columns import stored_name
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import hourly_outcomes
from worker.store.hourly_values import FIRST_STORED, HourlyCount, OutcomeKey, hour_of, hour_start
from worker.store.sql_store import SqlStore
from worker.store.writing import missed_outcomes

HOUR = timedelta(hours=1)


def execute(url: str, *statements: str) -> None:
    engine = open_engine(parse(url))
    with engine.execution_options(writes=True).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def forget_counts(url: str) -> None:
    """Leave the store as a worker of the version before would have written it."""
    execute(url, "DELETE FROM hourly_outcomes")


def put_counts(url: str, counts: Counter[OutcomeKey]) -> None:
    found = [{**key._asdict(), "articles": articles} for key, articles in counts.items()]
    engine = open_engine(parse(url))
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(hourly_outcomes.insert(), found)
    engine.dispose()


def test_each_outcome_is_counted_in_its_hour_and_in_the_total(
    store: SqlStore, store_url: str
) -> None:
    batch = [record(article("id:1")), record(article("id:2", source="other"))]
    letters = [dead(), dead(reason=Reason.EMPTY), dead(1, reason=Reason.EMPTY)]
    store.write(batch, [withdrawal("id:7")], letters, now=NOW)
    store.write([record(article("id:1"))], [], [], now=NOW + HOUR)
    counts, hour = stored_counts(store_url), hour_of(NOW)
    assert counts == recounted(store_url)
    assert counts["wire", hour, "new", ""] == 1
    assert counts["other", hour, "new", ""] == 1
    assert counts["wire", hour, "dead", "empty"] == 2
    assert counts["wire", hour, "withdrawn", ""] == 1
    assert counts["wire", hour + 1, "unchanged", ""] == counts["wire", 0, "unchanged", ""] == 1


def test_a_receipt_that_is_delivered_again_is_not_counted_again(
    store: SqlStore, store_url: str
) -> None:
    batch, letters = [record(article(f"id:{n}")) for n in range(5)], [dead()]
    for now in (NOW, NOW, NOW + HOUR):
        store.write(batch, [], letters, now=now)
    store.write([*batch, record(article("id:6"))], [], letters, now=NOW + HOUR)
    assert stored_counts(store_url) == recounted(store_url)
    assert sum(n for key, n in stored_counts(store_url).items() if key[1] == 0) == 7


def test_the_outcome_that_was_corrected_under_the_lock_is_the_one_that_is_counted(
    store: SqlStore, store_url: str
) -> None:
    # Two articles of one batch are judged to be new; the second one is a repetition of the first.
    store.write([record(article()), record(article())], [], [], now=NOW)
    assert stored_counts(store_url) == recounted(store_url)
    assert stored_counts(store_url)["wire", 0, "unchanged", ""] == 1
    store.write([], [withdrawal()], [], now=NOW)
    store.write([record(article(text="other"))], [], [], now=NOW)
    assert stored_counts(store_url) == recounted(store_url)


def test_cleaning_an_article_again_is_no_delivery(store: SqlStore, store_url: str) -> None:
    store.write([record(article())], [], [], now=NOW)
    again = record(article(text="cleaner"), receipt=f"{RECLEAN_PREFIX}1", reprocessed=True)
    letter = replace(dead(), receipt=f"{RECLEAN_PREFIX}2")
    store.write([again], [], [letter], now=NOW)
    assert sum(stored_counts(store_url).values()) == 2  # its hour, and the total
    assert stored_counts(store_url) == recounted(store_url)


def stored_traits(url: str) -> dict[tuple[str, str], int]:
    """Source and trait -> number of articles in all hours."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows(url, "hourly_traits"):
        counts[row["source"], row["trait"]] += row["articles"]
    return counts


def test_traits_of_articles_are_counted_when_they_are_first_stored(
    store: SqlStore, store_url: str
) -> None:
    whole = {"words": 400, "published": NOW}
    batch = [
        record(article("id:1", **whole)),
        record(article("id:2", **whole, language="de")),
        record(article("id:3", words=0, published=NOW)),
        record(article("id:4", words=59, published=NOW, language="und")),
        record(article("id:5", words=400, flags=("summary-only",))),
        record(article("id:6", words=400, published=NOW, flags=("future-date",))),
        record(article("id:7", **whole, source="other")),
    ]
    store.write(batch, [withdrawal("id:9")], [dead()], now=NOW)
    traits = {
        ("wire", "language:en"): 4,
        ("wire", "language:de"): 1,
        ("wire", "language:und"): 1,
        ("wire", "empty"): 1,
        ("wire", "short"): 2,
        ("wire", "undated"): 2,
        ("other", "language:en"): 1,
    }
    assert stored_traits(store_url) == traits
    # Neither a repetition, nor a revision, nor an article that is cleaned again is a new article.
    store.write([record(article("id:1", **whole))], [], [], now=NOW + HOUR)
    store.write([record(article("id:1", text="other", **whole))], [], [], now=NOW + HOUR)
    again = record(
        article("id:2", text="again", **whole), receipt=f"{RECLEAN_PREFIX}1", reprocessed=True
    )
    store.write([again], [], [], now=NOW + HOUR)
    assert stored_traits(store_url) == traits
    assert stored_counts(store_url) == recounted(store_url)
    copy = record(article("id:8", **whole), verdict={"kind": OutcomeKind.DUPLICATE})
    store.write([copy], [], [], now=NOW + HOUR)
    assert stored_traits(store_url)["wire", "language:en"] == 5


def test_names_that_the_database_shortens_are_counted_under_the_stored_name(
    store: SqlStore, store_url: str
) -> None:
    names = ["x" * 3000, "x" * 3001, "nul\0", "ä" * 999, ""]
    for name in names:
        store.write([record(article(source=name))], [], [dead(source=name)], now=NOW)
    assert stored_counts(store_url) == recounted(store_url)
    assert {key[0] for key in stored_counts(store_url)} == {stored_name(name) for name in names}
    assert store.outcome_totals("x" * 3000).outcomes[OutcomeKind.NEW] == 1


@pytest.mark.processes
def test_writers_of_the_same_sources_lose_no_count_and_never_deadlock(store_url: str) -> None:
    sources = [f"s{n}" for n in range(3)] + ["Ä", "a", "B", "_"]  # collations sort these apart
    writes = []
    for process in range(3):
        shuffled = random.Random(process).sample(sources, len(sources))
        batches = [
            [
                record(article(f"id:{process}.{k}.{s}", source=s))
                for s in shuffled[k:] + shuffled[:k]
            ]
            for k in range(4)
        ]
        writes.append(batches)
    race(store_url, writes)
    assert stored_counts(store_url) == recounted(store_url)
    assert sum(n for key, n in stored_counts(store_url).items() if key[1] == 0) == 3 * 4 * len(
        sources
    )


def test_what_the_version_before_stored_is_counted_afterwards(
    store: SqlStore, store_url: str
) -> None:
    for day in range(3):
        now = NOW - timedelta(days=30 * day, minutes=59)
        store.write([record(article(f"id:{day}.{n}")) for n in range(4)], [], [dead()], now=now)
    forget_counts(store_url)
    store.write([record(article("id:now"))], [], [], now=NOW)  # by this version, meanwhile
    assert count_missed_outcomes(store, NOW) == 15
    assert stored_counts(store_url) == recounted(store_url)
    assert count_missed_outcomes(store, NOW) == 0
    assert stored_counts(store_url) == recounted(store_url)


def test_a_worker_of_the_version_before_may_store_outcomes_after_a_pass(
    store: SqlStore, store_url: str
) -> None:
    store.write([record(article("id:1"))], [], [], now=NOW)
    assert count_missed_outcomes(store, NOW) == 0
    for minutes in (-60, 0, 45):  # late, at once, later
        before = stored_counts(store_url)
        late = NOW + timedelta(minutes=minutes)
        store.write([record(article(f"id:{minutes}"))], [], [], now=late)
        forget_counts(store_url)
        put_counts(store_url, before)
        assert count_missed_outcomes(store, NOW + HOUR) == 1
        assert stored_counts(store_url) == recounted(store_url)


def test_receipts_that_were_removed_because_they_are_old_lower_no_count(
    store: SqlStore, store_url: str
) -> None:
    store.write([record(article(f"id:{n}")) for n in range(4)], [], [dead()], now=NOW)
    before = stored_counts(store_url)
    execute(store_url, "DELETE FROM decisions", "DELETE FROM receipts", "DELETE FROM job_progress")
    assert count_missed_outcomes(store, NOW) == 0
    assert stored_counts(store_url) == before


def test_many_receipts_are_compared_in_steps(
    store: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed_outcomes, "STEP", 3)
    for hour in range(6):
        now = NOW - hour * HOUR
        store.write([record(article(f"id:{hour}.{n}")) for n in range(hour + 1)], [], [], now=now)
    forget_counts(store_url)
    step, steps = store.count_missed_outcomes(now=NOW), 1
    while not step.complete:
        step, steps = store.count_missed_outcomes(now=NOW, since=step.until), steps + 1
    assert steps > 4
    assert stored_counts(store_url) == recounted(store_url)
    assert store.count_missed_outcomes(now=NOW).articles == 0


def _count(url: str) -> int:
    store = SqlStore(url)
    return count_missed_outcomes(store, NOW)


@pytest.mark.processes
def test_processes_that_count_what_is_missing_at_once_add_it_once(
    store: SqlStore, store_url: str
) -> None:
    store.write([record(article(f"id:{n}")) for n in range(40)], [], [], now=NOW)
    forget_counts(store_url)
    with ProcessPoolExecutor(4, CONTEXT) as pool:
        assert sum(pool.map(_count, [store_url] * 4)) == 40
    assert stored_counts(store_url) == recounted(store_url)


def test_the_rhythm_of_a_source_is_read_by_hour_and_outcome(store: SqlStore) -> None:
    for hour, number in ((0, 1), (1, 2), (50, 3)):
        batch = [record(article(f"id:{hour}.{n}")) for n in range(number)]
        store.write(batch, [], [], now=NOW - hour * HOUR)
    store.write([record(article("id:x", source="other"))], [], [dead()], now=NOW)
    hour = hour_of(NOW)
    mine = [
        HourlyCount(hour=hour - 1, outcome="new", articles=2),
        HourlyCount(hour=hour, outcome="dead", articles=1),
        HourlyCount(hour=hour, outcome="new", articles=1),
    ]
    assert store.outcomes_by_hour(NOW - HOUR, "wire") == mine
    assert store.outcomes_by_hour(NOW, "wire", OutcomeKind.NEW) == mine[2:]
    assert store.outcomes_by_hour(NOW - HOUR)[-1].articles == 2
    assert sum(c.articles for c in store.outcomes_by_hour(datetime(1970, 1, 1, tzinfo=UTC))) == 8
    assert store.outcomes_by_hour(NOW, "nobody") == []


def test_totals_have_every_outcome_from_the_start(store: SqlStore) -> None:
    assert store.outcome_totals().outcomes == dict.fromkeys(OutcomeKind, 0)
    store.write([record(article())], [], [dead(reason=Reason.EMPTY)], now=NOW)
    store.write([record(article("id:2", source="other"))], [], [], now=NOW)
    totals = store.outcome_totals()
    assert totals.outcomes == dict.fromkeys(OutcomeKind, 0) | {"new": 2, "dead": 1}
    assert totals.dead == {"empty": 1}
    assert store.outcome_totals("other").outcomes[OutcomeKind.NEW] == 1


def test_totals_stay_when_old_hours_are_removed(store: SqlStore, store_url: str) -> None:
    store.write([record(article(f"id:{n}")) for n in range(4)], [], [dead()], now=NOW)
    before = store.outcome_totals()
    execute(store_url, "DELETE FROM hourly_outcomes WHERE hour > 0")
    assert store.outcomes_by_hour(NOW) == []
    assert store.outcome_totals() == before
    assert before.outcomes[OutcomeKind.NEW] == 4


def test_the_last_day_of_all_sources_is_read_as_numbers_by_hour(store: SqlStore) -> None:
    for hours in (0, 0, 23, 24):
        store.write([record(article(f"id:{hours}"))], [], [], now=NOW - hours * HOUR)
    store.write([record(article(source="old"))], [], [], now=NOW - 30 * HOUR)
    assert store.last_hours_by_source(NOW) == {"wire": (1, *(0,) * 22, 2)}
    assert store.last_hours_by_source(NOW, 2, kinds=FIRST_STORED) == {"wire": (0, 1)}
    assert set(store.last_hours_by_source(NOW, 48)) == {"wire", "old"}
    assert set(store.last_hours_by_source(NOW, 48, source="old")) == {"old"}


@pytest.mark.parametrize(
    ("at", "start"),
    [
        (datetime(2026, 11, 22, 12, 59, 59, 999_999, UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)),
        (datetime(2026, 11, 22, 13, tzinfo=UTC), datetime(2026, 11, 22, 13, tzinfo=UTC)),
        (datetime.fromisoformat("2026-11-22T12:10+05:30"), datetime(2026, 11, 22, 6, tzinfo=UTC)),
    ],
)
def test_hours_are_those_of_utc(at: datetime, start: datetime) -> None:
    assert hour_start(hour_of(at)) == start
