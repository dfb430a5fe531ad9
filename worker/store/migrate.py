"""Bring the tables of a database from any earlier version to the newest, by Alembic's
migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from worker.store.database.engine import open_engine, parse, raising_unavailable
from worker.store.reading.changes import age_restored

# An arbitrary number that must be the same in all versions of this package.
ADVISORY_LOCK = 5_301_171


def migrate(url: str) -> str:
    """Bring the tables of the database to the newest form, and return the id of the last migration.

    In an empty database the tables are created. Several processes may call this at once. Nothing is
    changed in tables that a later version of this package has already migrated.
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
    """Return the id of the last migration that was applied to the database, "" if there was
    none."""
    with _connection(parse(url)) as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def newest() -> str:
    """Return the id of the newest migration that this version of the package knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def unmoved_tags(url: str) -> int:
    """Return the number of articles whose tags an earlier version has stored and that are still to
    be moved to the form of this version. The database may be of any earlier version, or empty."""
    with _connection(parse(url)) as connection:
        for table in ("tag_rows", "tags"):
            if sa.inspect(connection).has_table(table):
                ids = sa.table(table, sa.column("article_id")).c.article_id.distinct()
                return connection.scalar(sa.select(sa.func.count(ids))) or 0
    return 0


def is_current(url: str) -> bool:
    """Return whether this version of the package can work with the tables of the database.

    It can if they have the form that this version knows, or that of a later version, because
    migrations only add to the tables. So two versions can run side by side.
    """
    with _connection(parse(url)) as connection:
        stored = MigrationContext.configure(connection).get_current_revision()
        head = ScriptDirectory.from_config(_config()).get_current_head()
        return stored == head or _is_newer(connection)


def _is_newer(connection: Connection) -> bool:
    stored = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return stored is not None and stored not in {script.revision for script in scripts}


def _config() -> Config:
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


@contextmanager
def _connection(url: URL, *, writes: bool = False) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with (
            raising_unavailable(url),
            engine.execution_options(writes=writes).begin() as connection,
        ):
            yield connection
    finally:
        engine.dispose()
