"""Read provenances: facts that many revisions or tags share, stored once under a number. The
facts of a revision are the versions of the rules that made it; those of a tag are its scheme,
method and version."""

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
    """Return the shared facts (names and values, such as versions of rules) that are stored
    under these numbers, as number -> facts. Numbers under which nothing is stored are left out."""
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
    """Return for each revision which versions of the rules made it, such as {"cleaner": "12"}.

    `rows` are the revisions, with the columns `provenance` and `versions` of table `revisions`.
    """
    facts = facts_of(connection, {row["provenance"] for row in rows} - {None})
    return [{**facts.get(row["provenance"], {}), **row["versions"]} for row in rows]


def version_of(part: str) -> sa.ColumnElement[str]:
    """Return an SQL expression for the version of the rules by which one part of the worker,
    such as the `cleaner`, made a revision; "" if it is not known."""
    shared = sa.select(provenances.c.facts[part].as_string())
    shared = shared.where(provenances.c.id == revisions.c.provenance)
    own = revisions.c.versions[part].as_string()
    return sa.func.coalesce(own, shared.scalar_subquery(), "")
