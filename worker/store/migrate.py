"""Migrations: a database of any earlier revision comes in, one of the newest goes out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from worker.store.database.engine import answering, open_engine, parse
from worker.store.reading.changes import age_restored

# Any number will do as long as every version of this package takes the same.
ADVISORY_LOCK = 5_301_171


def migrate(url: str) -> str:
    """Bring the database to the newest revision and return that; several processes may try.

    One that a later version has migrated stays as it is.
    """
    parsed = parse(url)
    if parsed.drivername.startswith("sqlite"):
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    config = _config()
    with _connection(parsed, writes=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        config.attributes["connection"] = connection
        if not _is_newer(connection):
            command.upgrade(config, "head")
        if connection.dialect.name == "postgresql":
            age_restored(connection)
        return MigrationContext.configure(connection).get_current_revision() or ""


def revision(url: str) -> str:
    """The revision in force, "" for a database that was never migrated."""
    with _connection(parse(url)) as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def is_current(url: str) -> bool:
    """Whether this version of the package can work with the database as it is.

    It can with a newer one: migrations only add, so that two versions may run side by side.
    """
    with _connection(parse(url)) as connection:
        its = MigrationContext.configure(connection).get_current_revision()
        head = ScriptDirectory.from_config(_config()).get_current_head()
        return its == head or _is_newer(connection)


def _is_newer(connection: Connection) -> bool:
    its = MigrationContext.configure(connection).get_current_revision()
    known = ScriptDirectory.from_config(_config()).walk_revisions()
    return its is not None and its not in {script.revision for script in known}


def _config() -> Config:
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


@contextmanager
def _connection(url: URL, *, writes: bool = False) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with answering(url), engine.execution_options(writes=writes).begin() as connection:
            yield connection
    finally:
        engine.dispose()
