"""Read the tags of articles, and find articles by a tag.

Most articles have their tags in one row of table `article_tags`. What an earlier version has
written is in table `tag_rows`, one row for each tag, until it is moved.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import array

from worker.model.records import Tag
from worker.store.database.old_tag_rows import rows_of
from worker.store.database.provenances import facts_of
from worker.store.database.schema import article_tags, articles, provenances, tag_rows
from worker.store.database.statements import NEWEST, chunks, is_one_of
from worker.store.database.tag_encoding import (
    Facts,
    NamedTag,
    Value,
    decode_names,
    decode_tags,
    folded,
    provenances_in,
    terms_of_code,
    terms_of_label,
)
from worker.store.values import Query

# The newest revisions of articles with their tags; without, for tags written by earlier versions.
WITH_TAGS = NEWEST.outerjoin(article_tags, article_tags.c.article == articles.c.seq)
_tag_index = sa.table("tag_index", sa.column("term"), sa.column("article"))  # of SQLite


def tags_of(connection: Connection, article_ids: Iterable[str]) -> dict[str, tuple[Tag, ...]]:
    """Return article id -> the tags of its newest revision, best first. An article without tags has
    no entry."""
    found: dict[str, tuple[Tag, ...]] = {}
    for chunk in chunks(list(dict.fromkeys(article_ids))):
        found |= _values(connection, chunk)
        if unfound := [article_id for article_id in chunk if article_id not in found]:
            found |= rows_of(connection, unfound)
    return {article_id: tags for article_id, tags in found.items() if tags}


def tag_names_in(
    connection: Connection, stored: Mapping[str, str | None], scheme: str = ""
) -> Iterator[NamedTag]:
    """Yield the tags of many articles without their evidence; if a scheme, such as "taxonomy", is
    given, only the tags of that scheme. This decodes far less than `tags_of` does.

    `stored` is the column `tags` of table `article_tags` by article id, None where an article has
    no row in that table.
    """
    values = {name: orjson.loads(value) for name, value in stored.items() if value is not None}
    facts = _facts_in(connection, values.values())
    for value in values.values():
        yield from decode_names(value, facts, scheme)
    if unfound := [article_id for article_id in stored if article_id not in values]:
        for tag in chain.from_iterable(rows_of(connection, unfound).values()):
            if scheme in ("", tag.scheme):
                yield NamedTag(tag.scheme, tag.code, tag.label, tag.method, tag.rule)


def _values(connection: Connection, article_ids: Sequence[str]) -> dict[str, tuple[Tag, ...]]:
    statement = (
        sa.select(articles.c.article_id, article_tags.c.tags)
        .join(article_tags, article_tags.c.article == articles.c.seq)
        .where(is_one_of(connection, articles.c.article_id, article_ids))
    )
    values = {row.article_id: orjson.loads(row.tags) for row in connection.execute(statement)}
    facts = _facts_in(connection, values.values())
    return {article_id: decode_tags(value, facts) for article_id, value in values.items()}


def _facts_in(connection: Connection, values: Collection[Value]) -> Mapping[int, Facts]:
    return facts_of(connection, set().union(*map(provenances_in, values)))


def tagged_articles(connection: Connection, query: Query) -> sa.Select[Any]:
    """Return a SELECT of the articles that have the tag of a query, by their row numbers
    (`articles.seq`), in a column `article`.

    The query names the tag by its code, its label or "scheme:code"; capital letters make no
    difference. Tags with another code of the same meaning are found, too, and those whose code is
    the label that was given, with hyphens for spaces.
    """
    terms = _terms(connection, query)
    values = sa.select(_has_term(connection, terms).c.article)
    of_rows = sa.select(articles.c.seq).join(
        tag_rows, tag_rows.c.article_id == articles.c.article_id
    )
    both = sa.union_all(values, of_rows.where(_is_tag_row(query))).subquery()
    return sa.select(both.c[0].label("article"))


def has_tag(connection: Connection, query: Query) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an article, a row of table `articles`, has the tag of a query.

    It is fast where few articles are left to be examined; `tagged_articles` is so where few have
    the tag.
    """
    holders = _has_term(connection, _terms(connection, query))
    value = sa.exists().where(holders.c.article == articles.c.seq)
    row = sa.exists().where(tag_rows.c.article_id == articles.c.article_id, _is_tag_row(query))
    return sa.or_(value, row)


def _has_term(connection: Connection, terms: Sequence[int]) -> sa.FromClause:
    """The articles with one of these terms, in the column `article`."""
    if connection.dialect.name == "postgresql":
        overlaps = article_tags.c.terms.op("&&")(sa.cast(array(terms), sa.ARRAY(sa.BigInteger)))
        return sa.select(article_tags.c.article).where(overlaps).subquery()
    of_terms = sa.select(_tag_index.c.article).where(_tag_index.c.term.in_(terms))
    return of_terms.distinct().subquery()


def _terms(connection: Connection, query: Query) -> list[int]:
    """The numbers of all tags that a query means."""
    schemes = set(connection.scalars(sa.select(_SCHEME).distinct())) - {None}
    scheme, _, code = query.tag.partition(":")
    scheme = folded(scheme)
    terms = {*terms_of_code(scheme, code)}
    for label in (code, code.replace("-", " ")):
        terms.update(terms_of_label(scheme, label))
    for any_scheme in schemes:
        terms.update(terms_of_code(any_scheme, query.tag))
        terms.update(terms_of_label(any_scheme, query.tag))
    for other_scheme, other in query.tag_codes:
        for each in [other_scheme] if other_scheme else schemes:
            terms.update(terms_of_code(each, other))
    return sorted(terms)


_SCHEME = provenances.c.facts["scheme"].as_string()


def _is_tag_row(query: Query) -> sa.ColumnElement[bool]:
    """The condition that a row of table `tag_rows` is the tag of a query."""
    return sa.or_(*_alternatives(query))


def _alternatives(query: Query) -> Iterator[sa.ColumnElement[bool]]:
    c = tag_rows.c
    scheme, _, code = query.tag.partition(":")
    labels = {folded(code), folded(code.replace("-", " "))}
    yield c.code_folded == folded(query.tag)
    yield c.label_folded == folded(query.tag)
    yield sa.and_(c.code_folded == folded(code), c.scheme == folded(scheme))
    yield sa.and_(c.label_folded.in_(sorted(labels)), c.scheme == folded(scheme))
    for other_scheme, other in query.tag_codes:
        of_scheme = c.scheme == other_scheme if other_scheme else sa.true()
        yield sa.and_(c.code_folded == folded(other), of_scheme)
