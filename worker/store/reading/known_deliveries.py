"""Look up which deliveries of a batch were processed before, and for which stored articles an
unchanged raw article can be recognised without being cleaned. One statement reads both."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.source_trust import SourceIds
from worker.model.unchanged import KnownDeliveries, MarkedArticle
from worker.store.database.columns import stored_name
from worker.store.database.schema import articles, receipts, sources
from worker.store.database.statements import CHUNK, external_ids_of

_COUNTS = field_names(SourceIds)


def known_deliveries(
    connection: Connection, requested: Sequence[str], article_ids: Sequence[str]
) -> KnownDeliveries:
    """Return which of the receipts `requested` (ids of deliveries) have an outcome, so that they
    were processed before, and which of the articles have a raw mark: a hash by which an unchanged
    raw article is recognised without being cleaned.

    Withdrawn articles are left out. So are those of sources that often give wrong external ids,
    because their articles can only be recognised after cleaning.
    """
    receipt_of = {stored_name(receipt): receipt for receipt in requested}
    names, ids = list(receipt_of), list(dict.fromkeys(article_ids))
    ended: set[str] = set()
    distrusted: dict[tuple[int | None, ...], bool] = {}  # by the counts of a source
    marked: dict[str, MarkedArticle] = {}
    for start in range(0, max(len(names), len(ids)), CHUNK):
        end = start + CHUNK
        parameters = {"names": names[start:end], "ids": ids[start:end]}
        statement = _BOTH if parameters["ids"] else _RECEIPTS
        for row in connection.execute(statement, parameters):
            if row.revision is None:
                ended.add(receipt_of[row.name])
                continue
            counts = tuple(row[-len(_COUNTS) :])
            if counts not in distrusted:
                distrusted[counts] = external_ids_of(row._mapping).distrusted
            if not distrusted[counts]:
                marked[row.name] = MarkedArticle(row.revision, row.raw_mark)
    return KnownDeliveries(frozenset(ended), marked)


def _listed(name: str) -> sa.BindParameter[str]:
    return sa.bindparam(name, type_=sa.Text, expanding=True)


_ARTICLES = (
    sa.select(
        articles.c.article_id.label("name"),
        articles.c.revision,
        articles.c.raw_mark,
        *(sources.c[count] for count in _COUNTS),
    )
    .outerjoin(sources, sources.c.source == articles.c.source)
    .where(
        articles.c.article_id.in_(_listed("ids")),
        articles.c.raw_mark.is_not(None),
        articles.c.withdrawn_at.is_(None),
    )
)
_RECEIPTS = sa.select(
    receipts.c.receipt.label("name"),
    sa.cast(sa.null(), sa.Integer).label("revision"),
    sa.null().label("raw_mark"),
    *(sa.null().label(count) for count in _COUNTS),
).where(receipts.c.receipt.in_(_listed("names")))
_BOTH = sa.union_all(_ARTICLES, _RECEIPTS)
