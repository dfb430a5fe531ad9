"""Ask a PostgreSQL server for its version."""

from sqlalchemy import text

from worker.store.database.engine import open_engine, parse, raising_unavailable


def postgres_version(url: str) -> int:
    """Return the major version of the PostgreSQL server at this URL, such as 16.

    Raises Unavailable when the server can't be reached.
    """
    parsed = parse(url)
    engine = open_engine(parsed)
    try:
        with raising_unavailable(parsed), engine.connect() as connection:
            number = connection.execute(text("SHOW server_version_num")).scalar_one()
            return int(number) // 10_000
    finally:
        engine.dispose()
