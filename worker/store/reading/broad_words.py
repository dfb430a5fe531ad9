"""Refuse searches such as `w*` for all words with one beginning, if these words are in too many
articles.

To find the articles, a database first joins the lists of articles of all these words. That takes a
second or more in a store with 100,000 articles, before the first result is known.
"""

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.listing_values import TooBroad
from worker.store.reading.search import read_terms

MOST_JOINED = 50_000  # entries in the lists of articles, which are joined in about 20 ms
_MOST_WORDS = 2_000  # that are looked up
_LAST = "\U0010ffff"


def refuse_broad_words(connection: Connection, words: str) -> None:
    """Raise TooBroad if a search query has a word such as `w*`, and the words that begin so are in
    too many articles."""
    count = _in_postgres if connection.dialect.name == "postgresql" else _in_sqlite
    for term in read_terms(words):
        if not term.is_prefix:
            continue
        beginning = term.words[-1].lower()
        if count(connection, beginning) > MOST_JOINED:
            raise TooBroad(f"too many words begin with {beginning!r}; write more of the word")


def _in_sqlite(connection: Connection, beginning: str) -> int:
    # A table without rows of its own, which this connection has for itself.
    connection.exec_driver_sql(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.found_words "
        "USING fts5vocab('main', 'revisions_fts', 'row')"
    )
    rows = connection.exec_driver_sql(
        "SELECT doc FROM temp.found_words WHERE term >= ? AND term < ? LIMIT ?",
        (beginning, beginning + _LAST, _MOST_WORDS),
    )
    joined = 0
    for (articles,) in rows:
        joined += articles
        if joined > MOST_JOINED:
            break
    rows.close()
    return joined


def _in_postgres(connection: Connection, beginning: str) -> int:
    share = sa.text(_SHARE_IN_POSTGRES)
    pattern = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return int(connection.scalar(share, {"pattern": pattern}) or 0)


# Of the most frequent words, as they were when the table was analysed.
_SHARE_IN_POSTGRES = """
    SELECT sum(found.share) * (SELECT greatest(reltuples, 0) FROM pg_class
                               WHERE oid = 'revisions'::regclass)
    FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs)
        AS found(word, share)
    WHERE tablename = 'revisions' AND attname = 'search' AND schemaname = current_schema()
        AND found.word LIKE :pattern"""
