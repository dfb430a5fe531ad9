"""Copies are found while the number of buckets grows and while generations change."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
import redis

from tests.dedup.texts import RULES
from tests.make import NOW
from tests.support.processes import at_once
from worker.index import Claim, CopyVote
from worker.index.layout import FULL, ID_BYTES, STATE
from worker.index.memory_index import DAY_S, MemoryIndex
from worker.index.redis_client import Command
from worker.index.redis_index import RedisIndex
from worker.index.resharding import advance
from worker.index.verification import Stored, differences
from worker.model.records import Fingerprint, article_id_of

FEW_BUCKETS = RULES.model_copy(update={"index": RULES.index.model_copy(update={"bucket_bits": 5})})
CAPACITY = (FULL << 5) // (RULES.shingles.sketch + 1)  # articles, before buckets grow
PROCESSES, STORIES, BATCH = 4, 2 * CAPACITY, 20


@pytest.fixture
def index(valkey: redis.Redis, valkey_url: str) -> Iterator[RedisIndex]:
    index = RedisIndex(valkey_url, FEW_BUCKETS)
    yield index
    index.close()


def claims(name: str, stories: range) -> list[Claim]:
    """Claims of unrelated stories; the same fingerprints for every source name."""
    claims_ = []
    for story in stories:
        random = Random(story)
        fingerprint = Fingerprint(
            content_hash=random.randbytes(16).hex(),
            text_hash=random.randbytes(16).hex(),
            words=300,
            sketch=tuple(sorted(random.getrandbits(60) for _ in range(RULES.shingles.sketch))),
        )
        claims_.append(Claim(article_id=article_id_of(name, str(story)), fingerprint=fingerprint))
    return claims_


def claim(index: RedisIndex | MemoryIndex, name: str, stories: range) -> list[list[str]]:
    """Claim these stories for a source; return the candidates' ids for each story."""
    ids_of_candidates = []
    for start in range(stories.start, stories.stop, 50):
        batch = index.claim(claims(name, range(start, min(start + 50, stories.stop))))
        ids_of_candidates += [
            [candidate.article_id for candidate in candidates] for candidates in batch
        ]
    return ids_of_candidates


def ids(name: str, stories: range) -> list[list[str]]:
    return [[article_id_of(name, str(story))] for story in stories]


