"""Read the tables directly, without the store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, MetaData, event, select, text

from worker.model.records import Fingerprint
from worker.store.database.engine import open_engine, parse
from worker.store.database.packing import unpack_text
from worker.store.database.schema import metadata

Rows = list[dict[str, Any]]


def rows(url: str, table: str) -> Rows:
    """All rows of one table, in the order of its primary key.

    `tags` is a view: the tags of all articles, as an earlier version reads them.
    """
    engine = open_engine(parse(url))
    its = metadata.tables["tag_rows" if table == "tags" else table]
    its = its.to_metadata(MetaData(), name=table)
    order = its.primary_key.columns
    with engine.connect() as connection:
        found = connection.execute(select(its).order_by(*order)).mappings()
        its_rows = [dict(row) for row in found]
    engine.dispose()
    return its_rows


def row(url: str, table: str) -> dict[str, Any]:
    (only,) = rows(url, table)
    return only


def everything(url: str) -> dict[str, Rows]:
    return {table: rows(url, table) for table in [*metadata.tables, "tags"]}


def all_words(url: str) -> str:
    """Every text of every row, blobs unpacked."""
    readers = {"fingerprint": Fingerprint.unpacked, "payload": unpack_text}
    return "\n".join(
        str(readers[name](value) if name in readers else value)
        for its_rows in everything(url).values()
        for its_row in its_rows
        for name, value in its_row.items()
    )


def index_words(url: str, word: str) -> int:
    """How many revisions SQLite's index has for a word, whatever the tables say."""
    engine = open_engine(parse(url))
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM revisions_fts WHERE revisions_fts MATCH :word")
        found: int = connection.execute(query, {"word": word}).scalar_one()
    engine.dispose()
    return found


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements sent meanwhile; one executed with many rows counts as one."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def change_fingerprints(url: str, change: Callable[[bytes], bytes]) -> None:
    """Replace the stored fingerprint of each revision."""
    engine, revisions = open_engine(parse(url)), metadata.tables["revisions"]
    with engine.begin() as connection:
        for row in connection.execute(select(revisions.c.id, revisions.c.fingerprint)).all():
            statement = revisions.update().where(revisions.c.id == row.id)
            connection.execute(statement.values(fingerprint=change(row.fingerprint)))
    engine.dispose()
