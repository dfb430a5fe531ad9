"""A producer's own journal: receipts are written down before they are pushed, where they survive
the loss of the broker and all its data: in a file, or in the store.

The file has one JSON line a message: {"message": id, "receipts": [...], "at": time}. `worker ledger
--journal FILE` reads it.
"""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from worker.errors import BadConfig
from worker.model.records import JournalEntry
from worker.store.ports import JournalWriter


class Outbox(Protocol):
    def intend(self, message_id: str, receipts: Sequence[str]) -> None:
        """Written down for good when this returns."""

    def close(self) -> None: ...


def opened(journal: str | Path) -> Outbox:
    """In a file, or, given the address of a store, in the journal there."""
    if "://" not in str(journal):
        return FileOutbox(Path(journal))
    from worker.store.sql_store import SqlStore  # a poller that only pushes needs no database

    return StoreOutbox(SqlStore(str(journal)))


class FileOutbox:
    def __init__(self, path: Path) -> None:
        self._path = path

    def intend(self, message_id: str, receipts: Sequence[str]) -> None:
        line = {"message": message_id, "receipts": receipts, "at": datetime.now(UTC).isoformat()}
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as e:
            what = f"journal {self._path}: {e.strerror}; nothing was sent without it"
            raise BadConfig(what) from e

    def close(self) -> None:
        pass  # every line is on disk already


class StoreOutbox:
    """The ledger reads it like every other entry. Raises Unavailable: nothing was sent without."""

    def __init__(self, store: JournalWriter) -> None:
        self._store = store

    def intend(self, message_id: str, receipts: Sequence[str]) -> None:
        at = datetime.now(UTC)
        self._store.add_journal_entries(
            [JournalEntry(receipt=r, message_id=message_id, at=at) for r in receipts]
        )

    def close(self) -> None:
        self._store.close()


def entries(path: Path) -> Iterator[JournalEntry]:
    """Every receipt that was about to be pushed. A last line that was cut off was never pushed."""
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        try:
            its = json.loads(line)
            at = datetime.fromisoformat(its["at"])
            for receipt in its["receipts"]:
                yield JournalEntry(receipt=receipt, message_id=its["message"], at=at)
        except (ValueError, TypeError, KeyError) as e:
            if number < len(lines):
                raise BadConfig(f"{path}:{number}: no line of a producer's journal") from e
