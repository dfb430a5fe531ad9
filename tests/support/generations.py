"""The passing of time in the index, without waiting for it."""

import redis

from worker.index.layout import STATE


def grow_old(client: redis.Redis) -> None:
    """What is of a generation becomes of the one before; the oldest is gone."""

    def older(name: bytes, place: int) -> bytes:
        parts = name.split(b":")
        parts[place] = b"%d" % (int(parts[place]) - 1)
        return b":".join(parts)

    for key in sorted(client.keys("aw:[ih]:*"), key=lambda key: int(key.split(b":")[2])):
        client.rename(key, older(key, 2))
    said = client.hgetall(STATE)
    client.delete(STATE)
    client.hset(STATE, mapping={older(field, 0): value for field, value in said.items()})
