"""Properties of the shared index: round trips, generations, a server that fails, races."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import redis

from tests.dedup.texts import RULES, STORY, fingerprint_of, invented
from tests.support import pipelines
from tests.support.generations import grow_old
from tests.support.processes import at_once
from worker.dedup import compare
from worker.errors import Unavailable
from worker.index import CopyVote, IndexEntry
from worker.index.redis_client import RedisClient, client_url
from worker.index.redis_index import RedisIndex
from worker.model.records import OutcomeKind, article_id_of
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

A, B = article_id_of("wire", "id:a"), article_id_of("wire", "id:b")
PRINT = fingerprint_of(STORY)
PROCESSES, STORIES, BATCH = 4, 200, 10


@pytest.fixture
def index(valkey: redis.Redis, valkey_url: str) -> Iterator[RedisIndex]:
    index = RedisIndex(valkey_url, RULES)
    yield index
    index.close()


def one(article_id: str) -> list[IndexEntry]:
    return [IndexEntry(article_id=article_id, fingerprint=PRINT)]


@pytest.mark.parametrize("size", [1, 100])
def test_a_batch_costs_the_same_round_trips_whatever_its_size(index: RedisIndex, size: int) -> None:
    prints = [fingerprint_of(invented(seed)) for seed in range(size)]
    for name in ("first", "second"):  # the second ones meet the first
        ids = [article_id_of(name, str(number)) for number in range(size)]
        before = index.round_trips
        met = index.register_and_match(
            [IndexEntry(article_id=i, fingerprint=p) for i, p in zip(ids, prints, strict=True)]
        )
        claimed = index.round_trips
        votes = zip(ids, met, strict=True)
        index.elect_canonical(
            [CopyVote(article_id=i, copies=tuple(r.article_id for r in m)) for i, m in votes]
        )
        # The first ones begin a generation, and meet nobody.
        assert claimed - before == 5
        assert index.round_trips - claimed == 3


def test_copies_meet_across_one_generation_but_not_two(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    index.register_and_match(one(A))
    grow_old(valkey)
    assert [candidate.article_id for candidate in index.register_and_match(one(B))[0]] == [A]
    grow_old(valkey)
    grow_old(valkey)
    assert index.register_and_match(one(article_id_of("wire", "id:c"))) == [[]]


def test_an_article_keeps_its_number_while_it_keeps_coming(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    index.register_and_match(one(A))
    index.elect_canonical([CopyVote(article_id=A)])
    for _ in range(3):
        grow_old(valkey)
        assert index.register_and_match(one(A)) == [[]]
    index.register_and_match(one(B))
    assert index.elect_canonical([CopyVote(article_id=B, copies=(A,))]) == [A]
    assert valkey.keys("aw:n:*") == [b"aw:n:0"]
    assert set(valkey.hvals("aw:n:0")) == {bytes.fromhex(A), bytes.fromhex(B)}


def test_everything_but_the_counter_expires(index: RedisIndex, valkey: redis.Redis) -> None:
    for _ in range(2):  # emptied under a process that has dated its buckets already
        index.register_and_match(one(A))
        index.register_and_match(one(B))
        index.elect_canonical([CopyVote(article_id=A), CopyVote(article_id=B, copies=(A,))])
        lasting = [key for key in valkey.keys("*") if valkey.ttl(key) == -1]
        assert lasting == [b"aw:next"]
        valkey.flushall()


def test_a_rival_without_its_fingerprint_is_still_named(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    index.register_and_match(one(A))
    for key in valkey.keys("aw:f:*"):
        valkey.delete(key)
    (candidate,) = index.register_and_match(one(B))[0]
    assert (candidate.article_id, candidate.fingerprint) == (A, None)


def test_only_fingerprints_of_articles_that_are_not_stored_yet_take_memory(
    store: SqlStore, valkey: redis.Redis, valkey_url: str
) -> None:
    index = RedisIndex(valkey_url, RULES)
    pipeline = Pipeline(pipelines.CONFIG, store, index)
    for batch in range(4):
        numbers = range(10 * batch, 10 * batch + 5)
        raws = [pipelines.raw(n, invented(n)) for n in numbers]
        pipelines.ingest(pipeline, raws, f"{batch}-")
    assert len(valkey.keys("aw:f:*")) == 5  # of the last batch: deleted with the next
    again = pipelines.raw(90, invented(1), title="Harbour story 1", source={"id": "other"})
    [copy] = pipelines.ingest(pipeline, [again], "copy")
    assert copy.kind is OutcomeKind.DUPLICATE
    assert len(valkey.keys("aw:f:*")) == 1
    index.close()


def test_a_fingerprint_stays_when_its_article_could_not_be_stored(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    index.register_and_match(one(A))
    index.register_and_match(one(B))
    assert len(valkey.keys("aw:f:*")) == 2


def test_a_fingerprint_of_another_release_counts_as_gone(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    index.register_and_match(one(A))
    for key in valkey.keys("aw:f:*"):
        valkey.set(key, b'{"feature": "of tomorrow"}\n')
    assert index.register_and_match(one(B))[0][0].fingerprint is None


def test_buckets_stay_small(index: RedisIndex, valkey: redis.Redis) -> None:
    """Sketches are the smallest hashes: chosen by their high bits, buckets would overflow."""
    entries = [
        IndexEntry(article_id=article_id_of("w", str(n)), fingerprint=fingerprint_of(invented(n)))
        for n in range(300)
    ]
    index.register_and_match(entries)
    sizes = [valkey.hlen(key) for key in valkey.keys("aw:h:*")]
    assert max(sizes) < 2.5 * sum(sizes) / len(sizes)


def test_it_connects_only_when_asked_and_says_what_is_missing(tmp_path: Path) -> None:
    index = RedisIndex(f"unix://{tmp_path}/none.sock", RULES)
    with pytest.raises(Unavailable, match="index"):
        index.register_and_match(one(A))
    with pytest.raises(Unavailable, match="index"):
        index.elect_canonical([CopyVote(article_id=A)])
    index.close()


def test_an_error_among_replies_is_raised_and_the_next_trip_reads_its_own(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    valkey.set("text", "x")
    asked = [("GET", "text"), ("HGET", "text", "field"), *[("GET", "text")] * 10]
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        index.client.execute(asked)
    assert index.client.execute([("STRLEN", "text"), ("GET", "none")]) == [1, None]


def test_a_full_server_is_unavailable_and_a_later_claim_goes_on(
    index: RedisIndex, valkey: redis.Redis
) -> None:
    valkey.config_set("maxmemory", 1)
    try:
        with pytest.raises(Unavailable, match="memory"):
            index.register_and_match(one(A))
    finally:
        valkey.config_set("maxmemory", 0)
    assert index.register_and_match(one(A)) == [[]]
    assert [candidate.article_id for candidate in index.register_and_match(one(B))[0]] == [A]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host:6379/1", "redis://host:6379/1"),
        ("redis+socket:///var/a.sock?virtual_host=2", "unix:///var/a.sock?db=2"),
        ("redis+socket://:secret@/var/a.sock", "unix://:secret@/var/a.sock"),
        ("unix:///var/a.sock?db=1", "unix:///var/a.sock?db=1"),
        ("rediss://h/0?ssl_cert_reqs=CERT_NONE", "rediss://h/0?ssl_cert_reqs=none"),
    ],
)
def test_broker_urls_are_understood(url: str, expected: str) -> None:
    assert client_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "redis://me%40home:p%23w%2F@h:6379/3",
        "redis+socket://me%40home:p%23w%2F@/s.sock?virtual_host=3",
        "sentinel://me%40home:p%23w%2F@h:26379/3?master_name=news",
    ],
)
def test_a_percent_encoded_password_is_decoded_over_every_kind_of_connection(url: str) -> None:
    client = RedisClient(url, 1)
    given = client._redis.connection_pool.connection_kwargs
    client.close()
    assert (given["username"], given["password"], given["db"]) == ("me@home", "p#w/", 3)


def copies() -> list[list[tuple[str, str]]]:
    """Ids and texts of two to four edited copies of each story."""
    random, stories = Random(11), []
    for story in range(STORIES):
        words = invented(story, words=120).split()
        texts = [
            " ".join(word for word in words if random.random() > 0.02)
            for _ in range(random.choice([2, 2, 3, 4]))
        ]
        named = enumerate(texts)
        stories.append([(article_id_of(f"source-{n}", str(story)), text) for n, text in named])
    return stories


def ingest(url: str, shares: list[list[tuple[str, str]]]) -> dict[str, str]:
    """What a worker does with its batches: article id -> canonical id."""
    index, answers = RedisIndex(url, RULES), {}
    for batch in shares:
        prints = {article_id: fingerprint_of(text) for article_id, text in batch}
        candidates = index.register_and_match(
            [IndexEntry(article_id=i, fingerprint=p) for i, p in prints.items()]
        )
        votes = []
        for (mine, print_), met in zip(prints.items(), candidates, strict=True):
            likes = [(r.article_id, compare(print_, r.fingerprint, RULES)) for r in met]
            copies = tuple(i for i, like in likes if like and like.kind is OutcomeKind.DUPLICATE)
            votes.append(CopyVote(article_id=mine, copies=copies))
        answers |= dict(zip(prints, index.elect_canonical(votes), strict=True))
    index.close()
    return answers


def test_each_story_has_one_canonical_article_however_many_workers_race(
    valkey: redis.Redis, valkey_url: str
) -> None:
    stories = copies()
    articles = [article for members in stories for article in members]
    dealt = [articles[n::PROCESSES] for n in range(PROCESSES)]
    # Every batch is delivered twice, as after a crash between settle and ack.
    shares = [[s[n : n + BATCH] for n in range(0, len(s), BATCH) for _ in "12"] for s in dealt]
    answers: dict[str, str] = {}
    for answered in at_once(ingest, [valkey_url] * PROCESSES, shares):
        answers |= answered
    index = RedisIndex(valkey_url, RULES)
    for members in stories:
        ids = [article_id for article_id, _ in members]
        canonical = [article_id for article_id in ids if answers[article_id] == article_id]
        assert len(canonical) == 1
        assert index.elect_canonical([CopyVote(article_id=i) for i in ids]) == canonical * len(ids)
    index.close()
