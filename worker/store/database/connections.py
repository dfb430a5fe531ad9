"""The connections of one process to the database of a store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from worker.store.database.engine import open_engine, parse, raising_unavailable


class StoreConnections:
    """Connections to the SQLite or PostgreSQL database at an address, opened on first use.

    A forked child process opens its own, and leaves those of its parent open.
    """

    def __init__(self, url: str) -> None:
        self._url = parse(url)
        self._engine: Engine | None = None
        self._writing: Engine | None = None  # the same connections, for transactions that write
        self._pid = 0
        self._inherited: list[Engine] = []

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection for reading. Raises Unavailable when the database does not answer."""
        with raising_unavailable(self._url), self._connected().connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection in a transaction, which is committed unless the `with` block raises.

        Raises Unavailable when the database does not answer.
        """
        engine = self._connected()
        if self._writing is None:
            self._writing = engine.execution_options(writes=True)
        with raising_unavailable(self._url), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections of this process. Later calls open new ones."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = self._writing = None

    def _connected(self) -> Engine:
        if self._engine is None or self._pid != os.getpid():
            if self._engine is not None:
                # These are the parent's connections. Closing them here would close them there.
                self._inherited.append(self._engine)
            self._engine, self._writing = open_engine(self._url), None
            self._pid = os.getpid()
        return self._engine
