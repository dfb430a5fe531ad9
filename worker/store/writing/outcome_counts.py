"""Count the outcomes of a batch (the articles of one message) by source, hour, kind and reason, and
the traits of its new articles.

Each delivery is counted once: in the transaction that stores its outcome. So the counts always
agree with the stored outcomes, even if a process dies.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import orjson
from sqlalchemy import Connection

from worker.model.receipts import RECLEAN_PREFIX
from worker.model.records import Outcome
from worker.store.database.columns import stored_name
from worker.store.hourly_values import ALL_HOURS, OutcomeKey, TraitKey, hour_of
from worker.store.writing.article_traits import trait_counts
from worker.store.writing.batch_decisions import Decision


def count_outcomes(
    connection: Connection,
    outcomes: Sequence[Outcome],
    decisions: Sequence[Decision],
    now: datetime,
) -> None:
    """Add the outcomes of a batch to the counts for the hour of `now`, and to the totals of each
    source; add the traits of its new articles to the counts for that hour.

    `outcomes` are those that this transaction has stored, and `decisions` the final verdicts. A
    stored article that was cleaned again is not counted, because nobody delivered it.
    """
    delivered = Counter(
        (o.source, o.kind.value, str(o.reason))
        for o in outcomes
        if not o.receipt.startswith(RECLEAN_PREFIX)
    )
    hour, counts = hour_of(now), Counter[OutcomeKey]()
    for (source, outcome, reason), articles in delivered.items():
        counts[OutcomeKey(stored_name(source), hour, outcome, reason)] += articles
    add_counts(connection, counts, trait_counts(decisions, hour))


def add_counts(
    connection: Connection,
    counts: Mapping[OutcomeKey, int],
    traits: Mapping[TraitKey, int] = MappingProxyType({}),
) -> None:
    """Add numbers of articles to the stored counts by hour, and to the totals for all hours; add
    `traits` to the counts of traits, which have no totals.

    `counts` maps source, hour, outcome and reason to a number. The sources must be named as in the
    database (`stored_name`). The rows are locked in a fixed order, so that no two writers wait for
    each other.
    """
    totals: Counter[OutcomeKey] = Counter()
    for key, articles in counts.items():
        totals[key._replace(hour=ALL_HOURS)] += articles
    rows = [(*key, articles) for key, articles in sorted({**counts, **totals}.items())]
    if not rows:
        return
    trait_rows = [(*key, articles) for key, articles in sorted(traits.items())]
    # Not by way of SQLAlchemy's expressions, which take three times as long.
    if connection.dialect.name == "postgresql":
        # Texts: psycopg takes three times as long to write arrays.
        written = _json(_COLUMNS, rows)
        if trait_rows:  # both in one round trip
            connection.exec_driver_sql(_ADD_BOTH, (written, _json(_TRAIT_COLUMNS, trait_rows)))
        else:
            connection.exec_driver_sql(_ADD_OBJECTS, (written,))
        return
    connection.exec_driver_sql(_ADD_ROWS, rows)
    if trait_rows:
        connection.exec_driver_sql(_ADD_TRAIT_ROWS, trait_rows)


def _json(columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> str:
    return orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]).decode()


_COLUMNS = ("source", "hour", "outcome", "reason", "articles")
_TRAIT_COLUMNS = ("source", "hour", "trait", "articles")
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
_ADD_TRAIT_ROWS = """
    INSERT INTO hourly_traits (source, hour, trait, articles)
    VALUES (?, ?, ?, ?)
    ON CONFLICT (source, hour, trait)
    DO UPDATE SET articles = hourly_traits.articles + excluded.articles"""
_ADD_BOTH = f"""
    WITH outcomes AS ({_ADD_OBJECTS})
    INSERT INTO hourly_traits (source, hour, trait, articles)
    SELECT * FROM json_to_recordset(%s::json) AS counted
        (source text, hour integer, trait text, articles bigint)
    ON CONFLICT (source, hour, trait)
    DO UPDATE SET articles = hourly_traits.articles + excluded.articles"""  # noqa: S608
