"""The watermark: a note in the index itself, by which workers see that the index lost entries.

It says which server process (`run_id`) held the index, and until which date it had every stored
article. A failover, a restart and a restored backup all bring another server process, and the
watermark found there is as old as the last writes that survived. An emptied index has none.
"""

import re
from datetime import datetime
from typing import NamedTuple

from worker.index.redis_index import RedisIndex

KEY = "aw:mark"
_RUN_ID = re.compile(rb"run_id:(\w+)")


class Watermark(NamedTuple):
    """A note in the index by which workers see whether the index has lost articles, for example in
    a crash.

    It says which server process wrote the index last (`written_run_id`, "" if there is no note),
    and before which date all stored articles were in it (`complete_until`). If another process
    answers now (`run_id`), articles stored after the date may be missing.
    """

    run_id: str  # of the server process that answers now
    written_run_id: str  # of the one that answered when the watermark was written; "" without one
    complete_until: datetime | None  # articles stored before this date are in the index

    @property
    def server_changed(self) -> bool:
        """Whether the server process that answers now is not the one that wrote this note.

        The index may then lack articles that were stored after `complete_until`.
        """
        return self.run_id != self.written_run_id


def read_watermark(index: RedisIndex) -> Watermark:
    """Read the note that says until which date the index is complete and which server process wrote
    it.

    The result also has the run id of the server process that answers now; if that is another one,
    the index may have lost its last writes. Takes one round trip.
    """
    info, written = index.client.execute([("INFO",), ("GET", KEY)])
    match = _RUN_ID.search(info)
    written_run_id, _, date = (written or b"").decode().partition(" ")
    complete_until = datetime.fromisoformat(date) if date else None
    return Watermark(match[1].decode() if match else "", written_run_id, complete_until)


def write_watermark(index: RedisIndex, run_id: str, complete_until: datetime) -> None:
    """Note in the index that all articles stored before a date (`complete_until`) are in it.

    `run_id` names the server process that holds the index now. If another one answers later,
    workers see by this note that the index may have lost later articles.
    """
    index.client.execute([("SET", KEY, f"{run_id} {complete_until.isoformat()}")])
