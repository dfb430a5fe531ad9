"""From a compressed article to its stored form: broker bodies, pipeline, store, replay."""

import json
from base64 import b64decode
from typing import Any

import pytest
import redis

from tests.make import NOW
from tests.store.stored import rows
from tests.support.frames import INVALID, envelope, streamed
from tests.support.pipelines import CONFIG, STORY, raw
from worker import Producer
from worker.broker.bodies import articles
from worker.broker.messages import read
from worker.config.loader import Config
from worker.config.worker_rules import PayloadRules
from worker.errors import Reason
from worker.index.memory_index import MemoryIndex
from worker.maintenance.replay import replay
from worker.model.canonical_json import canonical_json
from worker.model.compressed_article import OpenedArticle
from worker.model.records import Outcome, OutcomeKind
from worker.model.zstd_frames import MAGIC, compress, decompress, zstd
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.database.packing import pack_text
from worker.store.sql_store import SqlStore
from worker.tasks import _delivery


def zstd_config() -> Config:
    worker = CONFIG.worker.model_copy(update={"payloads": PayloadRules(zstd=True)})
    return CONFIG.model_copy(update={"worker": worker})


def pipeline(store: SqlStore, config: Config = CONFIG) -> Pipeline:
    return Pipeline(config, store, MemoryIndex(config.dedup))


def ingest(pipeline: Pipeline, *raws: Any, prefix: str = "r") -> list[Outcome]:
    """Process these as one message of a client."""
    receipts = [f"{prefix}-{n}" for n in range(len(raws))]
    message = {
        "headers": {"task": "articles.ingest", "id": "m"},
        "body": json.dumps([[raws], {"receipts": receipts}, {}]),
    }
    deliveries = [
        _delivery(*found, trace="") for found in articles(read(json.dumps(message).encode()))
    ]
    by_receipt = {o.receipt: o for o in pipeline.ingest(deliveries, now=NOW)}
    return [by_receipt[receipt] for receipt in receipts if receipt in by_receipt]


def payloads(store_url: str) -> list[bytes]:
    return [bytes(row["payload"]) for row in rows(store_url, "revisions")]


def test_a_compressed_article_is_stored_as_it_came(store: SqlStore, store_url: str) -> None:
    frame = zstd.compress(canonical_json(raw(1)), level=7)
    [outcome] = ingest(pipeline(store), envelope(frame))
    assert outcome.kind is OutcomeKind.NEW
    assert payloads(store_url) == [frame]
    [stored] = store.records([outcome.article_id])
    assert json.loads(stored.payload) == raw(1)


def test_a_plain_article_is_stored_for_version_0_2_unless_the_rules_say_zstd(
    store: SqlStore, store_url: str
) -> None:
    [first] = ingest(pipeline(store), raw(1))
    text = canonical_json(raw(1)).decode()
    assert payloads(store_url) == [pack_text(text)]
    [second] = ingest(pipeline(store, zstd_config()), raw(1, STORY + " More of it."), prefix="s")
    assert (first.kind, second.kind) == (OutcomeKind.NEW, OutcomeKind.REVISION)
    assert sorted(p.startswith(MAGIC) for p in payloads(store_url)) == [False, True]
    [stored] = store.records([first.article_id])
    assert json.loads(stored.payload) == raw(1, STORY + " More of it.")


def test_the_same_article_is_unchanged_in_the_other_form(store: SqlStore) -> None:
    same = raw(1)
    line = pipeline(store)
    spaced = json.dumps(same, indent=1).encode()
    kinds = [
        ingest(line, form, prefix=f"p{n}")[0].kind
        for n, form in enumerate(
            [same, envelope(compress(canonical_json(same))), envelope(compress(spaced)), same]
        )
    ]
    assert kinds == [OutcomeKind.NEW, *[OutcomeKind.UNCHANGED] * 3]


