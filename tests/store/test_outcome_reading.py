"""What reading the counts by hour costs, in statements, rows and searches: the same on a busy
machine."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.make import NOW
from worker.model.records import OutcomeKind
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import hourly_outcomes, sources
from worker.store.hourly_values import hour_of
from worker.store.sql_store import SqlStore

SOURCES, HOURS = 60, 200
KINDS = (("new", ""), ("unchanged", ""), ("dead", "empty"), ("dead", "crashed"))

Read = Callable[[SqlStore], Any]
READS: dict[str, tuple[Read, int]] = {  # with the most rows that the database may send
    "the rhythm of a source": (lambda s: s.outcomes_by_hour(NOW - 35 * timedelta(days=1), "s7"), 3),
    "its rhythm of one outcome": (
        lambda s: s.outcomes_by_hour(NOW - timedelta(days=35), "s7", OutcomeKind.NEW),
        1,
    ),
    "the chart of a day": (lambda s: s.outcomes_by_hour(NOW - timedelta(hours=23)), 24 * 3),
    "the latest outcomes": (lambda s: s.latest_outcomes(NOW), 2 * 4),
}  # fmt: skip


@pytest.fixture
def filled(store: SqlStore, store_url: str) -> SqlStore:
    """Counts of many sources in many hours, of which the database knows the numbers."""
    last = hour_of(NOW)
    names = [f"s{number}" for number in range(SOURCES)]
    hours = (0, *range(last - HOURS + 1, last + 1))
    engine = open_engine(parse(store_url))
    with engine.execution_options(writes=True).begin() as connection:
        seen = {"receipts": 1, "dead": 0, "first_seen": NOW, "last_seen": NOW}
        ids = dict.fromkeys(("articles", "without_id", "reused_ids", "changed_ids"), 0)
        connection.execute(sources.insert(), [{"source": name, **seen, **ids} for name in names])
        counts = [
            {"source": name, "hour": hour, "outcome": kind, "reason": reason, "articles": 1}
            for name, hour, (kind, reason) in product(names, hours, KINDS)
        ]
        connection.execute(hourly_outcomes.insert(), counts)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return store


@pytest.mark.parametrize(("read", "most_rows"), READS.values(), ids=READS)
def test_one_statement_searches_the_index_and_sends_few_rows(
    filled: SqlStore, store_url: str, read: Read, most_rows: int
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if "hourly_outcomes" in statement:
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert read(filled)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    [(statement, parameters)] = asked
    engine = open_engine(parse(store_url))
    explain = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with engine.connect() as connection:
        assert len(connection.exec_driver_sql(statement, parameters).all()) <= most_rows
        plan = connection.exec_driver_sql(explain + statement, parameters).all()
    engine.dispose()
    lines = [str(line) for line in plan if "hourly_outcomes" in str(line)]
    assert lines, plan
    assert not [x for x in lines if "Seq Scan" in x or "SCAN hourly_outcomes" in x], plan
    assert "pk_hourly_outcomes" in str(plan) or "(source=? AND hour" in str(plan), plan


def test_the_numbers_read_so_are_the_stored_ones(filled: SqlStore) -> None:
    rhythm = filled.outcomes_by_hour(NOW - timedelta(days=35), "s7")
    assert len(rhythm) == HOURS * 3
    assert rhythm == sorted(rhythm)
    assert {c.outcome: c.articles for c in rhythm} == {"new": 1, "unchanged": 1, "dead": 2}
    chart = filled.outcomes_by_hour(NOW - timedelta(hours=23))
    assert {c.outcome: c.articles for c in chart} == {
        "new": SOURCES, "unchanged": SOURCES, "dead": 2 * SOURCES,
    }  # fmt: skip
    latest = filled.latest_outcomes(NOW)
    assert latest.totals.outcomes[OutcomeKind.NEW] == SOURCES
    assert latest.lately.outcomes[OutcomeKind.NEW] == 2 * SOURCES
    assert latest.lately.dead == {"empty": 2 * SOURCES, "crashed": 2 * SOURCES}
