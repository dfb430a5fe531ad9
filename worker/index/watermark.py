"""The watermark: a note in the index, by which workers see whether the index has lost articles.

It says that all articles stored before a certain date are in the index, and which server process
held the index when the note was written. If another process answers now, for example after a crash,
articles stored after that date may be missing. If the index was emptied, the note is gone.
"""

import re
from datetime import datetime
from typing import NamedTuple

from redis.exceptions import ResponseError

from worker.index.layout import STATE
from worker.index.redis_index import RedisIndex

KEY = "aw:mark"
_NOTE = (("GET", KEY), ("EXISTS", STATE))
_NO_RUN_ID = "unknown"
_RUN_ID = re.compile(rb"run_id:(\w+)")


class Watermark(NamedTuple):
    """A record in the index by which workers see whether the index has lost articles, as in a
    crash.

    It says that all articles stored before `complete_until` were in the index when the server
    process `written_run_id` wrote it. If the index has no such record, these are None and "".
    `run_id` names the server process that answers now, and `has_articles` says whether the index
    has articles now; both are read together with the record, but not part of it.
    """

    run_id: str  # of the server process that answers now
    written_run_id: str  # of the one that answered when the watermark was written; "" without one
    complete_until: datetime | None  # articles stored before this date are in the index
    has_articles: bool = False  # whether the index holds any article

    @property
    def is_first(self) -> bool:
        """Whether the index has articles, but no note yet until when it is complete. Then it is
        a new index, and none that has lost articles: the first worker writes the note half a
        minute after it starts."""
        return self.complete_until is None and self.has_articles

    @property
    def server_changed(self) -> bool:
        """Whether the server process that answers now is not the one that wrote this note.

        The index may then lack articles that were stored after `complete_until`.
        """
        return self.run_id != self.written_run_id


def read_watermark(index: RedisIndex) -> Watermark:
    """Read the note in the index that tells whether the index has lost articles, in one round trip.

    With it comes the run id of the server that answers. If the server forbids INFO, that id is
    always "unknown"; then only the loss of the whole index, with the note, is noticed.
    """
    try:
        info, written, has_articles = index.client.execute([("INFO",), *_NOTE])
    except ResponseError:  # INFO is forbidden
        info, (written, has_articles) = b"", index.client.execute(_NOTE)
    match = _RUN_ID.search(info)
    written_run_id, _, date = (written or b"").decode().partition(" ")
    complete_until = datetime.fromisoformat(date) if date else None
    run_id = match[1].decode() if match else _NO_RUN_ID
    return Watermark(run_id, written_run_id, complete_until, bool(has_articles))


def write_watermark(index: RedisIndex, run_id: str, complete_until: datetime) -> None:
    """Note in the index that all articles stored before a date (`complete_until`) are in it.

    `run_id` names the server process that holds the index now. If another one answers later,
    workers see by this note that the index may have lost later articles.
    """
    index.client.execute([("SET", KEY, f"{run_id} {complete_until.isoformat()}")])
