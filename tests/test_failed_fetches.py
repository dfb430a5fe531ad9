"""A failed fetch through pipeline and store: it is no version, and no copy of another one."""

import json
import random
import re
from itertools import permutations
from typing import Any

import pytest
import redis
from click.testing import CliRunner

from devtools.servers import unix_url
from tests.make import NOW, article, record
from tests.support.linting import linted
from tests.support.pipelines import CONFIG, STORY, ingest, raw
from tests.support.processes import at_once
from tests.support.stores import sqlite_first
from worker.cli import group
from worker.client.producer import Producer
from worker.errors import Reason
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.maintenance.replay import replay
from worker.maintenance.reprocess import reclean
from worker.model.completeness import Extent
from worker.model.records import OutcomeKind
from worker.pipeline.dead_lettering import Reprocessed
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.sql_store import SqlStore

CHALLENGE = (
    "<html><head><title>Just a moment...</title></head><body><h1>wire.example</h1>"
    "<p>Verifying you are human. This may take a few seconds.</p></body></html>"
)
TEASER = "The board will deepen the eastern channel, at a cost of 40 million crowns."
PAGE = f"<html><head><title>Harbour</title></head><body><article><p>{STORY}</p></article></body>"


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def page(number: int = 1, value: str = CHALLENGE, **fields: Any) -> dict[str, Any]:
    return {**raw(number), "content": [{"type": "text/html", "value": value}], **fields}


def newest(pipeline: Pipeline, article_id: str) -> dict[str, Any]:
    shown = pipeline.store.show(article_id)
    assert shown is not None
    revision: dict[str, Any] = shown["revisions"][-1]
    return revision


FAILED = [
    page(),
    page(title=""),
    page(value=PAGE, fetch={"status": 404}),
    page(value="", fetch={"status": 500}),
    page(value="%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
    page(fetch={"status": 304}, value=""),
]
LESS = [
    raw(text=""),
    raw(text="", title="Harbour story, with another title"),
    raw(text="", summary=TEASER),
    {**raw(), "content": None},
    page(summary=TEASER),
    page(summary=TEASER, fetch={"status": 503}),
    page(value=PAGE, summary=TEASER, fetch={"status": 403}),
    page(value='<img src="harbour.jpg">'),
]


@pytest.mark.parametrize("failed", FAILED)
@sqlite_first
def test_a_failed_fetch_is_no_revision_of_a_stored_article(
    pipeline: Pipeline, failed: dict[str, Any]
) -> None:
    [first] = ingest(pipeline, [raw()], "a")
    [outcome] = ingest(pipeline, [failed], "b")
    assert (outcome.kind, outcome.reason) == (OutcomeKind.DEAD, Reason.FAILED_FETCH)
    assert newest(pipeline, first.article_id)["text"] == STORY
    assert newest(pipeline, first.article_id)["number"] == 1


@pytest.mark.parametrize("less", LESS)
@sqlite_first
def test_less_than_is_stored_replaces_nothing_and_is_seen(
    pipeline: Pipeline, less: dict[str, Any]
) -> None:
    [first] = ingest(pipeline, [raw()], "a")
    for prefix in "bc":
        [outcome] = ingest(pipeline, [less], prefix)
        assert (outcome.kind, outcome.revision) == (OutcomeKind.UNCHANGED, 1)
        assert outcome.article_id == first.article_id
    shown = pipeline.store.show(first.article_id)
    assert shown is not None
    assert shown["article"]["sightings"] == 3
    assert [its["text"] for its in shown["revisions"]] == [STORY]


@pytest.mark.parametrize("less", LESS)
@sqlite_first
def test_less_is_stored_while_there_is_no_more_and_more_revises_it(
    pipeline: Pipeline, less: dict[str, Any]
) -> None:
    [first] = ingest(pipeline, [less], "a")
    assert first.kind is OutcomeKind.NEW
    [full] = ingest(pipeline, [page(value=PAGE)], "b")
    assert (full.kind, full.revision, full.article_id) == (
        OutcomeKind.REVISION,
        2,
        first.article_id,
    )
    [again] = ingest(pipeline, [less], "c")
    assert (again.kind, again.revision) == (OutcomeKind.UNCHANGED, 2)
    assert newest(pipeline, first.article_id)["text"] == STORY


def test_the_feeds_text_is_revised_by_the_feed_as_long_as_no_page_came(pipeline: Pipeline) -> None:
    [first] = ingest(pipeline, [page(summary=TEASER)], "a")
    assert newest(pipeline, first.article_id)["flags"] == ["no-page"]
    [edited] = ingest(pipeline, [page(summary=TEASER.replace("40", "45"))], "b")
    assert (edited.kind, edited.revision) == (OutcomeKind.REVISION, 2)


ORDERS = [*permutations([raw(), page(summary=TEASER), raw(text=""), page()])]


@pytest.mark.parametrize("order", ORDERS)
@sqlite_first
def test_in_whatever_order_they_come_in_one_batch_the_text_is_the_newest(
    pipeline: Pipeline, order: tuple[dict[str, Any], ...]
) -> None:
    outcomes = ingest(pipeline, order)
    assert sum(outcome.kind is OutcomeKind.DEAD for outcome in outcomes) == 1
    [article_id] = {outcome.article_id for outcome in outcomes if outcome.article_id}
    assert newest(pipeline, article_id)["text"] == STORY
    numbers = [outcome.revision for outcome in outcomes if outcome.article_id]
    assert numbers == sorted(numbers)


def test_failed_fetches_of_different_articles_are_no_copies_of_each_other(
    pipeline: Pipeline,
) -> None:
    known = ingest(pipeline, [raw(1), raw(2, "Rain is expected on the northern coast from noon.")])
    failed = [page(n, title="") for n in range(6)]
    failed += [page(n, value=PAGE, fetch={"status": 502}) for n in range(6)]
    outcomes = ingest(pipeline, failed, "f")
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.DEAD}
    assert len({outcome.letter_id for outcome in outcomes}) == len(failed)
    for outcome in known:
        shown = pipeline.store.show(outcome.article_id)
        assert shown is not None
        assert len(shown["cluster"]) == 1
        assert len(shown["revisions"]) == 1


