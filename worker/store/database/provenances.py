"""Read the facts that many revisions or tags share: the versions of the rules that made them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.schema import provenances, revisions
from worker.store.database.statements import chunks
from worker.store.database.tag_encoding import Facts

_MOST_KEPT = 10_000
# The number of a provenance is a hash of its facts, so a number never gets other facts.
_known: dict[int, Facts] = {}


def facts_of(connection: Connection, numbers: Collection[int]) -> dict[int, Facts]:
    """Return the facts of these provenances, by number; those that are not stored have none."""
    missing = [number for number in numbers if number not in _known]
    if missing and len(_known) > _MOST_KEPT:
        _known.clear()
        missing = list(numbers)
    for chunk in chunks(missing):
        statement = sa.select(provenances).where(provenances.c.id.in_(chunk))
        _known.update({row.id: row.facts for row in connection.execute(statement)})
    return {number: _known[number] for number in numbers if number in _known}


def versions_of(
    connection: Connection, rows: Sequence[Mapping[str, Any] | sa.RowMapping]
) -> list[dict[str, str]]:
    """Return for each revision the versions of the rules that made it, such as `cleaner`.

    The rows have the columns `provenance` and `versions` of table `revisions`.
    """
    facts = facts_of(connection, {row["provenance"] for row in rows} - {None})
    return [{**facts.get(row["provenance"], {}), **row["versions"]} for row in rows]


def version_of(part: str) -> sa.ColumnElement[str]:
    """Return an SQL expression for the version of one part, such as `cleaner`, that made a
    revision; "" if it is not known."""
    shared = sa.select(provenances.c.facts[part].as_string())
    shared = shared.where(provenances.c.id == revisions.c.provenance)
    own = revisions.c.versions[part].as_string()
    return sa.func.coalesce(own, shared.scalar_subquery(), "")
