"""A producer's own journal of what it sent, to find out what a broker has lost.

Before articles are sent, their receipts (ids) are written to it. The journal is a file or a table
of the store. The file has one JSON line per message: {"message": id, "receipts": [...], "at":
time}. `worker ledger --journal FILE` reads it.
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


class ReceiptJournal(Protocol):
    """A place where a producer records the receipts, the ids of the articles that it sends.

    With it, articles that a broker has lost can be named.
    """

    def record(self, message_id: str, receipts: Sequence[str]) -> None:
        """Record the receipts (ids) of a message's articles, and return when this is done.

        It is called before the message is sent, so that no article is sent without a record.
        """

    def close(self) -> None:
        """Close the files and connections of this journal."""


def open_journal(journal: str | Path) -> ReceiptJournal:
    """Open the journal in which a producer records the ids of the articles that it sends.

    `journal` is the path of a file, or the address of a store, such as `sqlite:///f.db`; then the
    journal is a table in that store.
    """
    if "://" not in str(journal):
        return FileJournal(Path(journal))
    from worker.store.sql_store import SqlStore  # a poller that only pushes needs no database

    return StoreJournal(SqlStore(str(journal)))


class FileJournal:
    """A producer's journal in a file, one line for each message that it sends.

    A line has the receipts, the ids of the message's articles. Raises BadConfig when a line can't
    be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, message_id: str, receipts: Sequence[str]) -> None:
        """Append a line with the receipts (ids) of a message's articles; return when saved."""
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
        """Do nothing, because the file is closed after each line."""


class StoreJournal:
    """A producer's journal in a table of the store, with the ids of the articles that it sends.

    `worker ledger` reads it. Raises Unavailable when the store does not answer.
    """

    def __init__(self, store: JournalWriter) -> None:
        self._store = store

    def record(self, message_id: str, receipts: Sequence[str]) -> None:
        """Write the receipts (ids) of a message's articles into the journal in the store, in one
        transaction."""
        at = datetime.now(UTC)
        self._store.add_journal_entries(
            [JournalEntry(receipt=r, message_id=message_id, at=at) for r in receipts]
        )

    def close(self) -> None:
        """Close the connection to the store."""
        self._store.close()


def read_journal(path: Path) -> Iterator[JournalEntry]:
    """Read a producer's journal file, and yield an entry for each article noted in it.

    Raises BadConfig for a line in another format. A last line that is cut off is ignored: the
    producer died while it wrote the line, before it sent the message.
    """
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            at = datetime.fromisoformat(entry["at"])
            for receipt in entry["receipts"]:
                yield JournalEntry(receipt=receipt, message_id=entry["message"], at=at)
        except (ValueError, TypeError, KeyError) as e:
            if number < len(lines):
                raise BadConfig(f"{path}:{number}: no line of a producer's journal") from e
