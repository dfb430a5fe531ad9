"""The store on SQLAlchemy: one implementation for SQLite and PostgreSQL."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from worker.models import Article, DeadLetter, Fingerprint, Known, Outcome, Record, Withdrawal
from worker.store import Found, Judge, Letter, Query, portrait, reading
from worker.store.batch import Batch
from worker.store.engine import answering, open_engine, parse
from worker.store.search import search
from worker.store.write import write


class SqlStore:
    """Connects on first use, and again in a child after a fork. See worker.store.Store."""

    def __init__(self, url: str) -> None:
        self._url = parse(url)
        self._engine: Engine | None = None
        self._pid = 0
        self._inherited: list[Engine] = []

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        with self._reading() as connection:
            return reading.outcomes(connection, receipts)

    def latest(self, articles: Sequence[Article]) -> list[Known | None]:
        with self._reading() as connection:
            return reading.latest(connection, articles)

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        with self._reading() as connection:
            return reading.fingerprints(connection, article_ids)

    def write(
        self,
        records: Sequence[Record],
        withdrawals: Sequence[Withdrawal],
        dead: Sequence[DeadLetter],
        *,
        judge: Judge,
        now: datetime,
    ) -> list[Outcome]:
        batch = Batch(records=tuple(records), withdrawals=tuple(withdrawals), dead=tuple(dead))
        with self._writing() as connection:
            return write(connection, batch, judge, now)

    def search(self, query: Query) -> list[Found]:
        with self._reading() as connection:
            return search(connection, query)

    def show(self, article_id: str) -> dict[str, Any] | None:
        """Raises LookupError that names the candidates when several ids begin so."""
        with self._reading() as connection:
            return portrait.show(connection, article_id)

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, Found | None]]:
        with self._reading() as connection:
            return reading.listing(connection, receipts)

    def letters(self, letter_ids: Sequence[str]) -> list[Letter]:
        with self._reading() as connection:
            return reading.letters(connection, letter_ids)

    def close(self) -> None:
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with answering(self._url), self._connected().connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        engine = self._connected().execution_options(writes=True)
        with answering(self._url), engine.begin() as connection:
            yield connection

    def _connected(self) -> Engine:
        if self._engine is None or self._pid != os.getpid():
            if self._engine is not None:
                # The parent's connections: closing them here would end them over there.
                self._inherited.append(self._engine)
            self._engine = open_engine(self._url)
            self._pid = os.getpid()
        return self._engine