def test_articles_without_page_are_told_apart_by_what_their_feed_gave(pipeline: Pipeline) -> None:
    other = "Rain is expected on the northern coast from noon, says the weather office in Brenn."
    outcomes = ingest(pipeline, [page(1, summary=TEASER), page(2, title="Rain", summary=other)])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.NEW, OutcomeKind.NEW]


def test_a_receipt_that_comes_again_changes_nothing(pipeline: Pipeline) -> None:
    batch = [raw(), page(summary=TEASER), page()]
    assert [o.kind for o in ingest(pipeline, batch)] == [
        OutcomeKind.NEW,
        OutcomeKind.UNCHANGED,
        OutcomeKind.DEAD,
    ]
    assert ingest(pipeline, batch) == []


def test_the_store_has_the_last_word_on_what_is_less(store: SqlStore) -> None:
    """What another worker wrote meanwhile may be more than was known when the batch was judged."""
    full = article(text="One two three four.", words=4)
    less = article(text="One two.", words=2, flags=("no-page",))
    store.write([record(full)], [], [], now=NOW)
    verdicts = [{"extent": Extent.TEASER}, {"kind": OutcomeKind.UNCHANGED, "extent": Extent.TEASER}]
    records = [record(less, verdict=verdict) for verdict in verdicts]
    outcomes = store.write(records, [], [], now=NOW)
    assert [(o.kind, o.revision) for o in outcomes] == [(OutcomeKind.UNCHANGED, 1)] * 2


@pytest.mark.parametrize(
    ("stored", "mine", "kind"),
    [
        (Extent.TEXT, Extent.TEASER, OutcomeKind.UNCHANGED),
        (Extent.TEASER, Extent.TEASER, OutcomeKind.REVISION),
        (Extent.TITLE, Extent.TEASER, OutcomeKind.REVISION),
    ],
)
def test_unchanged_without_the_same_content_holds_only_for_less(
    store: SqlStore, stored: Extent, mine: Extent, kind: OutcomeKind
) -> None:
    before = {
        Extent.TEXT: article(words=9),
        Extent.TEASER: article(words=9, flags=("summary-only",)),
        Extent.TITLE: article(text="", words=0),
    }[stored]
    store.write([record(before)], [], [], now=NOW)
    verdict = {"kind": OutcomeKind.UNCHANGED, "extent": mine}
    unseen = record(article(text="Other words."), verdict=verdict)
    [outcome] = store.write([unseen], [], [], now=NOW)
    assert outcome.kind is kind


def test_what_newer_rules_call_a_failed_fetch_gives_way_to_what_the_feed_gave(
    pipeline: Pipeline, store: SqlStore
) -> None:
    """What older rules took for the article is stored, cleaned again it is less: that counts."""
    [first] = ingest(pipeline, [page(value=PAGE)], "a")
    reprocessed = Reprocessed(key="id:a-1", received=NOW)
    delivery = Delivery(receipt="again", raw=page(summary=TEASER), reprocessed=reprocessed)
    [outcome] = pipeline.ingest([delivery], now=NOW)
    assert (outcome.kind, outcome.revision, outcome.article_id) == (
        OutcomeKind.REVISION,
        2,
        first.article_id,
    )
    assert newest(pipeline, first.article_id)["flags"] == ["no-page"]


def test_an_article_without_page_is_cleaned_again_as_one(pipeline: Pipeline) -> None:
    [first] = ingest(pipeline, [page(summary=TEASER)], "a")
    newer = pipeline.config.cleaning.model_copy(update={"version": "next"})
    config = pipeline.config.model_copy(update={"cleaning": newer})
    changed = Pipeline(config, pipeline.store, pipeline.index)
    assert reclean(changed, [first.article_id], now=NOW) == 1
    its = newest(pipeline, first.article_id)
    assert (its["number"], its["flags"], its["versions"]["cleaner"]) == (
        1,
        ["no-page"],
        config.cleaner,
    )


