"""Buckets that are full go on in more of them; every article is met by who comes later."""

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from tests.dedup.texts import RULES, invented, print_of
from worker.index import Claim
from worker.index.epochs import EPOCHS, FULL, NOTICE_S, epochs_at, past, to_open
from worker.index.memory import DAY_S, MemoryIndex
from worker.index.redis import RedisIndex
from worker.models import article_id_of

GENERATION = 1000
NOW = 50_000


def at(level: int, generation: int = GENERATION) -> int:
    return generation * EPOCHS + level


@pytest.mark.parametrize(
    ("known", "written", "others"),
    [
        pytest.param({}, at(0), [], id="nothing yet"),
        pytest.param({at(0): (NOW - 9, 0)}, at(0), [], id="one"),
        pytest.param({at(0): (1, 0), at(1): (NOW + 1, 7)}, at(0), [at(1)], id="announced"),
        pytest.param({at(0): (1, 0), at(1): (NOW, 7)}, at(1), [at(0)], id="open"),
        pytest.param({at(2, 999): (1, 0)}, at(2), [at(2, 999)], id="as large as the one before"),
        pytest.param({at(2, 998): (1, 0)}, at(0), [], id="gone by"),
    ],
)
def test_where_to_write_and_to_read(
    known: dict[int, tuple[int, int]], written: int, others: list[int]
) -> None:
    assert epochs_at(GENERATION, NOW, known) == (written, others)


@pytest.mark.parametrize(
    ("known", "newest", "expected"),
    [
        pytest.param({}, 1, (at(0), NOW), id="the first"),
        pytest.param({at(0): (1, 50)}, 149, (0, 0), id="not full"),
        pytest.param({at(0): (1, 50)}, 150, (at(1), NOW + NOTICE_S), id="full"),
        pytest.param({at(0): (1, 50), at(1): (1, 50)}, 150, (0, 0), id="said already"),
    ],
)
def test_the_next_epoch_is_announced_when_one_is_full(
    known: dict[int, tuple[int, int]], newest: int, expected: tuple[int, int]
) -> None:
    assert to_open(at(0), NOW, newest, 100, known) == expected


def test_a_generation_ends_with_its_last_epoch() -> None:
    assert to_open(at(EPOCHS - 1), NOW, 10**9, 1, {at(EPOCHS - 1): (1, 0)}) == (0, 0)


@given(st.sets(st.integers(at(0, 990), at(7, 1000))))
def test_what_is_past_is_what_nobody_reads(known: set[int]) -> None:
    read = epochs_at(GENERATION, NOW, dict.fromkeys(known, (1, 0)))
    assert known - set(past(GENERATION, known)) == known & {read.written, *read.others}


def claims(name: str, count: int) -> list[Claim]:
    prints = [print_of(invented(seed, words=60)) for seed in range(count)]
    return [
        Claim(article_id=article_id_of(name, str(n)), fingerprint=p) for n, p in enumerate(prints)
    ]


def test_articles_meet_across_epochs(valkey: redis.Redis, valkey_url: str) -> None:
    rules = RULES.model_copy(update={"index": RULES.index.model_copy(update={"bucket_bits": 5})})
    index = RedisIndex(valkey_url, rules)
    capacity = (FULL << 5) // rules.shingles.sketch
    many = claims("first", 30)
    index.claim(many[:10])
    valkey.incrby("aw:next", capacity)
    index.claim(many[10:20])
    (newest, said) = max((int(k), v) for k, v in valkey.hgetall("aw:epochs").items())
    assert newest % EPOCHS == 1
    valkey.hset("aw:epochs", str(newest), b"1:" + said.split(b":")[1])  # its time has come
    index.claim(many[20:])
    assert valkey.keys(f"aw:s:{newest}:*")
    met = index.claim(claims("copy", 30))
    assert [rivals[0].article_id for rivals in met] == [claim.article_id for claim in many]
    index.close()


def test_memory_holds_two_windows() -> None:
    days = [1.0]
    index = MemoryIndex(RULES, clock=lambda: days[0] * DAY_S)
    index.claim(claims("first", 20))
    days[0] += RULES.index.window_days
    assert all(index.claim(claims("second", 20)))
    days[0] += RULES.index.window_days
    index.claim(claims("third", 1))
    assert len(index._articles) == 21
    days[0] += 5 * RULES.index.window_days
    assert index.claim(claims("fourth", 20)) == [[]] * 20
