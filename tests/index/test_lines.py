"""The conformance suite of all line counts, followed by tests of the shared ones alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from devtools.servers import unix_url
from worker.index.line_counts import Lines, MemoryLines, Room
from worker.index.redis_client import Wire
from worker.index.redis_line_counts import SharedLines

ROOM = Room(window_days=14, buckets=8, bucket_entries=100)
DAY = 739_000


@pytest.fixture(params=["memory", "shared"])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    if request.param == "memory":
        yield MemoryLines()
        return
    wire = Wire(unix_url(request.getfixturevalue("valkey_url")), 30)
    wire.trip([("FLUSHALL",)])
    yield SharedLines(wire)
    wire.close()


def test_noted_lines_are_read_by_source_and_day(lines: Lines) -> None:
    lines.note(DAY, {"wire": [b"one", b"two"], "radio": [b"one"]}, ROOM)
    lines.note(DAY + 1, {"wire": [b"two"]}, ROOM)
    assert lines.noted(["wire", "radio", "paper"], [DAY, DAY + 1], ROOM) == {
        "wire": {DAY: {b"one", b"two"}, DAY + 1: {b"two"}},
        "radio": {DAY: {b"one"}, DAY + 1: set()},
        "paper": {DAY: set(), DAY + 1: set()},
    }


def test_a_batch_that_is_noted_twice_adds_nothing(lines: Lines) -> None:
    for _ in range(3):
        lines.note(DAY, {"wire": [b"one", b"two"]}, ROOM)
    assert lines.noted(["wire"], [DAY], ROOM)["wire"] == {DAY: {b"one", b"two"}}


def test_the_lines_of_a_day_are_limited(lines: Lines) -> None:
    for start in (0, 70, 140):
        lines.note(DAY, {"wire": [b"%03d" % n for n in range(start, start + 70)]}, ROOM)
    kept = lines.noted(["wire"], [DAY], ROOM)["wire"][DAY]
    assert kept == {b"%03d" % n for n in range(100)}


def test_without_notes_there_are_no_lines(lines: Lines) -> None:
    lines.note(DAY, {}, ROOM)
    assert lines.noted([], [DAY], ROOM) == {}
    assert lines.noted(["wire"], [], ROOM) == {"wire": {}}


def test_the_memory_of_all_sources_is_bounded_and_expires(
    valkey_url: str, valkey: redis.Redis
) -> None:
    wire = Wire(unix_url(valkey_url), 30)
    lines = SharedLines(wire)
    for batch in range(20):
        seen = {f"source-{batch}-{n}": [b"%08d" % k for k in range(20)] for n in range(20)}
        lines.note(DAY, seen, ROOM)
    keys = valkey.keys("*")
    assert len(keys) <= ROOM.buckets
    assert all(valkey.hlen(key) <= ROOM.bucket_entries for key in keys)
    assert all(0 < valkey.ttl(key) <= 16 * 86_400 for key in keys)
    wire.close()


def test_concurrent_workers_do_not_overfill_a_bucket(valkey_url: str, valkey: redis.Redis) -> None:
    def work(worker: int) -> None:
        wire = Wire(unix_url(valkey_url), 30)
        for turn in range(10):
            entries = [b"%02d%02d%02d" % (worker, turn, n) for n in range(15)]
            SharedLines(wire).note(DAY, {"wire": entries}, ROOM)
        wire.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert [valkey.hlen(key) for key in valkey.keys("*")] == [ROOM.bucket_entries]


def test_a_day_costs_one_round_trip(valkey_url: str, valkey: redis.Redis) -> None:
    wire = Wire(unix_url(valkey_url), 30)
    lines = SharedLines(wire)
    lines.note(DAY, {f"source-{n}": [b"one"] for n in range(50)}, ROOM)
    lines.noted([f"source-{n}" for n in range(50)], range(DAY - 14, DAY), ROOM)
    assert wire.trips == 2
    wire.close()