def test_all_copies_are_found_while_buckets_grow_and_afterwards(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    stories = range(5 * CAPACITY)
    assert claim(index, "first", stories) == [[] for _ in stories]
    assert claim(index, "second", stories) == ids("first", stories)
    layout, *others = index.buckets.look().read
    assert (layout.bits, others) == (9, [])
    assert {key.split(b":")[3] for key in valkey.keys("aw:[ih]:*")} == {b"9"}
    assert max(valkey.hlen(key) for key in valkey.keys("aw:[ih]:*")) <= 512
    assert [key for key in valkey.keys("*") if valkey.ttl(key) == -1] == [b"aw:next"]
    assert index.numbers.known([i for [i] in ids("first", stories)]) == {
        i: number for number, [i] in enumerate(ids("first", stories), 1)
    }


def test_the_first_article_owns_a_hash_although_others_came_while_it_was_moved(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    stories = range(100)
    claim(index, "first", stories)
    old = index.buckets.look().written
    valkey.set("aw:turn:move", "1")  # the lock of a worker that died while it moved buckets
    valkey.hset(STATE, old.grown.field, 0)
    assert claim(index, "second", stories) == ids("first", stories)
    valkey.delete("aw:turn:move")
    claim(index, "third", stories)
    assert claim(index, "fourth", stories) == ids("first", stories)
    assert index.buckets.look() == ((old.grown,), ())


def test_a_move_may_stop_anywhere_and_be_repeated(index: RedisIndex, valkey: redis.Redis) -> None:
    stories = range(100)
    claim(index, "first", stories)
    old = index.buckets.look().written
    valkey.hset(STATE, old.grown.field, 0)
    [move] = index.buckets.look().moves
    expires = index.buckets.expires(old)
    copied = advance(index.wire, move, expires)
    before = {key: valkey.hgetall(key) for key in valkey.keys("aw:[ih]:*:7:*")}
    advance(index.wire, move, expires)  # a worker that read the progress before the first copy
    assert {key: valkey.hgetall(key) for key in valkey.keys("aw:[ih]:*:7:*")} == before
    advance(index.wire, copied, expires)
    assert advance(index.wire, move, expires).copied  # one that read it even earlier
    assert claim(index, "second", stories) == ids("first", stories)


def test_moved_entries_are_deleted_from_their_old_buckets(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    claim(index, "first", range(100))
    before = sum(valkey.hlen(key) for key in valkey.keys("aw:[ih]:*"))
    old = index.buckets.look().written
    valkey.hset(STATE, old.grown.field, 0)
    [move] = index.buckets.look().moves
    advance(index.wire, move, index.buckets.expires(old))
    assert sum(valkey.hlen(key) for key in valkey.keys("aw:[ih]:*")) == before
    assert not valkey.keys("aw:[ih]:*:5:*")


def test_an_entry_that_is_moved_between_write_and_read_is_found(
    index: RedisIndex, valkey: redis.Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.index.resharding.COPIED", 16)  # half of the buckets
    [first], [second] = claims("first", range(1)), claims("second", range(1))
    index.claim([first])
    old, mover = index.buckets.look().written, RedisIndex(valkey_url, FEW_BUCKETS)
    valkey.hset(STATE, old.grown.field, 0)
    valkey.set("aw:turn:move", "1")  # the lock of the mover
    send = index.wire.trip

    def trip(commands: Sequence[Command]) -> list[Any]:
        replies = send(commands)
        if any(command[0] == "HSETNX" and command[1].startswith("aw:h:") for command in commands):
            [move] = mover.buckets.look().moves
            advance(mover.wire, move, mover.buckets.expires(old))
        return replies

    monkeypatch.setattr(index.wire, "trip", trip)
    [[candidate]] = index.claim([second])
    assert (candidate.article_id, candidate.hits) == (
        first.article_id,
        len(first.fingerprint.sketch),
    )
    mover.close()


def test_an_entry_that_is_moved_during_verification_is_not_called_missing(
    index: RedisIndex, valkey: redis.Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [article] = claims("first", range(1))
    index.claim([article])
    index.settle([CopyVote(article_id=article.article_id)])
    old, mover = index.buckets.look().written, RedisIndex(valkey_url, FEW_BUCKETS)
    send = index.wire.trip

    def trip(commands: Sequence[Command]) -> list[Any]:
        if commands[0][0] == "HEXISTS" and not mover.buckets.look().growing:
            valkey.hset(STATE, old.grown.field, 0)  # everything is moved before verification reads
            for move in mover.buckets.look().moves:
                advance(mover.wire, move, mover.buckets.expires(old))
        return send(commands)

    monkeypatch.setattr(index.wire, "trip", trip)
    stored = Stored(article.article_id, article.article_id, article.fingerprint, NOW)
    assert [*differences(index, [stored])] == []
    assert index.buckets.look().written == old.grown
    mover.close()


def test_a_late_worker_gives_no_article_another_number(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    claim(index, "first", range(100))
    old = index.buckets.look().written
    valkey.hset(STATE, old.grown.field, 0)
    [move] = index.buckets.look().moves
    advance(index.wire, move, index.buckets.expires(old))
    valkey.hset(STATE, old.grown.field, 0)  # not all of it is copied yet
    valkey.set("aw:turn:move", "1")
    [[article_id]] = ids("first", range(7, 8))
    field = bytes.fromhex(article_id)[:ID_BYTES]
    valkey.hset(old.id_key(field), field, 1000)  # the late worker only knew the old layout
    assert index.numbers.known([article_id]) == {article_id: 8}
    assert index.numbers.given([article_id]).of == {article_id: 8}
    assert claim(index, "first", range(7, 8)) == [[]]  # an article is no candidate of itself


def settled(url: str, share: list[tuple[str, int]]) -> dict[str, str]:
    """Article id -> canonical id; each batch is delivered twice, as after a crash."""
    index, answers = RedisIndex(url, FEW_BUCKETS), {}
    for start in range(0, len(share), BATCH):
        batch = [claims(name, range(n, n + 1))[0] for name, n in share[start : start + BATCH]]
        for _ in "12":
            candidates = index.claim(batch)
            votes = [
                CopyVote(
                    article_id=c.article_id,
                    alike=tuple(candidate.article_id for candidate in of_claim),
                )
                for c, of_claim in zip(batch, candidates, strict=True)
            ]
            canonical_ids = index.settle(votes)
        answers |= {
            c.article_id: canonical_id for c, canonical_id in zip(batch, canonical_ids, strict=True)
        }
    index.close()
    return answers


def test_copies_that_race_while_buckets_grow_have_one_canonical_article(
    valkey: redis.Redis, valkey_url: str
) -> None:
    # The copies of a story go to two workers at about the same time.
    shares = [
        [(f"source-{worker}", story) for story in range(worker // 2, STORIES, 2)]
        for worker in range(PROCESSES)
    ]
    answers: dict[str, str] = {}
    for answered in at_once(settled, [valkey_url] * PROCESSES, shares):
        answers |= answered
    index = RedisIndex(valkey_url, FEW_BUCKETS)
    assert index.buckets.look().written.bits > 5
    for story in range(STORIES):
        copies = [article_id_of(f"source-{w}", str(story)) for w in range(PROCESSES)]
        canonical = {answers[article_id] for article_id in copies if article_id in answers}
        assert len(canonical) == 1
        assert canonical < {*copies}
    index.close()


def test_the_memory_index_keeps_two_windows() -> None:
    days = [1.0]
    index = MemoryIndex(RULES, clock=lambda: days[0] * DAY_S)
    claim(index, "first", range(20))
    days[0] += RULES.index.window_days
    assert all(claim(index, "second", range(20)))
    days[0] += RULES.index.window_days
    claim(index, "third", range(1))
    assert len(index._articles) == 21
    days[0] += 5 * RULES.index.window_days
    assert claim(index, "fourth", range(20)) == [[]] * 20
