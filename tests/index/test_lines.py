"""One suite for both line counts; the properties of the shared ones are below."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from devtools.servers import unix_url
from worker.index.line_counts import LineCountLimits, LineCounts, MemoryLineCounts
from worker.index.redis_client import RedisClient
from worker.index.redis_line_counts import RedisLineCounts

ROOM = LineCountLimits(window_days=14, buckets=8, bucket_entries=100)
DAY = 739_000


@pytest.fixture(params=["memory", pytest.param("shared", marks=pytest.mark.processes)])
def lines(request: pytest.FixtureRequest) -> Iterator[LineCounts]:
    if request.param == "memory":
        yield MemoryLineCounts()
        return
    client = RedisClient(unix_url(request.getfixturevalue("valkey_url")), 30)
    client.execute([("FLUSHALL",)])
    yield RedisLineCounts(client)
    client.close()


def test_what_was_noted_is_read_by_source_and_day(lines: LineCounts) -> None:
    lines.add(DAY, {"wire": [b"one", b"two"], "radio": [b"one"]}, ROOM)
    lines.add(DAY + 1, {"wire": [b"two"]}, ROOM)
    assert lines.read(["wire", "radio", "paper"], [DAY, DAY + 1], ROOM) == {
        "wire": {DAY: {b"one", b"two"}, DAY + 1: {b"two"}},
        "radio": {DAY: {b"one"}, DAY + 1: set()},
        "paper": {DAY: set(), DAY + 1: set()},
    }


def test_a_batch_that_comes_again_adds_nothing(lines: LineCounts) -> None:
    for _ in range(3):
        lines.add(DAY, {"wire": [b"one", b"two"]}, ROOM)
    assert lines.read(["wire"], [DAY], ROOM)["wire"] == {DAY: {b"one", b"two"}}


def test_no_more_is_kept_of_a_day_than_there_is_room_for(lines: LineCounts) -> None:
    for start in (0, 70, 140):
        lines.add(DAY, {"wire": [b"%03d" % n for n in range(start, start + 70)]}, ROOM)
    kept = lines.read(["wire"], [DAY], ROOM)["wire"][DAY]
    assert kept == {b"%03d" % n for n in range(100)}


def test_nothing_noted_nothing_kept(lines: LineCounts) -> None:
    lines.add(DAY, {}, ROOM)
    assert lines.read([], [DAY], ROOM) == {}
    assert lines.read(["wire"], [], ROOM) == {"wire": {}}


def test_all_sources_together_have_bounded_room_that_ends_by_itself(
    valkey_url: str, valkey: redis.Redis
) -> None:
    client = RedisClient(unix_url(valkey_url), 30)
    lines = RedisLineCounts(client)
    for batch in range(20):
        seen = {f"source-{batch}-{n}": [b"%08d" % k for k in range(20)] for n in range(20)}
        lines.add(DAY, seen, ROOM)
    keys = valkey.keys("*")
    assert len(keys) <= ROOM.buckets
    assert all(valkey.hlen(key) <= ROOM.bucket_entries for key in keys)
    assert all(0 < valkey.ttl(key) <= 16 * 86_400 for key in keys)
    client.close()


def test_workers_that_note_at_once_do_not_overfill_a_bucket(
    valkey_url: str, valkey: redis.Redis
) -> None:
    def work(who: int) -> None:
        client = RedisClient(unix_url(valkey_url), 30)
        for turn in range(10):
            entries = [b"%02d%02d%02d" % (who, turn, n) for n in range(15)]
            RedisLineCounts(client).add(DAY, {"wire": entries}, ROOM)
        client.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert [valkey.hlen(key) for key in valkey.keys("*")] == [ROOM.bucket_entries]


def test_a_day_costs_one_round_trip(valkey_url: str, valkey: redis.Redis) -> None:
    client = RedisClient(unix_url(valkey_url), 30)
    lines = RedisLineCounts(client)
    lines.add(DAY, {f"source-{n}": [b"one"] for n in range(50)}, ROOM)
    lines.read([f"source-{n}" for n in range(50)], range(DAY - 14, DAY), ROOM)
    assert client.round_trips == 2
    client.close()
