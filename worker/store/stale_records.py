"""Find articles that other rules than the present ones have tagged or cleaned, and replace their
tags.

Tagging an article again replaces its tags and adds no revision. The change feed, the list of all
changes, gets an entry if the visible tags differ. To clean an article again, its stored raw article
is sent through the pipeline once more. Doing either twice has no further effect.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.receipts import reclean_parts
from worker.model.records import Article, Retagged, StoredRecord, Tag
from worker.store.database.columns import JsonColumn, UtcDateTime
from worker.store.database.packing import EMPTY_TEXT, unpack_text
from worker.store.database.provenances import version_of, versions_of
from worker.store.database.schema import (
    articles,
    changes,
    receipts,
    reclean_marks,
    revisions,
)
from worker.store.database.statements import NEWEST, concatenated
from worker.store.database.tag_encoding import Facts, provenance_of
from worker.store.reading.search import matching
from worker.store.reading.stored_tags import tags_of
from worker.store.values import ChangeKind, Query
from worker.store.writing.tag_writing import write_tags

CLEANER = "cleaner"
_LARGE = ("payload", "fingerprint")  # columns that tagging does not need
_HAS_NO_PAYLOAD = revisions.c.payload == EMPTY_TEXT


def stale_revisions(
    connection: Connection, query: Query, part: str, version: str, after: int, limit: int
) -> list[tuple[int, str]]:
    """Return a page of the articles that were tagged or cleaned by other rules than the present
    ones.

    `part` is "tagger" or "cleaner", and `version` the present version of its rules; articles with
    another version are returned. Each item is (row id of the newest revision, article id). The page
    has up to `limit` articles that match `query`, after the revision with row id `after`.
    """
    statement = _stale(connection, query, part, version).where(revisions.c.id > after)
    statement = statement.order_by(revisions.c.id).limit(limit)
    return [(row.id, row.article_id) for row in connection.execute(statement)]


def count_stale(connection: Connection, query: Query, part: str, version: str) -> int:
    """Count the articles that were tagged or cleaned by other rules than the present ones.

    `part` is "tagger" or "cleaner", and `version` the present version of its rules; articles with
    another version are counted, if they match `query`. The limit of `query` is ignored.
    """
    statement = _stale(connection, query, part, version).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(statement)).scalar_one()


def without_payload(
    connection: Connection, query: Query, version: str, limit: int
) -> tuple[int, Sequence[str]]:
    """Return how many articles can't be cleaned again, and the ids of the first `limit` of them.

    These are articles that another cleaner than `version` has cleaned, and whose raw articles were
    removed because of their age.
    """
    matched = matching(connection, query).order_by(None)
    stored_version = version_of(CLEANER)
    statement = matched.add_columns(revisions.c.article_id).where(
        _HAS_NO_PAYLOAD, stored_version != version
    )
    number = sa.select(sa.func.count()).select_from(statement.subquery())
    first = connection.execute(statement.order_by(revisions.c.id).limit(limit))
    return connection.scalar(number) or 0, [row.article_id for row in first]


def _stale(connection: Connection, query: Query, part: str, version: str) -> sa.Select[Any]:
    matched = matching(connection, query).order_by(None)
    statement: sa.Select[Any] = matched.add_columns(revisions.c.article_id)
    stored_version = version_of(part)
    # An article that was cleaned again in vain, for example rejected, has a receipt or a mark, and
    # is not returned for the same version of the cleaner again.
    if part == CLEANER:
        statement = statement.where(~_HAS_NO_PAYLOAD)
        number = sa.cast(revisions.c.number, sa.Text)
        done = concatenated(reclean_parts(revisions.c.article_id, number, sa.literal(version)))
        statement = statement.where(~sa.exists().where(receipts.c.receipt == done))
        marked = sa.exists().where(
            reclean_marks.c.article_id == revisions.c.article_id,
            reclean_marks.c.number == revisions.c.number,
            reclean_marks.c.cleaner == version,
        )
        statement = statement.where(~marked)
    return statement.where(stored_version != version)


def records(
    connection: Connection, article_ids: Sequence[str], *, payloads: bool = True
) -> list[StoredRecord]:
    """Return the newest revision of each of these articles, with its tags and raw payload.

    This is what re-tagging an article or cleaning it again needs. The result is sorted by article
    id. Unknown and withdrawn articles are left out. Without `payloads`, the raw payloads are not
    read, and are "".
    """
    columns = [column for column in revisions.c if payloads or column.name not in _LARGE]
    statement = sa.select(*columns, articles.c.key, articles.c.source).select_from(NEWEST)
    statement = statement.where(articles.c.article_id.in_(article_ids))
    rows = connection.execute(statement.order_by(articles.c.article_id)).mappings().all()
    stored_tags = tags_of(connection, [row["article_id"] for row in rows])
    versions = versions_of(connection, rows)
    return [
        StoredRecord(
            article_id=row["article_id"],
            revision=row["number"],
            article=article_of(row, of_row),
            content_hash=row["content_hash"],
            received=row["received"],
            versions=of_row,
            payload=unpack_text(row["payload"]) if payloads else "",
            tags=stored_tags.get(row["article_id"], ()),
        )
        for row, of_row in zip(rows, versions, strict=True)
    ]


_ARTICLE = TypeAdapter(Article)


def article_of(row: sa.RowMapping, versions: Mapping[str, str]) -> Article:
    """Build the cleaned `Article` again from its stored revision.

    `row` has the columns of table `revisions`, and `source` and `key` of table `articles`.
    `versions` are those of the rules that made the revision.
    """
    fields = {field: row[field] for field in field_names(Article) & row.keys()}
    made_by = {name: versions.get(name, "") for name in ("cleaner", "learned")}
    return _ARTICLE.validate_python({**fields, **made_by})


def retag(connection: Connection, retagged: Sequence[Retagged], now: datetime) -> int:
    """Replace the tags of stored articles; return how many articles got visibly different tags.

    A difference is visible if it is in the scheme, code, label or score of a tag. The change feed
    gets an entry with time `now` for each such article. An article that has changed since it was
    read is skipped.
    """
    targets = _lock_targets(connection, {new.article_id: new for new in retagged})
    if not targets:
        return 0
    before = tags_of(connection, targets)
    changed_ids = [i for i, (_, new) in targets.items() if set(before.get(i, ())) != set(new.tags)]
    new_tags = {i: targets[i][1].tags for i in changed_ids}
    facts = {
        i: {**was, "tagger": new.tagger, "config": new.config} for i, (was, new) in targets.items()
    }
    write_tags(connection, new_tags, changed_ids, facts.values())
    _set_versions(connection, facts)
    visibly_changed = [
        i
        for i in changed_ids
        if _visible_tags(before.get(i, ())) != _visible_tags(targets[i][1].tags)
    ]
    if visibly_changed:
        differences = {
            i: _difference(before.get(i, ()), targets[i][1].tags) for i in visibly_changed
        }
        _announce(connection, differences, now)
    return len(visibly_changed)


def _difference(before: Sequence[Tag], after: Sequence[Tag]) -> dict[str, list[str]]:
    """The tags that an article gained and lost, as "scheme:code"."""
    old, new = ({f"{tag.scheme}:{tag.code}": None for tag in of} for of in (before, after))
    return {"added": [c for c in new if c not in old], "removed": [c for c in old if c not in new]}


def _announce(
    connection: Connection, differences: Mapping[str, Mapping[str, Sequence[str]]], now: datetime
) -> None:
    """Add an entry to the change feed for each article, with the tags that it gained and lost."""
    last = connection.scalar(sa.select(sa.func.max(changes.c.id))) or 0
    update = sa.update(articles).where(articles.c.article_id.in_(differences))
    connection.execute(update.values(retagged_at=sa.literal(now, UtcDateTime)))
    # A trigger has added the entries. Those of other transactions are of other articles.
    entry = sa.and_(
        changes.c.id > sa.bindparam("p_last"),
        changes.c.article_id == sa.bindparam("p_article_id"),
        changes.c.kind == ChangeKind.RETAGGED.value,
    )
    rows = [
        {"p_last": last, "p_article_id": article_id, "p_tags": difference}
        for article_id, difference in differences.items()
    ]
    tagged = sa.bindparam("p_tags", type_=JsonColumn)
    connection.execute(sa.update(changes).where(entry).values(tags=tagged), rows)


RetagTarget = tuple[dict[str, str], Retagged]  # versions of the newest revision, new tags


def _lock_targets(
    connection: Connection, retagged: Mapping[str, Retagged]
) -> dict[str, RetagTarget]:
    """Lock the rows of the articles to re-tag, in the order of their ids.

    Returns article id -> versions of its newest revision and its new tags, without articles that
    were revised, withdrawn or re-tagged since they were read.
    """
    columns = (articles.c.article_id, articles.c.revision, articles.c.newest)
    not_withdrawn = sa.select(*columns).where(
        articles.c.article_id.in_(retagged), articles.c.withdrawn_at.is_(None)
    )
    locked = connection.execute(
        not_withdrawn.order_by(articles.c.article_id).with_for_update(key_share=True)
    ).all()
    newest = {row.newest: row.article_id for row in locked}
    c = revisions.c
    statement = sa.select(c.id, c.number, c.versions, c.provenance).where(c.id.in_(newest))
    rows = connection.execute(statement).mappings().all()
    targets = {
        newest[row["id"]]: (row["number"], versions)
        for row, versions in zip(rows, versions_of(connection, rows), strict=True)
    }
    return {
        article_id: (versions, new)
        for article_id, (number, versions) in targets.items()
        if number == (new := retagged[article_id]).revision
        and versions.get("tagger", "") == new.was != new.tagger
    }


def _set_versions(connection: Connection, facts: Mapping[str, Facts]) -> None:
    """Set the versions of the newest revision of each article, article id -> versions."""
    newest = sa.select(articles.c.newest).where(articles.c.article_id == sa.bindparam("p_id"))
    statement = sa.update(revisions).where(revisions.c.id == newest.scalar_subquery())
    rows = [
        {"p_id": article_id, "p_versions": {}, "p_provenance": provenance_of(of)}
        for article_id, of in facts.items()
    ]
    bound = {
        "versions": sa.bindparam("p_versions", type_=JsonColumn),
        "provenance": sa.bindparam("p_provenance"),
    }
    connection.execute(statement.values(bound), rows)


def _visible_tags(article_tags: Sequence[Tag]) -> set[tuple[str, str, str, float]]:
    """Return only the fields of tags that the change feed shows, to compare old and new tags."""
    return {(tag.scheme, tag.code, tag.label, tag.score) for tag in article_tags}
