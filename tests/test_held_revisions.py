"""A shrunken page through the real stages and stores: what is shown, stored, searched and told."""

import json
import re
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make import NOW
from tests.store.stored import all_words, row, rows, statements
from tests.support.pipelines import CONFIG, STORY, raw
from tests.support.stores import sqlite_first
from worker.cli import group
from worker.index.memory_index import MemoryIndex
from worker.maintenance.reprocess import reclean
from worker.model.records import Outcome, OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore
from worker.store.values import Query

WALL = "Kiwi consent is needed before you read this article."
HOUR = timedelta(hours=1)
NEW, UNCHANGED, REVISION = OutcomeKind.NEW, OutcomeKind.UNCHANGED, OutcomeKind.REVISION


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def page(text: str = STORY, hours: float | None = 0, **fields: Any) -> dict[str, Any]:
    """A raw article with a fetched page; `hours` is when it was fetched, None for no date."""
    title = fields.get("title", "Harbour story 1")
    markup = (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><main><article>"
        f"<h1>{title}</h1><p>{text}</p></article></main></body></html>"
    )
    at = (NOW + hours * HOUR).isoformat() if hours is not None else ""
    return {**raw(1, content=markup, fetch={"at": at, "status": 200}), **fields}


def deliver(
    pipeline: Pipeline, *raws: dict[str, Any], now: datetime = NOW + 24 * HOUR
) -> list[Outcome]:
    number = len(pipeline.store.show(_id(pipeline))["sightings"]) if _id(pipeline) else 0  # type: ignore[index]
    deliveries = [Delivery(receipt=f"r{number}-{n}", raw=each) for n, each in enumerate(raws)]
    return pipeline.ingest(deliveries, now=now)


def _id(pipeline: Pipeline) -> str:
    found = pipeline.store.search(Query(source="wire", limit=1))
    return found[0].article_id if found else ""


def shown(pipeline: Pipeline) -> str:
    [article] = pipeline.store.articles(Query(source="wire"))
    return article.text