def test_the_same_receipt_in_the_other_form_is_no_reuse(
    store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    line = pipeline(store)
    assert len(ingest(line, raw(1))) == 1
    assert ingest(line, envelope(compress(canonical_json(raw(1))))) == []
    assert ingest(line, envelope(compress(json.dumps(raw(1)).encode()))) == []
    assert "receipts.reused" not in caplog.text


BAD = {
    **{name: (frame, "malformed") for name, frame in INVALID.items()},
    "bomb": (compress(b" " * 60_000_000), "too-large"),
    "streamed-bomb": (streamed(b" " * 60_000_000), "too-large"),
}


def test_bad_frames_become_dead_letters_with_their_payload_and_the_others_are_stored(
    store: SqlStore,
) -> None:
    bad = [envelope(frame) for frame, _ in BAD.values()]
    good = [raw(1), envelope(compress(canonical_json(raw(2, "Rain falls on the coast today."))))]
    outcomes = ingest(pipeline(store), good[0], *bad, good[1])
    kinds = [outcomes[0].kind, outcomes[-1].kind]
    assert kinds == [OutcomeKind.NEW] * 2
    assert [o.reason for o in outcomes[1:-1]] == [reason for _, reason in BAD.values()]
    letters = {
        letter.letter_id: letter
        for letter in store.letters([o.letter_id for o in outcomes if o.letter_id])
    }
    kept = [json.loads(letters[o.letter_id].payload) for o in outcomes[1:-1]]
    assert kept == bad
    assert all(letters[o.letter_id].detail.startswith("zstd: ") for o in outcomes[1:-1])


def test_a_dead_letter_that_came_compressed_is_replayed_compressed_or_as_its_article(
    store: SqlStore, producer: Producer, valkey: redis.Redis
) -> None:
    empty = envelope(zstd.compress(canonical_json({"n": 1, "extra": "x" * 100})))
    bomb = envelope(compress(b" " * 6_000_000))
    outcomes = ingest(pipeline(store), empty, bomb)
    assert [o.reason for o in outcomes] == [Reason.EMPTY, Reason.TOO_LARGE]
    sent = list(replay(store, producer, [o.letter_id for o in outcomes], per_s=1000))
    assert sum(map(len, sent)) == 2
    body = json.loads(b64decode(json.loads(valkey.lindex("articles.replay", 0))["body"]))
    replayed = body[0][0]
    assert bomb in replayed
    assert {"n": 1, "extra": "x" * 100} in replayed


def sent(valkey: redis.Redis) -> list[dict[str, Any]]:
    return [json.loads(message) for message in reversed(valkey.lrange("articles", 0, -1))]


def test_a_producer_compresses_only_when_asked(
    valkey_url: str, valkey: redis.Redis, producer: Producer
) -> None:
    page = raw(1, STORY * 3)
    producer.enqueue([page])
    with Producer(valkey_url, compress=True, source="wire") as compressing:
        receipts = compressing.enqueue([page, {"title": "Short"}])
    plain, compressed = sent(valkey)
    assert plain["properties"]["body_encoding"] == "base64"
    assert compressed["properties"]["body_encoding"] == "utf-8"
    [[first, short]], kwargs, _ = json.loads(compressed["body"])
    assert kwargs == {"receipts": receipts}
    assert decompress(b64decode(first["zstd"]), 10_000) == canonical_json(page)
    assert short == {"title": "Short", "source": {"id": "wire"}}  # a frame would be longer
    found = articles(read(valkey.lrange("articles", 0, 0)[0]))
    assert [receipt for receipt, _ in found] == receipts
    opened = found[0][1]
    assert isinstance(opened, OpenedArticle)
    assert opened.raw == page
    assert opened.payload.frame == b64decode(first["zstd"])


def test_a_producer_takes_an_article_that_is_compressed_already(
    valkey: redis.Redis, producer: Producer
) -> None:
    page = raw(1, STORY * 3)
    producer.enqueue([envelope(compress(canonical_json(page)))])
    [[[stored]], _, _] = json.loads(b64decode(sent(valkey)[0]["body"]))
    assert stored == page


def test_the_source_that_a_producer_adds_is_in_the_frame(
    valkey_url: str, valkey: redis.Redis
) -> None:
    with Producer(valkey_url, compress=True, source="wire") as producer:
        producer.enqueue([{"title": "Harbour", "content": STORY * 3}])
    opened = articles(read(valkey.lindex("articles", 0)))[0][1]
    assert isinstance(opened, OpenedArticle)
    assert opened.raw["source"] == {"id": "wire"}  # type: ignore[index]


def test_small_messages_that_expand_to_much_are_processed_in_several_batches() -> None:
    from worker.tasks import _decode

    large = envelope(compress(canonical_json({"title": "x", "content": "word " * 900_000})))
    whole = {
        "headers": {"task": "articles.ingest", "id": "m"},
        "body": json.dumps([[[large, large]], {}, {}]),
    }
    message = read(json.dumps(whole).encode())
    broken = message._replace(body="{")
    unreadable: dict[int, str] = {}
    batches = list(_decode([message, message, broken, message, message, message], unreadable))
    assert [len(batch) for batch in batches] == [6, 4]
    assert list(unreadable) == [2]
    assert all(isinstance(d, Delivery) for batch in batches for d in batch)
