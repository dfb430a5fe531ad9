"""Read how many bytes each table of the store takes."""

from sqlalchemy import Connection

from worker.store.database.schema import metadata

WHOLE_FILE = "others"  # SQLite tells the size of its file without reading all of it, no more


def table_bytes(connection: Connection) -> dict[str, int]:
    """Return table -> bytes with its indexes.

    For SQLite the result has one entry, `others`, with the size of the whole file.
    """
    if connection.dialect.name != "postgresql":
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        page_bytes = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        return {WHOLE_FILE: int(pages) * int(page_bytes)}
    rows = connection.exec_driver_sql(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    )
    return {name: size for name, size in rows if name in metadata.tables}
