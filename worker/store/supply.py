"""What sources send: counts of each, and one in detail."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.models import SourceIds
from worker.store import SourceSeen
from worker.store.schema import dead_letters, receipts, sources


def all_sources(connection: Connection) -> list[SourceSeen]:
    order = (sources.c.last_seen.desc(), sources.c.source)
    rows = connection.execute(sa.select(sources).order_by(*order)).mappings()
    return [_seen(row) for row in rows]


def one_source(connection: Connection, name: str) -> dict[str, Any] | None:
    """Raises nothing for an unknown one: it is None."""
    row = connection.execute(sa.select(sources).where(sources.c.source == name)).mappings().first()
    if row is None:
        return None
    number = sa.func.count()
    outcomes = sa.select(receipts.c.outcome, number).where(receipts.c.source == name)
    letters = sa.select(dead_letters.c.reason, number).where(dead_letters.c.source == name)
    by_outcome = connection.execute(outcomes.group_by(receipts.c.outcome).order_by(number.desc()))
    by_reason = connection.execute(letters.group_by(dead_letters.c.reason).order_by(number.desc()))
    return {
        "source": _seen(row),
        "outcomes": {row[0]: row[1] for row in by_outcome},
        "dead_letters": {row[0]: row[1] for row in by_reason},
    }


def _seen(row: sa.RowMapping) -> SourceSeen:
    ids = SourceIds(**{field: row[field] for field in SourceIds.model_fields})
    own = {field: row[field] for field in ("source", "receipts", "dead", "first_seen", "last_seen")}
    return SourceSeen(**own, ids=ids, distrusted=ids.distrusted)
