"""What the database says of itself."""

from sqlalchemy import text

from worker.store.database.engine import answering, open_engine, parse


def postgres_version(url: str) -> int:
    """The server's major version. Raises Unavailable."""
    parsed = parse(url)
    engine = open_engine(parsed)
    try:
        with answering(parsed), engine.connect() as connection:
            number = connection.execute(text("SHOW server_version_num")).scalar_one()
            return int(number) // 10_000
    finally:
        engine.dispose()
