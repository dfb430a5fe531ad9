"""Full-text search for queries as people type them.

    storm "north sea" -sport flood*

This finds articles that have the word "storm", the phrase "north sea" and a word that begins with
"flood", but not the word "sport". Whatever people type is accepted. If it has no letters and
digits, all articles are found, the newest first.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import UtcDateTime
from worker.store.database.schema import articles, dated, revisions
from worker.store.database.statements import HIT_COLUMNS, NEWEST
from worker.store.reading.lookup import tagged
from worker.store.reading.stored_tags import tagged_articles
from worker.store.values import Query, SearchHit

MAX_TERMS = 32  # terms and words of a term; the rest is ignored
MAX_WORD = 100  # characters; PostgreSQL refuses words over 2,046 bytes
SNIPPET = 160  # characters
SCANNED = 20_000  # characters of a text or summary that are searched for a snippet
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))(\*?)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of a search query: a word, or a phrase in quotes, split into its `words`.

    Articles with an `excluded` term (written with a `-`) are not found. With `is_prefix` (written
    with a `*`), the last word matches every word that begins with it.
    """

    words: tuple[str, ...]
    excluded: bool = False
    is_prefix: bool = False  # the last word is a prefix


def read_terms(words: str) -> list[Term]:
    """Split a search query as people type it into its terms, which are words and quoted phrases.

    For example `storm "north sea" -sport flood*`. Terms without letters and digits are left out,
    and so are all after the first 32.
    """
    terms = []
    for minus, phrase, plain, star in _TERM.findall(words):
        split = tuple(word[:MAX_WORD] for word in _letters(phrase or plain).split())[:MAX_TERMS]
        if any(character.isalnum() for word in split for character in word):
            is_prefix = bool(star) or plain.endswith("*")
            terms.append(Term(words=split, excluded=bool(minus), is_prefix=is_prefix))
    return terms[:MAX_TERMS]


def split_terms(words: str) -> tuple[list[Term], list[Term]]:
    """Return the terms of a search query that articles must have, and those they must not have."""
    terms = read_terms(words)
    return [t for t in terms if not t.excluded], [t for t in terms if t.excluded]


def _letters(text: str) -> str:
    """Return the text with all characters but letters, digits and accents replaced by spaces."""
    return "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)


def search(connection: Connection, query: Query) -> list[SearchHit]:
    """Return the articles that match a query, the best matches first, at most `query.limit` of
    them.

    If the query has no words, the newest articles come first.
    """
    required_terms, _ = split_terms(query.words)
    newest_first = () if query.by_receipt else (dated.desc(),)
    statement = matching(connection, query).order_by(*newest_first, revisions.c.id.desc())
    best = connection.scalars(statement.limit(max(query.limit, 0))).all()
    rows = hit_rows(connection, best)
    snippets = (
        [snippet((row["text"], row["summary"]), required_terms) for row in rows]
        if required_terms
        else ()
    )
    return tagged(connection, rows, snippets)


def matching(
    connection: Connection, query: Query, joined: sa.FromClause = NEWEST
) -> sa.Select[Any]:
    """Return a SELECT of the ids of revisions that match a query, for other queries to build on.

    If the query has words, the best matches come first. `joined` is the FROM clause that joins the
    tables `articles` and `revisions`; by default only newest revisions are found.
    """
    required_terms, excluded_terms = split_terms(query.words)
    in_dialect = _in_postgres if connection.dialect.name == "postgresql" else _in_sqlite
    statement = in_dialect(
        sa.select(revisions.c.id).select_from(joined), required_terms, excluded_terms
    )
    return statement.where(*restrictions(connection, query))


def hit_rows(connection: Connection, revision_ids: Sequence[int]) -> list[sa.RowMapping]:
    """Return what lists show of these revisions, in their order: the columns HIT_COLUMNS, and the
    beginnings of text and summary, from which a snippet is cut.

    They are read after the list is sorted, so that the database does not sort texts along. A
    revision that is not the newest of its article any more is left out.
    """
    beginnings = (
        sa.func.substr(column, 1, SCANNED).label(column.name)
        for column in (revisions.c.text, revisions.c.summary)
    )
    statement = sa.select(*HIT_COLUMNS, revisions.c.id, *beginnings).select_from(NEWEST)
    statement = statement.where(revisions.c.id.in_(revision_ids))
    rows = {row["id"]: row for row in connection.execute(statement).mappings()}
    return [rows[revision_id] for revision_id in revision_ids if revision_id in rows]


