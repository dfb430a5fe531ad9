"""A producer's own journal: receipts are written down before they are pushed, in a file that
survives the loss of the broker and all its data. `worker ledger --journal FILE` reads it.

One JSON line a message: {"message": id, "receipts": [...], "at": time}.
"""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from worker.errors import BadConfig
from worker.models import Entry


def intend(path: Path, message_id: str, receipts: Sequence[str]) -> None:
    """Add a line, on disk when this returns."""
    line = {"message": message_id, "receipts": receipts, "at": datetime.now(UTC).isoformat()}
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as e:
        raise BadConfig(f"journal {path}: {e.strerror}; nothing was sent without it") from e


def entries(path: Path) -> Iterator[Entry]:
    """Every receipt that was about to be pushed. A last line that was cut off was never pushed."""
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        try:
            its = json.loads(line)
            at = datetime.fromisoformat(its["at"])
            for receipt in its["receipts"]:
                yield Entry(receipt=receipt, message_id=its["message"], at=at)
        except (ValueError, TypeError, KeyError) as e:
            if number < len(lines):
                raise BadConfig(f"{path}:{number}: no line of a producer's journal") from e
