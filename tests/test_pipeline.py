"""The path of a batch through real stages, a real store and a real index."""

import json
import random
from collections import Counter
from typing import Any

import pytest
import redis

from devtools.servers import unix_url
from tests.make import NOW
from tests.store.stored import rows
from tests.support.pipelines import CONFIG, STORY, ingest, raw
from tests.support.processes import at_once
from worker.clean import clean
from worker.dedup import fingerprint
from worker.errors import Reason
from worker.index import IndexEntry
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.model.admission import Payload, RawArticle
from worker.model.records import OutcomeKind
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def test_a_batch_of_thousands_of_bad_articles_is_told_in_a_hundred_lines(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", "worker"):
        outcomes = ingest(pipeline, list(range(1000)))
    assert {o.kind for o in outcomes} == {OutcomeKind.DEAD}
    lines = [r.getMessage() for r in caplog.records]
    assert len(lines) == 101
    assert lines[-1] == "article.rejected more=900 malformed=900"


def test_a_bad_article_is_buried_and_its_neighbours_are_stored(pipeline: Pipeline) -> None:
    other = "Rain is expected on the northern coast from noon, and the wind will turn to the west."
    raws = [raw(1), "no object", raw(2, other), {"title": ["no"]}, {"title": ""}, {"schema": "x/9"}]
    outcomes = ingest(pipeline, raws)
    assert [(o.kind.value, o.reason) for o in outcomes] == [
        ("new", ""),
        ("dead", "malformed"),
        ("new", ""),
        ("dead", "malformed"),
        ("dead", "empty"),
        ("dead", "unknown-schema"),
    ]
    letters = pipeline.store.letters([o.letter_id for o in outcomes if o.letter_id])
    assert [json.loads(letter.payload) for letter in letters] == [
        each for each in raws if not isinstance(each, dict) or "content" not in each
    ]


@pytest.mark.parametrize("error", [ValueError("bug"), MemoryError(), RecursionError("deep")])
def test_an_error_in_a_stage_makes_one_dead_letter_with_the_payload(error: Exception) -> None:
    dead_letters = DeadLetters()
    payload = Payload.of(raw(1))
    with dead_letters.catch(Origin(receipt="r", source="wire", payload=payload), "tag"):
        raise error
    [letter] = dead_letters.letters
    assert (letter.reason, letter.stage, letter.payload) == (Reason.CRASHED, "tag", payload)
    assert type(error).__name__ in letter.detail


def test_a_failure_that_takes_the_whole_batch_takes_no_article_with_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("bug")

    monkeypatch.setattr("worker.pipeline.tag_reading.read_together", fails)
    outcomes = ingest(pipeline, [raw(1), raw(2)])
    assert [o.kind.value for o in outcomes] == ["new", "duplicate"]


def test_an_article_nested_beyond_what_json_can_write_still_goes_through(
    pipeline: Pipeline,
) -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"deeper": deep}
    outcomes = ingest(pipeline, [raw(1), raw(2, "Another story altogether.", extra=deep)])
    assert [o.kind for o in outcomes] == [OutcomeKind.NEW, OutcomeKind.NEW]
    while deep:  # taken apart by hand: freeing it at once would recurse
        deep = deep["deeper"]


def test_a_redelivered_batch_writes_nothing_twice(pipeline: Pipeline) -> None:
    batch = [raw(1), "bad", raw(1, STORY + " The vote was close.")]
    first = ingest(pipeline, batch)
    assert [o.kind for o in first] == [OutcomeKind.NEW, OutcomeKind.DEAD, OutcomeKind.REVISION]
    assert ingest(pipeline, batch) == []
    assert ingest(pipeline, [*batch, raw(1)])[0].kind is OutcomeKind.UNCHANGED
    shown = pipeline.store.show(first[0].article_id)
    assert shown is not None
    assert [revision["number"] for revision in shown["revisions"]] == [1, 2]
    assert pipeline.store.letters([first[1].letter_id])[0].seen == 1


def test_old_content_never_becomes_the_newest_revision(pipeline: Pipeline) -> None:
    edited = STORY.replace("40 million", "45 million")
    for prefix, text, kind, revision in (
        ("a", STORY, OutcomeKind.NEW, 1),
        ("b", edited, OutcomeKind.REVISION, 2),
        ("c", STORY, OutcomeKind.UNCHANGED, 2),
    ):
        [outcome] = ingest(pipeline, [raw(1, text)], prefix)
        assert (outcome.kind, outcome.revision) == (kind, revision)


