"""Note in the broker how the last run of `worker ledger` ended, for those who watch the system.

`worker ledger` looks for articles that were enqueued and have no outcome.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.broker.recent_work import time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCheck:
    """The result of the last run of `worker ledger`, which finds articles that were enqueued and
    have no outcome.

    `at` is when it ended, and `missing` the number of articles that it did not find. `lost` is the
    number of messages that the broker lost with the notes of their articles. `since` is when a run
    first found something missing or lost, without a run in between that found nothing; None if all
    is well.
    """

    at: datetime
    missing: int
    lost: int = 0
    since: datetime | None = None


def ledger_key(queue: str) -> str:
    """Return the key of the Redis hash with the result of the last run of `worker ledger`. `queue`
    is the name of the queue of new articles."""
    return f"{queue}.ledger"


def write_ledger_check(channel: Any, queue: str, at: datetime, missing: int, lost: int) -> None:
    """Note in the broker that `worker ledger` ended at `at`, with the numbers of missing articles
    and of lost messages.

    Raises RedisError or OSError when the broker does not answer or refuses it.
    """
    key = channel.global_keyprefix + ledger_key(queue)
    with channel.conn_or_acquire() as client, client.pipeline() as pipe:
        pipe.hset(key, mapping={"at": at.timestamp(), "missing": missing, "lost": lost})
        if missing or lost:
            pipe.hsetnx(key, "since", at.timestamp())
        else:
            pipe.hdel(key, "since")
        pipe.execute()


def ledger_check(fields: Mapping[bytes, bytes]) -> LedgerCheck | None:
    """Read how the last run of `worker ledger` ended from the Redis hash in which it is noted,
    given by its fields. Returns None if no run is noted."""
    at = time_of(fields.get(b"at", b""))
    numbers = [fields.get(name, b"0") for name in (b"missing", b"lost")]
    if at is None or not all(number.isdigit() for number in numbers):
        return None
    missing, lost = map(int, numbers)
    since = time_of(fields.get(b"since", b""))
    return LedgerCheck(at=at, missing=missing, lost=lost, since=since)
