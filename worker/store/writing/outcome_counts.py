"""Count the outcomes of a batch (the articles of one message) by source, hour, kind and reason, and
the traits of its new articles.

Each delivery is counted once: in the transaction that stores its outcome. So the counts always
agree with the stored outcomes, even if a process dies.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

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
    hour = hour_of(now)
    counts = Counter(
        OutcomeKey(stored_name(o.source), hour, o.kind.value, str(o.reason))
        for o in outcomes
        if not o.receipt.startswith(RECLEAN_PREFIX)
    )
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
        columns = _columns(rows)
        if trait_rows:  # both in one round trip
            connection.exec_driver_sql(_ADD_BOTH, columns + _columns(trait_rows))
        else:
            connection.exec_driver_sql(_ADD_ARRAYS, columns)
        return
    connection.exec_driver_sql(_ADD_ROWS, rows)
    if trait_rows:
        connection.exec_driver_sql(_ADD_TRAIT_ROWS, trait_rows)


def _columns(rows: Sequence[tuple[object, ...]]) -> tuple[list[object], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


_ADD_ROWS = """
    INSERT INTO hourly_outcomes (source, hour, outcome, reason, articles)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (source, hour, outcome, reason)
    DO UPDATE SET articles = hourly_outcomes.articles + excluded.articles"""
_ADD_ARRAYS = """
    INSERT INTO hourly_outcomes (source, hour, outcome, reason, articles)
    SELECT * FROM unnest(%s::text[], %s::integer[], %s::text[], %s::text[], %s::bigint[])
    ON CONFLICT (source, hour, outcome, reason)
    DO UPDATE SET articles = hourly_outcomes.articles + excluded.articles"""
_ADD_TRAIT_ROWS = """
    INSERT INTO hourly_traits (source, hour, trait, articles)
    VALUES (?, ?, ?, ?)
    ON CONFLICT (source, hour, trait)
    DO UPDATE SET articles = hourly_traits.articles + excluded.articles"""
_ADD_BOTH = f"""
    WITH outcomes AS ({_ADD_ARRAYS})
    INSERT INTO hourly_traits (source, hour, trait, articles)
    SELECT * FROM unnest(%s::text[], %s::integer[], %s::text[], %s::bigint[])
    ON CONFLICT (source, hour, trait)
    DO UPDATE SET articles = hourly_traits.articles + excluded.articles"""  # noqa: S608
