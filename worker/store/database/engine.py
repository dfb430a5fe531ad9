"""Open SQLite and PostgreSQL databases with SQLAlchemy, so that several processes can share them.

Errors of a database that can't serve requests are raised as Unavailable.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.errors import BadConfig, Unavailable
from worker.model.broker_address import check_store
from worker.store.database.columns import dumps

Transaction = Callable[[], AbstractContextManager[Connection]]  # opens one and ends it

LOCK_TIMEOUT_S = 30
_NAME = "store URL"  # of the setting, or of an argument
# A peer that vanished without closing the connection is noticed after idle + interval * count s.
KEEPALIVE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
# The same for the server: the rows that a vanished worker was writing stay locked until the server
# notices. The default of Linux is 2 hours.
SERVER_KEEPALIVE = {
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60s",
}
# SQLite's primary result codes for a file that can't be used now; others are bugs in this package.
SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}
READ_ONLY_TRANSACTION = "25006"
LIMIT_EXCEEDED = "54"  # class of SQLSTATE: the statement is at fault, not the server


def parse(url: str) -> URL:
    """Turn the configured address of a store into an SQLAlchemy URL that names the driver to use.

    The driver is pysqlite for `sqlite:///PATH`, and psycopg for `postgresql://…`. Raises BadConfig
    for any other address.
    """
    check_store(url, _NAME)
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError) as e:
        raise BadConfig(f"{_NAME}: expected sqlite:///PATH or postgresql://…") from e
    sqlite = parsed.get_backend_name() == "sqlite"
    return parsed.set(drivername="sqlite+pysqlite" if sqlite else "postgresql+psycopg")


def open_engine(url: URL) -> Engine:
    """Return an SQLAlchemy engine for the database at this URL. It connects on first use.

    A process that is forked from this one must open an engine of its own. Raises BadConfig if the
    URL has wrong options.
    """
    try:
        engine = _sqlite(url) if url.drivername == "sqlite+pysqlite" else _postgres(url)
    except (SQLAlchemyError, ValueError, TypeError) as e:  # of the options in the query
        raise BadConfig(f"{_NAME}: {_first_line(e)}") from e
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(dialect: Any, _: object, arguments: Any, options: dict[str, Any]) -> Any:
    """Connect, and raise BadConfig for an unknown option in the URL.

    Drivers notice such options only when they connect, and raise errors that look like bugs.
    """
    try:
        return dialect.connect(*arguments, **options)
    except (TypeError, ValueError, dialect.loaded_dbapi.ProgrammingError) as e:
        raise BadConfig(f"{_NAME}: {_first_line(e)}") from e


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]


def _postgres(url: URL) -> Engine:
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        connect_args={k: v for k, v in KEEPALIVE.items() if k not in url.query},
        json_serializer=dumps,
    )
    event.listen(engine, "connect", _set_up_session)
    return engine


def _sqlite(url: URL) -> Engine:
    # isolation_level None: Python's sqlite3 begins no transactions of its own.
    arguments = {"timeout": LOCK_TIMEOUT_S, "isolation_level": None}
    engine = create_engine(url, connect_args=arguments, json_serializer=dumps)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # With NORMAL a power failure may undo commits whose messages are acked already.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -16384")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, whatever the timeout, when
    # another one wrote in between. So writers wait for the write lock at their start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_session(connection: Any, _: object) -> None:
    connection.autocommit = True
    settings = {"lock_timeout": f"{LOCK_TIMEOUT_S}s"} | SERVER_KEEPALIVE
    connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
    connection.autocommit = False


@contextmanager
def raising_unavailable(url: URL) -> Iterator[None]:
    """Raise Unavailable for errors in this block which mean that the database can't serve requests.

    For example, it is down, locked or full. Other errors pass through. `url` is the database's URL;
    its password is removed from the message.
    """
    try:
        yield
    except SQLAlchemyError as e:
        if not _is_unavailable(e):
            raise
        detail = _first_line(getattr(e, "orig", e))
        if url.password:
            detail = detail.replace(str(url.password), "***")
        raise Unavailable("store", detail) from e


def _is_unavailable(error: SQLAlchemyError) -> bool:
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in SQLITE_UNAVAILABLE
    state = getattr(cause, "sqlstate", None) or ""
    if state == READ_ONLY_TRANSACTION or error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError) and not state.startswith(
        LIMIT_EXCEEDED
    )
