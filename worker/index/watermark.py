"""Note in the index which server has held it, and until when it was complete.

A failover, a restart and a restored backup all bring another server process (`run_id`). The
watermark that they bring is as old as the last writes that survived. An emptied index has none.
"""

import re
from datetime import datetime
from typing import NamedTuple

from worker.index.redis_index import RedisIndex

KEY = "aw:mark"
_RUN_ID = re.compile(rb"run_id:(\w+)")


class Watermark(NamedTuple):
    """The watermark in the index, beside the server process that answers now."""

    run_id: str  # of the server process that answers now
    written_run_id: str  # of the one that answered when the watermark was written; "" without one
    complete_until: datetime | None  # articles stored before this date are in the index

    @property
    def server_changed(self) -> bool:
        """Whether writes after `complete_until` may be lost."""
        return self.run_id != self.written_run_id


def read_watermark(index: RedisIndex) -> Watermark:
    """Read the watermark and the server's run id, in one round trip."""
    info, written = index.client.execute([("INFO",), ("GET", KEY)])
    match = _RUN_ID.search(info)
    written_run_id, _, date = (written or b"").decode().partition(" ")
    complete_until = datetime.fromisoformat(date) if date else None
    return Watermark(match[1].decode() if match else "", written_run_id, complete_until)


def write_watermark(index: RedisIndex, run_id: str, complete_until: datetime) -> None:
    """Note that the server process `run_id` has every article stored before the date."""
    index.client.execute([("SET", KEY, f"{run_id} {complete_until.isoformat()}")])
