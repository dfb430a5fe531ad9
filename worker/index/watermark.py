"""The watermark: a note in the index itself, by which workers see that the index lost entries.

It says which server process (`run_id`) held the index, and until which date it had every stored
article. A failover, a restart and a restored backup all bring another server process, and the
watermark found there is as old as the last writes that survived. An emptied index has none.
"""

import re
from datetime import datetime
from typing import NamedTuple

from redis.exceptions import ResponseError

from worker.index.redis_index import RedisIndex

KEY = "aw:mark"
_NO_RUN_ID = "unknown"
_RUN_ID = re.compile(rb"run_id:(\w+)")


class Watermark(NamedTuple):
    """The date until which the index had every stored article, and the server that had it then.

    If that server (`written_run_id`) is not the one that answers now (`run_id`), the index may have
    lost the articles stored after the date.
    """

    run_id: str  # of the server process that answers now
    written_run_id: str  # of the one that answered when the watermark was written; "" without one
    complete_until: datetime | None  # articles stored before this date are in the index

    @property
    def server_changed(self) -> bool:
        """Whether another server process answers now; it may lack writes after `complete_until`."""
        return self.run_id != self.written_run_id


def read_watermark(index: RedisIndex) -> Watermark:
    """Read the watermark and the run id of the server that answers, in one round trip.

    The run id is always the same if the server forbids INFO. An index that lost everything has no
    watermark either, and is still noticed then.
    """
    try:
        info, written = index.client.execute([("INFO",), ("GET", KEY)])
    except ResponseError:  # INFO is forbidden
        info, [written] = b"", index.client.execute([("GET", KEY)])
    match = _RUN_ID.search(info)
    written_run_id, _, date = (written or b"").decode().partition(" ")
    complete_until = datetime.fromisoformat(date) if date else None
    return Watermark(match[1].decode() if match else _NO_RUN_ID, written_run_id, complete_until)


def write_watermark(index: RedisIndex, run_id: str, complete_until: datetime) -> None:
    """Note in the index that server process `run_id` has every article stored before the date."""
    index.client.execute([("SET", KEY, f"{run_id} {complete_until.isoformat()}")])