def kinds(outcomes: list[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def test_the_known_text_stays_until_the_same_short_page_comes_again(
    pipeline: Pipeline, store_url: str
) -> None:
    assert kinds(deliver(pipeline, page(hours=0))) == [NEW]
    cursor = [c.cursor for c in pipeline.store.changes("start")][-1]
    tags, prints = rows(store_url, "tags"), pipeline.store.fingerprints([_id(pipeline)])

    assert kinds(deliver(pipeline, page(WALL, 1))) == [UNCHANGED]
    assert shown(pipeline) == STORY
    assert [hit.revision for hit in pipeline.store.search(Query(words="grain ships"))] == [1]
    assert pipeline.store.search(Query(words="kiwi")) == []
    assert list(pipeline.store.changes(cursor)) == []
    assert rows(store_url, "tags") == tags
    assert pipeline.store.fingerprints([_id(pipeline)]) == prints
    assert row(store_url, "held_revisions")["text"] == WALL

    assert kinds(deliver(pipeline, page(WALL, 2))) == [REVISION]
    assert shown(pipeline) == WALL
    assert [hit.revision for hit in pipeline.store.search(Query(words="kiwi"))] == [2]
    assert [c.kind.value for c in pipeline.store.changes(cursor)] == ["stored"]
    assert rows(store_url, "held_revisions") == []


@sqlite_first
def test_after_six_hours_any_short_page_is_shown(pipeline: Pipeline) -> None:
    deliver(pipeline, page(hours=0))
    assert kinds(deliver(pipeline, page(WALL, 1))) == [UNCHANGED]
    assert kinds(deliver(pipeline, page(f"{WALL} Twice.", 6.9))) == [UNCHANGED]
    assert kinds(deliver(pipeline, page(f"{WALL} Thrice.", 7))) == [REVISION]
    assert shown(pipeline) == f"{WALL} Thrice."


@sqlite_first
def test_without_a_date_of_the_fetch_the_time_of_receipt_counts(pipeline: Pipeline) -> None:
    deliver(pipeline, page(hours=None), now=NOW)
    assert kinds(deliver(pipeline, page(WALL, None), now=NOW)) == [UNCHANGED]
    assert kinds(deliver(pipeline, page(f"{WALL} Twice.", None), now=NOW + 6 * HOUR)) == [REVISION]


@pytest.mark.parametrize(
    ("known", "came", "kind"),
    [
        (page(), page(STORY.split(". ")[0] + ".", 1), REVISION),  # a correction: over a third left
        (page(), raw(1, WALL), REVISION),  # not fetched
        (page(), raw(1, WALL, fetch={"status": 200}), REVISION),  # the text of a feed
        (page(), {**page(WALL), "fetch": {}}, REVISION),  # a push
        (raw(1, STORY), page(WALL, 1), UNCHANGED),  # the known text may be a feed's
        (page(), page(WALL, 1, title="The Morning Gazette"), UNCHANGED),
        (page(), page(f"{WALL} Subscribe to continue reading …", 1), UNCHANGED),
        (page(WALL), page(STORY, 1), REVISION),
        (page(WALL), page("Kiwi consent is needed.", 1), REVISION),
    ],
)
@sqlite_first
def test_only_a_fetched_page_with_much_less_text_is_held_back(
    pipeline: Pipeline, known: dict[str, Any], came: dict[str, Any], kind: OutcomeKind
) -> None:
    assert kinds(deliver(pipeline, known)) == [NEW]
    assert kinds(deliver(pipeline, came)) == [kind]


@sqlite_first
def test_in_one_batch_a_later_fetch_confirms_and_the_same_fetch_does_not(
    pipeline: Pipeline, store_url: str
) -> None:
    twice = [page(hours=0), page(WALL, 1), page(WALL, 1), page(WALL, None), page(WALL, None)]
    assert kinds(deliver(pipeline, *twice[:3])) == [NEW, UNCHANGED, UNCHANGED]
    assert len(rows(store_url, "held_revisions")) == 1
    assert shown(pipeline) == STORY
    assert kinds(deliver(pipeline, page(hours=2), page(WALL, 3), page(WALL, 4))) == [
        UNCHANGED,
        UNCHANGED,
        REVISION,
    ]
    assert shown(pipeline) == WALL
    assert rows(store_url, "held_revisions") == []


@sqlite_first
def test_a_wall_that_comes_and_goes_is_never_shown(pipeline: Pipeline, store_url: str) -> None:
    deliver(pipeline, page(hours=0))
    for hours in (1, 8):
        assert kinds(deliver(pipeline, page(WALL, hours))) == [UNCHANGED]
        assert row(store_url, "held_revisions")["since"] == NOW + hours * HOUR
        assert kinds(deliver(pipeline, page(hours=hours + 1))) == [UNCHANGED]
        assert row(store_url, "held_revisions")["since"] is None
    assert shown(pipeline) == STORY


@sqlite_first
def test_a_redelivered_batch_confirms_nothing(pipeline: Pipeline) -> None:
    deliver(pipeline, page(hours=0))
    batch = [Delivery(receipt="again", raw=page(WALL, None))]
    assert kinds(pipeline.ingest(batch, now=NOW)) == [UNCHANGED]
    assert pipeline.ingest(batch, now=NOW + 9 * HOUR) == []
    assert shown(pipeline) == STORY


def test_a_withdrawal_deletes_what_is_held_back(pipeline: Pipeline, store_url: str) -> None:
    deliver(pipeline, page(hours=0))
    deliver(pipeline, page(WALL, 1))
    withdrawal = {"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}
    assert kinds(deliver(pipeline, withdrawal)) == [OutcomeKind.WITHDRAWN]
    assert "kiwi" not in all_words(store_url).lower()
    assert kinds(pipeline.ingest([Delivery(receipt="x", raw=page(WALL, 2))], now=NOW)) == [
        OutcomeKind.WITHDRAWN
    ]
    assert rows(store_url, "held_revisions") == []


@sqlite_first
def test_cleaning_again_changes_the_text_shown_and_nothing_held(
    pipeline: Pipeline, store_url: str
) -> None:
    deliver(pipeline, page(hours=0))
    deliver(pipeline, page(WALL, 1))
    newer = CONFIG.model_copy(
        update={"cleaning": CONFIG.cleaning.model_copy(update={"version": "x"})}
    )
    again = Pipeline(newer, pipeline.store, MemoryIndex(CONFIG.dedup))
    reclean(again, [_id(pipeline)], now=NOW + 48 * HOUR)
    assert shown(pipeline) == STORY
    assert row(store_url, "held_revisions")["since"] == NOW + HOUR


def test_another_worker_that_held_the_page_first_is_seen_under_the_lock(
    store: SqlStore, store_url: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other worker writes between this one's look at the store and its own write."""
    deliver(pipeline, page(hours=0))
    other, written = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup)), []
    look = store.latest_identities

    def racing(articles: Any) -> Any:
        known = look(articles)
        if not written:
            written.append(True)
            other.ingest([Delivery(receipt="other", raw=page(WALL, 1))], now=NOW + 9 * HOUR)
        return known

    monkeypatch.setattr(store, "latest_identities", racing)
    (outcome,) = pipeline.ingest([Delivery(receipt="mine", raw=page(WALL, 2))], now=NOW + 9 * HOUR)
    assert outcome.kind is REVISION
    assert shown(pipeline) == WALL
    assert rows(store_url, "held_revisions") == []


def test_show_and_explain_tell_what_is_held_and_why(pipeline: Pipeline, store_url: str) -> None:
    def told(*arguments: str) -> str:
        environment = {"WORKER_STORE_URL": store_url, "COLUMNS": "300"}
        done = CliRunner().invoke(group, [*arguments], env=environment)
        assert done.exit_code == 0, done.output
        return re.sub(r"\s+", " ", done.stdout)

    deliver(pipeline, page(hours=0))
    deliver(pipeline, page(WALL, 1))
    article_id = _id(pipeline)
    (held,) = json.loads(told("show", article_id, "--json"))["held"]
    assert (held["text"], held["words"], held["known_words"]) == (WALL, 9, 50)
    assert "shrunken page: 50 words had been known" in told("show", article_id)
    story = told("explain", article_id)
    assert "Its page gave only 18 % of the words that are known (at least 33 % are asked)" in story
    assert "Held back: 9 words" in story
    deliver(pipeline, page(hours=2))
    assert "shrunken page, whole again later" in told("show", article_id)
    deliver(pipeline, page(WALL, 3))
    deliver(pipeline, page(WALL, 4))
    assert "the same content as an earlier fetch: it is revision 2." in told("explain", article_id)
    assert json.loads(told("show", article_id, "--json"))["held"] == []


@sqlite_first
def test_a_batch_without_a_shrunken_page_sends_as_many_statements_as_ever(
    store: SqlStore, pipeline: Pipeline
) -> None:
    deliver(pipeline, page(hours=0))
    with statements() as sent:
        deliver(pipeline, page(STORY + " More.", 1))
    assert not [s for s in sent if "held_revisions" in s and not s.lstrip().startswith("SELECT")]


TEXTS = [WALL, f"{WALL} Again.", STORY, f"{STORY} {STORY} Late.", STORY.split(". ")[0] + "."]
steps = st.tuples(
    st.sampled_from(TEXTS),
    st.sampled_from([0.0, 0.5, 3.0]),  # hours since the step before
    st.sampled_from(["page", "undated page", "feed"]),
    st.booleans(),  # in one batch with the step before
)
_sources = count()


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=3, max_size=6))
def test_no_text_under_a_third_is_shown_unless_it_came_again_or_after_six_hours(
    sqlite_store_url: str, sequence: list[tuple[str, float, str, bool]]
) -> None:
    """Any sequence of deliveries in any batches; words and times are counted here anew."""
    store, source = SqlStore(sqlite_store_url), f"source-{next(_sources)}"
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    batches: list[list[tuple[str, float, str]]] = []
    at = 0.0
    for text, passed, way, joined in sequence:
        at += passed
        if not (joined and batches):
            batches.append([])
        batches[-1].append((text, at, way))
    short: list[tuple[str, float]] = []  # pages that were short when they came
    revisions: list[str] = []
    for number, batch in enumerate(batches):
        now = batch[-1][1]
        deliveries = []
        for n, (text, hours, way) in enumerate(batch):
            fetched = page(text, None if way == "undated page" else hours)
            one = raw(1, text) if way == "feed" else fetched
            delivery = Delivery(
                receipt=f"{source}-{number}-{n}", raw={**one, "source": {"id": source}}
            )
            deliveries.append(delivery)
        outcomes = pipeline.ingest(deliveries, now=NOW + now * HOUR)
        assert len(outcomes) == len(batch)
        for outcome, (text, hours, way) in zip(outcomes, batch, strict=True):
            time = now if way == "undated page" else hours
            is_short = way != "feed" and revisions != [] and _is_short(text, revisions[-1])
            if outcome.kind is REVISION and is_short:
                assert any(t == text for t, _ in short) or any(time - a >= 6 for _, a in short)
            if outcome.kind in (NEW, REVISION):
                revisions.append(text)
            if is_short:
                short.append((text, time))
        (article,) = store.articles(Query(source=source))
        assert article.text == revisions[-1]
    store.close()


def _is_short(text: str, known: str) -> bool:
    return len(text.split()) * 3 < len(known.split())
