"""A mark in the index says which server held it last, and until when nothing of it was lost.

A failover, a restart and a restored copy all come with another server process (`run_id`), and the
mark they bring along is as old as the last writes that survived. An emptied index has none.
"""

import re
from datetime import datetime
from typing import NamedTuple

from worker.index.redis_index import RedisIndex

KEY = "aw:mark"
_RUN_ID = re.compile(rb"run_id:(\w+)")


class Mark(NamedTuple):
    run_id: str  # of the server process that answers now
    marked: str  # … that answered when the mark was left; "" when there is none
    whole_until: datetime | None  # what was stored before then is in the index

    @property
    def broken(self) -> bool:
        """Whether writes after `whole_until` may be lost."""
        return self.run_id != self.marked


def look(index: RedisIndex) -> Mark:
    info, left = index.wire.trip([("INFO",), ("GET", KEY)])
    found = _RUN_ID.search(info)
    marked, _, said = (left or b"").decode().partition(" ")
    at = datetime.fromisoformat(said) if said else None
    return Mark(found[1].decode() if found else "", marked, at)


def leave(index: RedisIndex, run_id: str, whole_until: datetime) -> None:
    index.wire.trip([("SET", KEY, f"{run_id} {whole_until.isoformat()}")])