def test_an_article_that_comes_back_is_in_the_index_again(pipeline: Pipeline) -> None:
    withdrawal = {"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}
    earlier = raw(1, fetch={"at": "2026-11-22T11:00:00Z"})
    ingest(pipeline, [raw(1), withdrawal], "a")
    assert pipeline.index.match([entry_of(pipeline, raw(2))]) == [[]]
    old, back = ingest(pipeline, [earlier, raw(1)], "b")
    assert (old.kind, back.kind) == (OutcomeKind.WITHDRAWN, OutcomeKind.REVISION)
    [copy] = ingest(pipeline, [raw(2, source={"id": "paper"})], "c")
    [(_, found)] = pipeline.store.listing([copy.receipt])
    assert copy.kind is OutcomeKind.DUPLICATE
    assert found is not None
    assert found.cluster_id == back.article_id


def test_a_copy_that_was_refused_and_comes_back_with_another_text_has_a_cluster_of_its_own(
    pipeline: Pipeline, store_url: str
) -> None:
    short = "Kiwi consent is needed before you read this article."
    library = "The library opens on Sundays from May, the town council said after a long debate."
    first = raw(1, short, link="https://harbour.example/1")
    ingest(pipeline, [first, {**first, "id": "a-2"}], "a")
    ingest(pipeline, [{"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}], "b")
    ingest(pipeline, [raw(1, source={"id": "other"})], "c")
    copy = raw(2, fetch={"at": "2026-11-01T09:00:00Z"})
    assert [o.kind for o in ingest(pipeline, [copy], "d")] == [OutcomeKind.WITHDRAWN]
    [back] = ingest(pipeline, [raw(2, library, title="Library")], "e")
    assert back.kind is OutcomeKind.NEW
    clusters = {a["article_id"]: a["cluster_id"] for a in rows(store_url, "articles")}
    assert clusters[back.article_id] == back.article_id


def test_a_dead_letter_that_is_replayed_brings_nothing_back(pipeline: Pipeline) -> None:
    withdrawal = {"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}
    ingest(pipeline, [raw(1), withdrawal], "a")
    [outcome] = ingest(pipeline, [raw(1)], "replay-9f2c-")
    assert outcome.kind is OutcomeKind.WITHDRAWN


def entry_of(pipeline: Pipeline, article: dict[str, Any]) -> IndexEntry:
    cleaned = clean(RawArticle.model_validate(article), CONFIG.cleaning, NOW)
    hashes = fingerprint(cleaned, CONFIG.dedup)
    return IndexEntry(article_id=cleaned.article_id, fingerprint=hashes)


def test_copies_inside_one_batch_and_across_batches_share_one_canonical(pipeline: Pipeline) -> None:
    copies = [raw(n, title=f"Headline {n}", source={"id": f"paper-{n}"}) for n in range(4)]
    outcomes = ingest(pipeline, copies[:3], "a") + ingest(pipeline, copies[3:], "b")
    assert Counter(o.kind for o in outcomes) == {OutcomeKind.NEW: 1, OutcomeKind.DUPLICATE: 3}
    listing = pipeline.store.listing([o.receipt for o in outcomes])
    assert len({found.cluster_id for _, found in listing if found}) == 1


def test_a_withdrawn_article_is_gone_and_what_was_fetched_before_stays_gone(
    pipeline: Pipeline,
) -> None:
    withdrawal = {"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}
    earlier = raw(1, STORY + " More.", fetch={"at": "2026-11-22T11:00:00Z"})
    outcomes = [
        ingest(pipeline, [each], prefix)[0]
        for prefix, each in (("a", raw(1)), ("b", withdrawal), ("c", earlier))
    ]
    assert [o.kind for o in outcomes] == [
        OutcomeKind.NEW,
        OutcomeKind.WITHDRAWN,
        OutcomeKind.WITHDRAWN,
    ]
    assert "grain ships" not in json.dumps(pipeline.store.show(outcomes[0].article_id), default=str)


def edit(who: int, store_url: str, index_url: str) -> None:
    """Six batches with an edit of each of five articles, in an order of its own."""
    index = RedisIndex(index_url, CONFIG.dedup)
    pipeline = Pipeline(CONFIG, SqlStore(store_url), index)
    order = random.Random(who)
    for turn in range(6):
        text = f"{STORY} Edit {who} of turn {turn}."
        edits = [raw(n, text, title=f"Story {n}") for n in range(5)]
        order.shuffle(edits)
        ingest(pipeline, edits, f"{who}-{turn}-")
    pipeline.store.close()
    index.close()


def test_four_processes_that_edit_the_same_articles_end_in_one_article_each_and_ordered_revisions(
    store: SqlStore, store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    at_once(edit, range(4), [store_url] * 4, [unix_url(valkey_url)] * 4)

    receipts = [f"{who}-{turn}-{n}" for who in range(4) for turn in range(6) for n in range(5)]
    outcomes = store.outcomes(receipts)
    assert len(outcomes) == 120
    ids = {outcome.article_id for outcome in outcomes.values()}
    assert len(ids) == 5
    for article_id in ids:
        shown = store.show(article_id)
        assert shown is not None
        assert [revision["number"] for revision in shown["revisions"]] == list(range(1, 25))
        numbers = [o.revision for o in outcomes.values() if o.article_id == article_id]
        assert sorted(numbers) == list(range(1, 25))
