"""Count the outcomes of a batch (the articles of one message) by source, hour, kind and reason.

Each delivery is counted once: in the transaction that stores its outcome. So the counts always
agree with the stored outcomes, even if a process dies.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection

from worker.model.receipts import RECLEAN_PREFIX
from worker.model.records import Outcome
from worker.store.database.columns import stored_name
from worker.store.hourly_values import ALL_HOURS, OutcomeKey, hour_of


def count_outcomes(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Add the outcomes of a batch to the counts for the hour of `now`, and to the totals of each
    source.

    `outcomes` are those that this transaction has stored. A stored article that was cleaned again
    is not counted, because nobody delivered it.
    """
    delivered = Counter(
        (o.source, o.kind.value, str(o.reason))
        for o in outcomes
        if not o.receipt.startswith(RECLEAN_PREFIX)
    )
    hour, counts = hour_of(now), Counter[OutcomeKey]()
    for (source, outcome, reason), articles in delivered.items():
        counts[OutcomeKey(stored_name(source), hour, outcome, reason)] += articles
    add_counts(connection, counts)


def add_counts(connection: Connection, counts: Mapping[OutcomeKey, int]) -> None:
    """Add numbers of articles to the stored counts by hour, and to the totals for all hours.

    `counts` maps source, hour, outcome and reason to a number. The sources must be named as in the
    database (`stored_name`). The rows are locked in a fixed order, so that no two writers wait for
    each other.
    """
    totals: Counter[OutcomeKey] = Counter()
    for (source, _, outcome, reason), articles in counts.items():
        totals[OutcomeKey(source, ALL_HOURS, outcome, reason)] += articles
    rows = [(*key, articles) for key, articles in sorted({**counts, **totals}.items())]
    if not rows:
        return
    # Not by way of SQLAlchemy's expressions, which take three times as long.
    if connection.dialect.name == "postgresql":
        # One text: psycopg takes three times as long to write arrays.
        objects = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        connection.exec_driver_sql(_ADD_OBJECTS, (orjson.dumps(objects).decode(),))
    else:
        connection.exec_driver_sql(_ADD_ROWS, rows)


_COLUMNS = ("source", "hour", "outcome", "reason", "articles")
_ADD_ROWS = """
    INSERT INTO hourly_outcomes (source, hour, outcome, reason, articles)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (source, hour, outcome, reason)
    DO UPDATE SET articles = hourly_outcomes.articles + excluded.articles"""
_ADD_OBJECTS = """
    INSERT INTO hourly_outcomes (source, hour, outcome, reason, articles)
    SELECT * FROM json_to_recordset(%s::json) AS counted
        (source text, hour integer, outcome text, reason text, articles bigint)
    ON CONFLICT (source, hour, outcome, reason)
    DO UPDATE SET articles = hourly_outcomes.articles + excluded.articles"""
