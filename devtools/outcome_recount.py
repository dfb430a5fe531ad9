"""Count the receipts of a store anew, to check the counts that workers keep by hour."""

from collections import Counter

import sqlalchemy as sa

from worker.model.receipts import RECLEAN_PREFIX
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import hourly_outcomes, receipts
from worker.store.hourly_values import ALL_HOURS, OutcomeKey, hour_of


def stored_counts(url: str) -> Counter[OutcomeKey]:
    """The rows of table `hourly_outcomes`: the numbers of each hour, and the running totals."""
    engine = open_engine(parse(url))
    with engine.connect() as connection:
        rows = connection.execute(sa.select(hourly_outcomes)).all()
    engine.dispose()
    return Counter({OutcomeKey(*key): articles for *key, articles in rows})


def recounted(url: str) -> Counter[OutcomeKey]:
    """The same numbers, counted one by one from the receipts that the store has."""
    counts: Counter[OutcomeKey] = Counter()
    engine = open_engine(parse(url))
    with engine.connect() as connection:
        rows = connection.execute(sa.select(receipts)).all()
    engine.dispose()
    for row in rows:
        if not row.receipt.startswith(RECLEAN_PREFIX):
            for hour in (hour_of(row.at), ALL_HOURS):
                counts[OutcomeKey(row.source, hour, row.outcome, row.reason)] += 1
    return counts


def miscounted(url: str) -> int:
    """By how many articles the counts of the hours and the totals differ from the receipts."""
    stored, true = stored_counts(url), recounted(url)
    return sum(abs(stored[key] - true[key]) for key in stored | true)
