"""Copies are found while the number of buckets grows and generations pass."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
import redis

from tests.dedup.texts import RULES
from tests.make import NOW
from tests.support.processes import at_once
from worker.index import CopyVote, IndexEntry
from worker.index.layout import FULL_BUCKET, ID_BYTES, STATE
from worker.index.memory_index import DAY_S, MemoryIndex
from worker.index.redis_client import Command
from worker.index.redis_index import RedisIndex
from worker.index.resharding import advance
from worker.index.verification import ExpectedEntry, differences
from worker.model.records import Fingerprint, article_id_of

FEW_BUCKETS = RULES.model_copy(update={"index": RULES.index.model_copy(update={"bucket_bits": 5})})
CAPACITY = (FULL_BUCKET << 5) // (RULES.shingles.sketch + 1)  # articles, before buckets grow
PROCESSES, STORIES, BATCH = 4, 2 * CAPACITY, 20


@pytest.fixture
def index(valkey: redis.Redis, valkey_url: str) -> Iterator[RedisIndex]:
    index = RedisIndex(valkey_url, FEW_BUCKETS)
    yield index
    index.close()


def entries(name: str, stories: range) -> list[IndexEntry]:
    """Stories that share nothing with each other; the same under every name."""
    made = []
    for story in stories:
        random = Random(story)
        print_ = Fingerprint(
            content_hash=random.randbytes(16).hex(),
            text_hash=random.randbytes(16).hex(),
            words=300,
            sketch=tuple(sorted(random.getrandbits(60) for _ in range(RULES.shingles.sketch))),
        )
        made.append(IndexEntry(article_id=article_id_of(name, str(story)), fingerprint=print_))
    return made


def register(index: RedisIndex | MemoryIndex, name: str, stories: range) -> list[list[str]]:
    """The ids of the candidates of each article."""
    met = []
    for start in range(stories.start, stories.stop, 50):
        of_it = index.register_and_match(entries(name, range(start, min(start + 50, stories.stop))))
        met += [[candidate.article_id for candidate in candidates] for candidates in of_it]
    return met


def ids(name: str, stories: range) -> list[list[str]]:
    return [[article_id_of(name, str(story))] for story in stories]


def test_all_articles_are_met_while_buckets_grow_and_afterwards(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    stories = range(5 * CAPACITY)
    assert register(index, "first", stories) == [[] for _ in stories]
    assert register(index, "second", stories) == ids("first", stories)
    layout, *others = index.buckets.layouts().read
    assert (layout.bits, others) == (9, [])
    assert {key.split(b":")[3] for key in valkey.keys("aw:[ih]:*")} == {b"9"}
    assert max(valkey.hlen(key) for key in valkey.keys("aw:[ih]:*")) <= 512
    assert [key for key in valkey.keys("*") if valkey.ttl(key) == -1] == [b"aw:next"]
    assert index.numbers.find([i for [i] in ids("first", stories)]) == {
        i: number for number, [i] in enumerate(ids("first", stories), 1)
    }


def test_who_was_first_owns_a_hash_whatever_came_while_it_was_moved(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    stories = range(100)
    register(index, "first", stories)
    old = index.buckets.layouts().written
    valkey.set("aw:turn:move", "1")  # somebody who died in the middle of it
    valkey.hset(STATE, old.grown.field, 0)
    assert register(index, "second", stories) == ids("first", stories)
    valkey.delete("aw:turn:move")
    register(index, "third", stories)
    assert register(index, "fourth", stories) == ids("first", stories)
    assert index.buckets.layouts() == ((old.grown,), ())


def test_a_move_may_stop_anywhere_and_be_repeated(index: RedisIndex, valkey: redis.Redis) -> None:
    stories = range(100)
    register(index, "first", stories)
    old = index.buckets.layouts().written
    valkey.hset(STATE, old.grown.field, 0)
    [move] = index.buckets.layouts().moves
    ends = index.buckets.expires(old)
    copied = advance(index.client, move, ends)
    before = {key: valkey.hgetall(key) for key in valkey.keys("aw:[ih]:*:7:*")}
    advance(index.client, move, ends)  # a worker that slept since it read how far the move was
    assert {key: valkey.hgetall(key) for key in valkey.keys("aw:[ih]:*:7:*")} == before
    advance(index.client, copied, ends)
    assert advance(index.client, move, ends).copied  # and one that slept longer
    assert register(index, "second", stories) == ids("first", stories)


def test_what_was_moved_does_not_take_memory_twice(index: RedisIndex, valkey: redis.Redis) -> None:
    register(index, "first", range(100))
    before = sum(valkey.hlen(key) for key in valkey.keys("aw:[ih]:*"))
    old = index.buckets.layouts().written
    valkey.hset(STATE, old.grown.field, 0)
    [move] = index.buckets.layouts().moves
    advance(index.client, move, index.buckets.expires(old))
    assert sum(valkey.hlen(key) for key in valkey.keys("aw:[ih]:*")) == before
    assert not valkey.keys("aw:[ih]:*:5:*")


def test_what_is_moved_between_writing_and_reading_is_met(
    index: RedisIndex, valkey: redis.Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.index.resharding.COPIED_BUCKETS", 16)  # half of the buckets
    [first], [second] = entries("first", range(1)), entries("second", range(1))
    index.register_and_match([first])
    old, mover = index.buckets.layouts().written, RedisIndex(valkey_url, FEW_BUCKETS)
    valkey.hset(STATE, old.grown.field, 0)
    valkey.set("aw:turn:move", "1")  # the mover's
    send = index.client.execute

    def execute(commands: Sequence[Command]) -> list[Any]:
        replies = send(commands)
        if any(command[0] == "HSETNX" and command[1].startswith("aw:h:") for command in commands):
            [move] = mover.buckets.layouts().moves
            advance(mover.client, move, mover.buckets.expires(old))
        return replies

    monkeypatch.setattr(index.client, "execute", execute)
    [[candidate]] = index.register_and_match([second])
    assert (candidate.article_id, candidate.hits) == (
        first.article_id,
        len(first.fingerprint.sketch),
    )
    mover.close()


def test_what_is_moved_while_it_is_verified_is_not_missed(
    index: RedisIndex, valkey: redis.Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [mine] = entries("first", range(1))
    index.register_and_match([mine])
    index.elect_canonical([CopyVote(article_id=mine.article_id)])
    old, mover = index.buckets.layouts().written, RedisIndex(valkey_url, FEW_BUCKETS)
    send = index.client.execute

    def execute(commands: Sequence[Command]) -> list[Any]:
        if commands[0][0] == "HEXISTS" and not mover.buckets.layouts().growing:
            valkey.hset(STATE, old.grown.field, 0)  # opened, and all of it moved, before it asks
            for move in mover.buckets.layouts().moves:
                advance(mover.client, move, mover.buckets.expires(old))
        return send(commands)

    monkeypatch.setattr(index.client, "execute", execute)
    stored = ExpectedEntry(mine.article_id, mine.article_id, mine.fingerprint, NOW)
    assert [*differences(index, [stored])] == []
    assert index.buckets.layouts().written == old.grown
    mover.close()


def test_a_late_worker_gives_no_article_another_number(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    register(index, "first", range(100))
    old = index.buckets.layouts().written
    valkey.hset(STATE, old.grown.field, 0)
    [move] = index.buckets.layouts().moves
    advance(index.client, move, index.buckets.expires(old))
    valkey.hset(STATE, old.grown.field, 0)  # not all of it is copied yet
    valkey.set("aw:turn:move", "1")
    [[its]] = ids("first", range(7, 8))
    field = bytes.fromhex(its)[:ID_BYTES]
    valkey.hset(old.id_key(field), field, 1000)  # it knew the old layout only
    assert index.numbers.find([its]) == {its: 8}
    assert index.numbers.assign([its]).numbers == {its: 8}
    assert register(index, "first", range(7, 8)) == [[]]  # it never meets itself


def settled(url: str, share: list[tuple[str, int]]) -> dict[str, str]:
    """Article id -> canonical id; each batch is delivered twice, as after a crash."""
    index, answers = RedisIndex(url, FEW_BUCKETS), {}
    for start in range(0, len(share), BATCH):
        batch = [entries(name, range(n, n + 1))[0] for name, n in share[start : start + BATCH]]
        for _ in "12":
            met = index.register_and_match(batch)
            votes = [
                CopyVote(
                    article_id=c.article_id,
                    copies=tuple(candidate.article_id for candidate in candidates),
                )
                for c, candidates in zip(batch, met, strict=True)
            ]
            homes = index.elect_canonical(votes)
        answers |= {c.article_id: home for c, home in zip(batch, homes, strict=True)}
    index.close()
    return answers


def test_copies_that_race_while_buckets_grow_have_one_canonical_article(
    valkey: redis.Redis, valkey_url: str
) -> None:
    # The copies of a story are dealt to two workers and come at about the same time.
    shares = [
        [(f"source-{worker}", story) for story in range(worker // 2, STORIES, 2)]
        for worker in range(PROCESSES)
    ]
    answers: dict[str, str] = {}
    for answered in at_once(settled, [valkey_url] * PROCESSES, shares):
        answers |= answered
    index = RedisIndex(valkey_url, FEW_BUCKETS)
    assert index.buckets.layouts().written.bits > 5
    for story in range(STORIES):
        mine = [article_id_of(f"source-{w}", str(story)) for w in range(PROCESSES)]
        canonical = {answers[article_id] for article_id in mine if article_id in answers}
        assert len(canonical) == 1
        assert canonical < {*mine}
    index.close()


def test_memory_holds_two_windows() -> None:
    days = [1.0]
    index = MemoryIndex(RULES, clock=lambda: days[0] * DAY_S)
    register(index, "first", range(20))
    days[0] += RULES.index.window_days
    assert all(register(index, "second", range(20)))
    days[0] += RULES.index.window_days
    register(index, "third", range(1))
    assert len(index._articles) == 21
    days[0] += 5 * RULES.index.window_days
    assert register(index, "fourth", range(20)) == [[]] * 20
