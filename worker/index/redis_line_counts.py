"""The same on Redis or Valkey, shared by all workers.

    awl:<day>:<bucket>   hash   source, 2 bytes + entry -> ""

A day has so many buckets for all sources together, a bucket so many entries: who comes first is
noted, and lines that a source repeats are in its first articles as well. Not below aw:, so that the
likeness index can be cleared and rebuilt without forgetting what was learned.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from worker.index.line_counts import Noted, Room
from worker.index.redis_client import Command, Wire

_DAY_S = 86_400
_SOURCE_BYTES = 2
# In one step, or several workers would overfill a bucket at once.
_NOTE = """
local held = redis.call('HLEN', KEYS[1])
local first = held == 0
for i = 3, #ARGV do
  if held >= tonumber(ARGV[1]) then break end
  held = held + redis.call('HSETNX', KEYS[1], ARGV[i], '')
end
if first and held > 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return held
"""


class SharedLines:
    """On the wire of the likeness index."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def note(self, day: int, seen: Mapping[str, Sequence[bytes]], room: Room) -> None:
        """One round trip."""
        ttl_s = (room.window_days + 2) * _DAY_S
        commands: list[Command] = []
        for source, entries in seen.items():
            bucket, prefix = _place(source, room)
            fields = (prefix + entry for entry in entries)
            most = room.bucket_entries
            commands.append(("EVAL", _NOTE, 1, _key(day, bucket), most, ttl_s, *fields))
        if commands:
            self._wire.trip(commands)

    def noted(self, sources: Sequence[str], days: Sequence[int], room: Room) -> dict[str, Noted]:
        """One round trip."""
        places = {source: _place(source, room) for source in sources}
        asked = [(source, day) for source in places for day in days]
        commands: list[Command] = [("HKEYS", _key(day, places[s][0])) for s, day in asked]
        found: dict[str, dict[int, frozenset[bytes]]] = {source: {} for source in places}
        for (source, day), fields in zip(asked, self._wire.trip(commands), strict=True):
            prefix = places[source][1]
            its = frozenset(f[_SOURCE_BYTES:] for f in fields if f.startswith(prefix))
            found[source][day] = its
        return dict(found)


def _key(day: int, bucket: int) -> str:
    return f"awl:{day}:{bucket}"


def _place(source: str, room: Room) -> tuple[int, bytes]:
    digest = blake2b(source.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest[_SOURCE_BYTES:]) % room.buckets, digest[:_SOURCE_BYTES]
