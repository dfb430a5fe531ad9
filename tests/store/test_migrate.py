"""Migrations and schema agree, and several processes may migrate at once."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from devtools.servers import create_database, drop_database, in_database
from tests.support.processes import CONTEXT
from worker.errors import Unavailable
from worker.store.database import engine
from worker.store.database.schema import metadata
from worker.store.migrate import is_current, migrate, revision


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.processes)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/a folder/%41/store.db"
        return
    server = request.getfixturevalue("postgres_url")
    create_database(server, "empty")
    yield in_database(server, "empty")
    drop_database(server, "empty")


def test_an_empty_database_is_brought_to_the_newest_revision(empty_url: str) -> None:
    newest = migrate(empty_url)
    assert newest == revision(empty_url) == "0024"
    assert is_current(empty_url)
    assert migrate(empty_url) == newest


def test_a_database_that_was_never_migrated_is_not_current(store_url: str) -> None:
    its = engine.open_engine(engine.parse(store_url))
    with its.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    its.dispose()
    assert revision(store_url) == ""
    assert not is_current(store_url)


def test_a_database_of_a_later_version_is_taken_as_it_is(store_url: str) -> None:
    its = engine.open_engine(engine.parse(store_url))
    with its.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    its.dispose()
    assert is_current(store_url)
    assert migrate(store_url) == revision(store_url) == "9999"


@pytest.mark.processes
def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    with ProcessPoolExecutor(4, CONTEXT) as pool:
        assert set(pool.map(migrate, [empty_url] * 8)) == {"0024"}
    assert is_current(empty_url)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection:sqlalchemy.exc.SAWarning")
@pytest.mark.filterwarnings("ignore:autogenerate skipping:UserWarning")
def test_the_migrated_tables_are_those_of_the_schema(store_url: str) -> None:
    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        by_migration_only = {
            "search",
            *(f"ix_revisions_{on}" for on in ("search", "dated", "link")),
        }
        return name not in by_migration_only and not (name or "").startswith("revisions_fts")

    its = engine.open_engine(engine.parse(store_url))
    with its.connect() as connection:
        options = {"include_object": ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    its.dispose()


def test_a_migration_can_be_taken_back(store_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parents[1] / "migrations"))
    its = engine.open_engine(engine.parse(store_url))
    with its.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    its.dispose()
    assert revision(store_url) == ""
    assert migrate(store_url) == "0024"


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        migrate("postgresql://worker@/x?host=/nowhere")