def send(who: int, store_url: str, index_url: str) -> None:
    """Five batches of six articles: full texts, failed pages and titles alone, mixed."""
    index = RedisIndex(index_url, CONFIG.dedup)
    pipeline = Pipeline(CONFIG, SqlStore(store_url), index)
    order = random.Random(who)
    for turn in range(5):
        batch = [sent(who, turn, number) for number in range(6)]
        order.shuffle(batch)
        ingest(pipeline, batch, f"{who}-{turn}-")
    pipeline.store.close()
    index.close()


def sent(who: int, turn: int, number: int) -> dict[str, Any]:
    title = f"Story {number}"
    if who % 2 and turn == number % 5:
        return raw(number, f"{STORY} Story {number}.", title=title)
    if turn % 2:
        return page(number, title=title, summary=f"{TEASER} Edit {who} of turn {turn}.")
    return raw(number, "", title=title)


def test_whoever_wins_a_race_the_text_stays_the_newest(
    store: SqlStore, store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    at_once(send, range(4), [store_url] * 4, [unix_url(valkey_url)] * 4)

    receipts = [f"{who}-{turn}-{n}" for who in range(4) for turn in range(5) for n in range(6)]
    outcomes = store.outcomes(receipts)
    assert len(outcomes) == len(receipts)
    ids = {outcome.article_id for outcome in outcomes.values()}
    assert len(ids) == 6
    for article_id in ids:
        shown = store.show(article_id)
        assert shown is not None
        revisions = shown["revisions"]
        assert [its["number"] for its in revisions] == list(range(1, len(revisions) + 1))
        assert revisions[-1]["text"].startswith(STORY)
        extents = [Extent.of(its["words"], its["flags"]) for its in revisions]
        assert extents == sorted(extents)


# -- What people are told ------------------------------------------------------------------------


def test_its_dead_letter_can_be_found_shown_and_sent_again(
    pipeline: Pipeline, store: SqlStore, store_url: str, producer: Producer, valkey_url: str
) -> None:
    [outcome] = ingest(pipeline, [page(title="")], "a")
    environment = {"WORKER_STORE_URL": store_url, "WORKER_BROKER_URL": valkey_url}

    def worker(*arguments: str) -> str:
        done = CliRunner().invoke(group, arguments, env=environment)
        assert done.exit_code == 0, done.output
        return re.sub(r"\s+", " ", done.stdout)

    letter = outcome.letter_id[:10]
    assert "1 dead letter: failed-fetch 1" in worker("dead", "list", "--reason", "failed-fetch")
    assert "challenge page" in worker("dead", "show", letter)
    said = worker("explain", letter)
    assert "It could not be processed: failed-fetch, challenge page. It ended" in said
    raw_article = json.loads(worker("dead", "show", letter, "--raw"))
    assert raw_article["content"][0]["value"] == CHALLENGE
    ids = store.letter_ids(DeadLetterQuery(reason=Reason.FAILED_FETCH))
    sent = [letter_id for each in replay(store, producer, ids, per_s=100) for letter_id in each]
    assert sent == [*ids]


def test_a_story_says_that_less_came_and_that_a_page_did_not(
    pipeline: Pipeline, store_url: str
) -> None:
    [first, _] = ingest(pipeline, [page(summary=TEASER), raw(text="")])
    done = CliRunner().invoke(
        group, ["explain", first.article_id], env={"WORKER_STORE_URL": store_url}
    )
    said = re.sub(r"\s+", " ", done.stdout)
    assert "Its page could not be fetched: what the feed gave stands in for it." in said
    assert "seen again, unchanged from wire, receipt r1." in said
    assert "It came with less than is stored: without its text" in said


def test_lint_tells_what_to_do_about_each() -> None:
    looked = linted(raw(), page(2), page(3, title="Rain", summary=TEASER), raw(text=""))
    slugs = [{f.slug: f.what for f in each.findings} for each in looked]
    assert [each.outcome for each in looked] == ["new", "dead", "new", "unchanged"]
    assert slugs[1]["failed-fetch"] == "challenge page"
    assert "no page came" in slugs[2]["no-page"]
    assert "less than an article before it" in slugs[3]["less-text"]
    assert not {"failed-fetch", "no-page", "less-text"} & slugs[0].keys()


def test_worker_clean_says_why_a_page_is_none() -> None:
    def worker_clean(given: dict[str, Any], code: int) -> str:
        arguments = ["clean", "-", "--explain"]
        done = CliRunner().invoke(group, arguments, input=json.dumps(given))
        assert done.exit_code == code
        return re.sub(r"\s+", " ", done.output)

    assert "failed-fetch: HTTP status 429" in worker_clean(page(fetch={"status": 429}), 1)
    said = worker_clean(page(summary=TEASER), 0)
    assert "page none failed fetch challenge page" in said
    assert "no body with text: the summary is used" in said
