"""A database that can't serve requests now is Unavailable; any other error is raised as it is."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from tests.make import NOW, article, record
from tests.store.stored import rows
from worker.dedup import recheck_under_lock
from worker.errors import BadConfig, Unavailable
from worker.model.records import Verdict
from worker.store.database import engine
from worker.store.sql_store import SqlStore


@contextmanager
def opened(url: str) -> Iterator[SqlStore]:
    store = SqlStore(url)
    yield store
    store.close()


def write(store: SqlStore, key: str = "id:1") -> None:
    store.write([record(article(key))], [], [], now=NOW)


def psql(url: str) -> psycopg.Connection:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "nonsense", "", "sqlite://", "sqlite:///:memory:", "sqlite:///"]
)
def test_another_database_is_a_bad_config(url: str) -> None:
    with pytest.raises(BadConfig, match="store URL"):
        SqlStore(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_spelling_of_postgresql_is_understood(scheme: str) -> None:
    assert engine.parse(f"{scheme}://host/name").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/store.db",
        "postgresql://worker:s3cr3t@127.0.0.1:1/x?connect_timeout=1",
        "postgresql://worker:s3cr3t@/x?host=/nowhere",
    ],
)
def test_a_database_that_is_not_there_is_unavailable(url: str) -> None:
    with opened(url) as store, pytest.raises(Unavailable) as caught:
        store.outcomes(["r"])
    assert caught.value.what == "store"
    assert caught.value.detail
    assert "s3cr3t" not in str(caught.value)
    assert "\n" not in caught.value.detail


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("not a database " * 100)
    with opened(f"sqlite:///{tmp_path}/store.db") as store, pytest.raises(Unavailable):
        store.outcomes(["r"])


def test_a_read_only_file_is_unavailable_for_writing(sqlite_store_url: str) -> None:
    path = make_url(sqlite_store_url).database
    with opened(f"sqlite:///file:{path}?mode=ro&uri=true") as store:
        assert store.outcomes(["r"]) == {}
        with pytest.raises(Unavailable, match="readonly"):
            write(store)


def test_a_read_only_server_is_unavailable_for_writing(postgres_store_url: str) -> None:
    with psql(postgres_store_url) as connection:
        name = make_url(postgres_store_url).database
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with opened(postgres_store_url) as store:
        assert store.outcomes(["r"]) == {}
        with pytest.raises(Unavailable, match="read-only"):
            write(store)


def test_a_full_disk_is_unavailable_and_leaves_nothing_behind(sqlite_store_url: str) -> None:
    def limit(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    event.listen(Engine, "connect", limit)
    try:
        many = [record(article(f"id:{n}")) for n in range(100)]
        with opened(sqlite_store_url) as store, pytest.raises(Unavailable, match="full"):
            store.write(many, [], [], now=NOW)
    finally:
        event.remove(Engine, "connect", limit)
    assert rows(sqlite_store_url, "receipts") == []


def test_a_writer_that_keeps_the_lock_makes_the_store_unavailable(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_TIMEOUT_S", 1)
    database = make_url(store_url).database
    with opened(store_url) as store:
        write(store)
        if store_url.startswith("sqlite"):
            holder = sqlite3.connect(str(database), isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
        else:
            holder = psql(store_url)
            holder.autocommit = False
            holder.execute("SELECT * FROM articles FOR UPDATE")
        try:
            with pytest.raises(Unavailable, match=r"lock"):
                write(store)
        finally:
            holder.close()
        write(store)


def test_a_store_works_again_after_its_connection_was_cut(postgres_store_url: str) -> None:
    with opened(postgres_store_url) as store, psql(postgres_store_url) as killer:
        write(store)
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        write(store, "id:2")
        assert len(rows(postgres_store_url, "articles")) == 2


def test_the_server_is_told_to_notice_a_worker_that_vanished(postgres_store_url: str) -> None:
    its = engine.open_engine(engine.parse(postgres_store_url))
    query = "SELECT name FROM pg_settings WHERE source = 'session' AND name LIKE 'tcp%%'"
    with its.connect() as connection:
        told = set(connection.exec_driver_sql(query).scalars())
    its.dispose()
    assert told == set(engine.SERVER_KEEPALIVE)


def test_a_connection_cut_while_writing_is_unavailable(
    postgres_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(postgres_store_url) as store, psql(postgres_store_url) as killer:

        def cutting(*checked: Any) -> Verdict:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            return recheck_under_lock(*checked)

        monkeypatch.setattr("worker.dedup.recheck_under_lock", cutting)
        with pytest.raises(Unavailable):
            store.write([record()], [], [], now=NOW)
        assert rows(postgres_store_url, "receipts") == []


def test_a_database_without_tables_is_not_called_unavailable(tmp_path: Path) -> None:
    with (
        opened(f"sqlite:///{tmp_path}/empty.db") as store,
        pytest.raises(SQLAlchemyError, match="no such table"),
    ):
        store.outcomes(["r"])


def test_a_store_survives_a_fork_on_both_sides(store: SqlStore, store_url: str) -> None:
    write(store, "id:1")
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            write(store, "id:2")
            failed = 0
        finally:
            os._exit(failed)
    _, status = os.waitpid(child, 0)
    write(store, "id:3")
    assert status == 0
    assert len(rows(store_url, "articles")) == 3


def test_a_store_that_was_closed_opens_again(store: SqlStore) -> None:
    write(store)
    store.close()
    store.close()
    assert store.outcomes(["r"]) == {}


def test_sqlite_runs_in_wal_with_foreign_keys(sqlite_store_url: str) -> None:
    its = engine.open_engine(engine.parse(sqlite_store_url))
    full = 2
    expected = {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }
    with its.connect() as connection:
        found = {k: connection.exec_driver_sql(f"PRAGMA {k}").scalar() for k in expected}
    its.dispose()
    assert found == expected