def restrictions(connection: Connection, query: Query) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the SQL conditions by which a query restricts its results, other than by words.

    They are about the tables `articles` and `revisions`, which the statement must join.
    """
    if query.source:
        yield articles.c.source == query.source
    if query.language:
        yield revisions.c.language == query.language.lower()
    if query.verdict:
        yield articles.c.verdict == query.verdict.lower()
    if query.flag:
        yield sa.cast(revisions.c.flags, sa.Text).contains(f'"{query.flag}"', autoescape=True)
    time = revisions.c.received if query.by_receipt else dated
    if query.since:
        yield time >= sa.literal(query.since, UtcDateTime)
    if query.until:
        yield time < sa.literal(query.until, UtcDateTime)
    if query.tag:
        yield articles.c.seq.in_(tagged_articles(connection, query))


def word_conditions(
    connection: Connection,
    words: str,
    *,
    among: tuple[int, int] | None = None,
    most: int | None = None,
    in_order: bool = True,
) -> list[sa.ColumnElement[bool]]:
    """Return the SQL conditions that a row of table `revisions` has the words of a query; `words`
    is text as people type it. The list is empty if it has no letters and digits.

    Unlike `matching`, this neither joins a table nor sorts. The other arguments make it faster
    where the result allows it. On SQLite, only revisions with row ids from `among[0]` to `among[1]`
    are searched, or no more than `most` matches are found. On PostgreSQL, without `in_order`, the
    words of a phrase need not follow each other.
    """
    required_terms, excluded_terms = split_terms(words)
    if connection.dialect.name == "postgresql":
        return _postgres_conditions(required_terms, excluded_terms, " <-> " if in_order else " & ")
    if not required_terms and not excluded_terms:
        return []
    index = sa.table("revisions_fts", sa.column("rowid", sa.Integer))
    any_excluded = " OR ".join(map(_fts5, excluded_terms))
    all_required = " ".join(map(_fts5, required_terms))
    both = f"{all_required} NOT ({any_excluded})" if any_excluded else all_required
    match = sa.literal_column("revisions_fts").bool_op("MATCH")
    found = sa.select(index.c.rowid).where(match(both if all_required else any_excluded))
    if among:
        found = found.where(index.c.rowid.between(*among))
    if all_required:
        return [revisions.c.id.in_(found.limit(most) if most else found)]
    return [revisions.c.id.not_in(found)]


def _postgres_conditions(
    required_terms: Sequence[Term], excluded_terms: Sequence[Term], between: str
) -> list[sa.ColumnElement[bool]]:
    parts = [_tsquery(term, between) for term in required_terms]
    if excluded_terms:
        parts.append(f"!({' | '.join(map(_tsquery, excluded_terms))})")
    if not parts:
        return []
    # One query: the index answers it alone, without a look at the words of each article.
    query = sa.func.to_tsquery("simple", " & ".join(parts))
    search_words: sa.ColumnElement[Any] = sa.literal_column("revisions.search")
    return [search_words.bool_op("@@")(query)]


def _in_postgres(
    statement: sa.Select[Any], required_terms: Sequence[Term], excluded_terms: Sequence[Term]
) -> sa.Select[Any]:
    words: sa.ColumnElement[Any] = sa.literal_column("revisions.search")
    if excluded_terms:
        any_of = sa.func.to_tsquery("simple", " | ".join(map(_tsquery, excluded_terms)))
        statement = statement.where(sa.not_(words.bool_op("@@")(any_of)))
    if required_terms:
        all_of = sa.func.to_tsquery("simple", " & ".join(map(_tsquery, required_terms)))
        statement = statement.where(words.bool_op("@@")(all_of))
        statement = statement.order_by(sa.func.ts_rank(words, all_of).desc())
    return statement


def _tsquery(term: Term, between: str = " <-> ") -> str:
    quoted = between.join(f"'{word}'" for word in term.words)
    return f"({quoted}{':*' if term.is_prefix else ''})"


def _in_sqlite(
    statement: sa.Select[Any], required_terms: Sequence[Term], excluded_terms: Sequence[Term]
) -> sa.Select[Any]:
    index = sa.table("revisions_fts", sa.column("rowid", sa.Integer))
    words: sa.ColumnElement[Any] = sa.literal_column("revisions_fts")
    if excluded_terms:
        any_of = words.bool_op("MATCH")(" OR ".join(map(_fts5, excluded_terms)))
        excluded = sa.select(index.c.rowid).where(any_of)
        statement = statement.where(revisions.c.id.not_in(excluded))
    if required_terms:
        all_of = words.bool_op("MATCH")(" ".join(map(_fts5, required_terms)))
        statement = statement.join(index, index.c.rowid == revisions.c.id).where(all_of)
        # Weights of title, text and summary, in the default proportion of ts_rank.
        statement = statement.order_by(sa.func.bm25(words, 10.0, 1.0, 4.0))
    return statement


def _fts5(term: Term) -> str:
    return f'"{" ".join(term.words)}"{"*" if term.is_prefix else ""}'


def snippet(texts: Iterable[str], terms: Sequence[Term]) -> str:
    """Return a passage of about 160 characters of an article, to show in a search result.

    `texts` are the text and the summary of the article. The passage has the first place in the text
    where any of the search terms occurs, or else the first such place in the summary. If no term
    occurs, it is the beginning of the text.
    """
    pattern = re.compile("|".join(map(_pattern, terms)), re.IGNORECASE)
    for text in texts:
        if match := pattern.search(text):
            start = max(0, match.start() - SNIPPET // 3)
            return _cut(text, start)
    return _cut(next(iter(texts), ""), 0)


def _pattern(term: Term) -> str:
    words = r"[\W_]+".join(map(re.escape, term.words))
    return rf"(?<![^\W_]){words}" + ("" if term.is_prefix else r"(?![^\W_])")


def _cut(text: str, start: int) -> str:
    cut = " ".join(text[start : start + SNIPPET].split())
    return ("…" if start else "") + cut + ("…" if len(text) > start + SNIPPET else "")
