"""A raw article that was processed before is found unchanged without being cleaned, and only then:
every outcome and every row is as if it had been cleaned."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.make import NOW
from tests.store.stored import everything, row, rows
from tests.support.pipelines import CONFIG, STORY, raw
from worker.cli import group
from worker.index.line_counts import LineCountLimits, MemoryLineCounts
from worker.index.memory_index import MemoryIndex
from worker.model.records import DeadLetter, Outcome, OutcomeKind, Record, Withdrawal
from worker.model.unchanged import KnownDeliveries, UnchangedArticle
from worker.pipeline.dead_lettering import Reprocessed
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import articles
from worker.store.sql_store import SqlStore

NEW, UNCHANGED, REVISION = OutcomeKind.NEW, OutcomeKind.UNCHANGED, OutcomeKind.REVISION
WITHDRAWN = OutcomeKind.WITHDRAWN
HOUR = timedelta(hours=1)
WALL = "Kiwi consent is needed before you read this article."
EDITED = STORY.replace("Tuesday", "Wednesday")
LIBRARY = "The library opens on Sundays from May, the town council said after a long debate."


def page(text: str, number: int = 1) -> dict[str, Any]:
    title = f"Harbour story {number}"
    markup = (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><main><article>"
        f"<h1>{title}</h1><p>{text}</p></article></main></body></html>"
    )
    return raw(number, content=markup)


# What a source may deliver: versions of a few articles, which share ids, links and openings.
POOL: dict[str, dict[str, Any]] = {
    "story": raw(1),
    "edited": raw(1, EDITED),
    "teaser": raw(1, content=[], summary=STORY),
    "title only": raw(1, content=[]),
    "page": page(STORY),
    "wall": page(WALL),
    "bad fetch": {**page(STORY), "fetch": {"status": 503}},
    "linked": raw(1, link="https://harbour.example/story"),
    "link only": {
        k: v for k, v in raw(1, link="https://harbour.example/story").items() if k != "id"
    },
    "second id": raw(2, link="https://harbour.example/story", title="Harbour story 1"),
    "same opening": raw(3, title="Harbour story 1"),
    "other story": raw(1, LIBRARY, title="Library on Sundays"),
    "other again": raw(4, LIBRARY, title="Library on Sundays"),
    "no key": {"title": "Harbour story 1", "content": STORY, "source": {"id": "wire"}},
    "empty": {"id": "a-1", "source": {"id": "wire"}},
    "no object": {"id": "a-1", "title": {"no": "text"}, "source": {"id": "wire"}},
    "taken down": {"id": "a-1", "status": "withdrawn", "source": {"id": "wire"}},
    "link taken down": {
        "link": "https://harbour.example/story",
        "status": "withdrawn",
        "source": {"id": "wire"},
    },
}

UNDATED = {"etag": "y"}  # of a fetched page that counts as fetched when it was delivered
fetches = st.sampled_from(
    [None, {}, UNDATED, {"at": "2026-11-22T09:00:00Z"}, {"at": "2026-11-22T11:30:00Z", "etag": "x"}]
)
deliveries = st.tuples(st.sampled_from(sorted(POOL)), fetches, st.booleans())
batches = st.lists(
    st.tuples(st.lists(deliveries, min_size=1, max_size=5), st.sampled_from([0, 0, 1, 7, 24])),
    min_size=2,
    max_size=7,
)


class Trial:
    """A pipeline with a store and counted lines of its own, for one way to process batches."""

    def __init__(self, url: str, *, finds_unchanged: bool) -> None:
        self.url, self.store, self.lines = url, SqlStore(url), MemoryLineCounts()
        index = MemoryIndex(CONFIG.dedup)
        self.pipeline = Pipeline(
            CONFIG, self.store, index, lines=self.lines, finds_unchanged=finds_unchanged
        )

    def rows(self) -> dict[str, Any]:
        """All rows but those of decisions; `seq` only orders articles, and may have gaps."""
        found = {name: rows_ for name, rows_ in everything(self.url).items() if name != "decisions"}
        ordered = sorted(found["articles"], key=lambda article: article["seq"])
        place = {article["seq"]: n for n, article in enumerate(ordered)}
        tags = sorted(found["article_tags"], key=lambda row: row["article"])
        return {
            **found,
            "articles": [{**article, "seq": place[article["seq"]]} for article in ordered],
            "article_tags": [{**row, "article": place[row["article"]]} for row in tags],
        }

    def counted_lines(self, source: str) -> object:
        days = range(NOW.date().toordinal() - 3, NOW.date().toordinal() + 30)
        limits = LineCountLimits(window_days=9, buckets=1, bucket_entries=9)
        return self.lines.read([source], days, limits)


@pytest.fixture(scope="module")
def _two_urls(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("unchanged")
    for name in ("with", "without"):
        shutil.copy(_sqlite_template, folder / f"{name}.db")
    return [f"sqlite:///{folder}/with.db", f"sqlite:///{folder}/without.db"]


@pytest.fixture(scope="module")
def trials(_two_urls: list[str]) -> Iterator[tuple[Trial, Trial]]:
    both = (
        Trial(_two_urls[0], finds_unchanged=True),
        Trial(_two_urls[1], finds_unchanged=False),
    )
    yield both
    for trial in both:
        trial.store.close()


_number = iter(range(10**9))


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches)
@example(
    [
        ([("story", None, False)], 0),
        ([("same opening", None, False)], 0),
        ([("story", None, False), ("same opening", None, False)], 0),
    ]
)
@example(
    [
        ([("page", UNDATED, False)], 0),
        ([("page", UNDATED, False)], 0),
        ([("wall", UNDATED, False)], 1),
        ([("page", UNDATED, False)], 1),
        ([("page", UNDATED, False)], 1),
        ([("wall", UNDATED, False)], 1),
        ([("wall", UNDATED, False)], 1),
    ]
)
@example(
    [
        ([("page", UNDATED, False)], 0),
        ([("wall", UNDATED, False), ("page", UNDATED, False)], 1),
        ([("wall", UNDATED, False)], 1),
    ]
)
@example(
    [([("story", None, False)], 0), ([("teaser", None, False)], 0), ([("teaser", None, False)], 0)]
)
@example(
    [
        ([("story", None, False)], 0),
        ([("edited", None, False), ("story", None, False)], 0),
        ([("story", None, False)], 0),
        ([("edited", None, False)], 0),
    ]
)
@example(
    [
        ([("story", None, False)], 0),
        ([("taken down", None, False)], 0),
        ([("story", None, False)], 1),
        ([("story", None, False)], 0),
    ]
)
@example(
    [
        ([("link taken down", None, False)], 0),
        ([("second id", None, False), ("link only", None, False), ("link only", None, False)], 0),
    ]
)
@example(
    [
        ([("other story", None, False)], 24),
        (
            [
                ("other story", {"at": "2026-11-22T09:00:00Z"}, True),
                ("page", None, False),
                ("edited", {"at": "2026-11-22T09:00:00Z"}, False),
            ],
            0,
        ),
    ]
)
def test_any_deliveries_end_as_if_all_had_been_cleaned(
    trials: tuple[Trial, Trial], sequence: list[tuple[list[tuple[str, Any, bool]], int]]
) -> None:
    source, now = f"s{next(_number)}", NOW
    for number, (batch, hours) in enumerate(sequence):
        now += hours * HOUR
        given_batch = [
            _delivery(source, f"{number}" if again else f"{number}-{n}", name, fetch)
            for n, (name, fetch, again) in enumerate(batch)
        ]
        first, second = (t.pipeline.ingest(given_batch, now=now) for t in trials)
        assert _sorted(first) == _sorted(second)
    found, cleaned = trials
    assert found.rows() == cleaned.rows()
    assert found.counted_lines(source) == cleaned.counted_lines(source)
    missing = _decided(cleaned).items() - _decided(found).items()
    assert all(verdict == ("unchanged", "content-hash") for _, verdict in missing)
    assert not _decided(found).items() - _decided(cleaned).items()


def _delivery(source: str, receipt: str, name: str, fetch: object) -> Delivery:
    value = {**POOL[name], "source": {"id": source}}
    if fetch is not None:
        value["fetch"] = {**value.get("fetch", {}), **fetch}  # type: ignore[dict-item]
    return Delivery(receipt=f"{source}/{receipt}", raw=value)


def _sorted(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda outcome: outcome.receipt)


def _decided(trial: Trial) -> dict[str, tuple[str, str]]:
    return {r["receipt"]: (r["verdict"], r["signal"]) for r in rows(trial.url, "decisions")}


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def ingest(
    pipeline: Pipeline, prefix: str, *raws: object, now: datetime = NOW
) -> list[OutcomeKind]:
    batch = [Delivery(receipt=f"{prefix}{n}", raw=each) for n, each in enumerate(raws)]
    ended = {o.receipt: o.kind for o in pipeline.ingest(batch, now=now)}
    return [ended[d.receipt] for d in batch if d.receipt in ended]


def decided(url: str) -> list[str]:
    return [r["receipt"] for r in rows(url, "decisions")]


def test_an_unchanged_article_is_not_cleaned_and_costs_only_its_receipt(
    pipeline: Pipeline, store_url: str
) -> None:
    assert ingest(pipeline, "a", raw(1), raw(2, LIBRARY)) == [NEW, NEW]
    before = everything(store_url)
    again = {**raw(1), "receipt": "x", "fetch": {"at": "2026-11-22T11:00:00Z"}}
    assert ingest(pipeline, "b", raw(1), raw(2, LIBRARY), again, now=NOW + HOUR) == [UNCHANGED] * 3
    after = everything(store_url)
    assert {n for n in after if after[n] != before[n]} == {
        *("articles", "hourly_outcomes", "receipts", "sources")
    }
    assert len(after["receipts"]) == 5
    assert sorted(a["sightings"] for a in after["articles"]) == [2, 3]
    assert {a["last_seen"] for a in after["articles"]} == {NOW + HOUR}
    assert row(store_url, "sources")["receipts"] == 5


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Harbour story one"},
        {"fetch": {"status": 404}},
        {"summary": "A teaser."},
        {"extra": {"comments": 3}},
        {"source": {"id": "wire", "title": "The Wire"}},
        {"link": "https://harbour.example/story"},
    ],
)
def test_a_raw_article_that_differs_in_any_way_is_cleaned(
    pipeline: Pipeline, store_url: str, change: dict[str, Any]
) -> None:
    ingest(pipeline, "a", raw(1))
    ingest(pipeline, "b", {**raw(1), **change})
    was_cleaned = "b0" in decided(store_url) or bool(rows(store_url, "dead_letters"))
    assert was_cleaned


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"receipt": 7}, True),
        ({"receipt": ["x"]}, False),
        ({"fetch": None}, True),
        ({"fetch": "yesterday"}, False),
        ({"fetch": {"at": ["x"]}}, False),
        ({"fetch": {"at": 1790000000, "unknown": 1}}, True),
        ({"fetch": {"status": True}}, True),
        ({"fetch": {"status": 2**60}}, False),
        ({"fetch": {"status": 200.0}}, True),
    ],
)
def test_keys_that_may_differ_are_checked_each_time(
    pipeline: Pipeline, change: dict[str, Any], kept: bool
) -> None:
    ingest(pipeline, "a", raw(1))
    given_raw = {**raw(1), **change}
    expected = [UNCHANGED if kept else OutcomeKind.DEAD]
    assert ingest(pipeline, "b", given_raw) == ingest(pipeline, "c", given_raw) == expected


@pytest.mark.parametrize("given_id", ["a-1", " a-1 ", 7, "7", 7.5, "", None, "x" * 900])
@pytest.mark.parametrize("source", [{"id": "wire"}, {"id": " the  wire "}, {}, None])
def test_an_article_is_found_by_its_id_or_link_in_every_form(
    sqlite_store_url: str, given_id: object, source: object
) -> None:
    store = SqlStore(sqlite_store_url)
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    given_raw = {**raw(1, link="https://harbour.example/1"), "id": given_id, "source": source}
    assert ingest(pipeline, "a", given_raw) == [NEW]
    assert ingest(pipeline, "b", given_raw) == [UNCHANGED]
    assert decided(sqlite_store_url) == ["a0"] + ["b0"] * (given_id == 7.5)
    store.close()


def test_other_rules_clean_the_article_again_and_the_next_delivery_does_not(
    store: SqlStore, store_url: str
) -> None:
    ingest(Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup)), "a", raw(1))
    changed = CONFIG.model_copy(update={"digest": "other rules"})
    pipeline = Pipeline(changed, store, MemoryIndex(CONFIG.dedup))
    assert ingest(pipeline, "b", raw(1)) == ingest(pipeline, "c", raw(1)) == [UNCHANGED]
    assert decided(store_url) == ["a0", "b0"]


def test_the_first_delivery_of_a_day_is_cleaned_because_its_lines_are_counted_by_day(
    pipeline: Pipeline, store_url: str
) -> None:
    for day in range(3):
        for n in range(2):
            ingest(pipeline, f"{day}-{n}-", raw(1), now=NOW + day * 24 * HOUR)
    assert decided(store_url) == ["0-0-0", "1-0-0", "2-0-0"]


def test_an_article_of_an_earlier_version_is_cleaned_once_and_then_found(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, "a", raw(1))
    _execute(store_url, sa.update(articles).values(raw_mark=None))
    ingest(pipeline, "b", raw(1))
    ingest(pipeline, "c", raw(1))
    assert decided(store_url) == ["a0", "b0"]


def test_a_mark_says_nothing_after_a_worker_without_marks_wrote_a_revision(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, "a", raw(1))
    mark = row(store_url, "articles")["raw_mark"]
    ingest(pipeline, "b", raw(1, EDITED))
    _execute(store_url, sa.update(articles).values(raw_mark=mark))
    ingest(pipeline, "c", raw(1))
    assert "c0" in decided(store_url)


def test_reprocessing_always_cleans(pipeline: Pipeline, store_url: str) -> None:
    ingest(pipeline, "a", raw(1))
    reprocessed = Reprocessed(key="id:a-1", received=NOW)
    again = Delivery(receipt="reclean-1", raw=raw(1), reprocessed=reprocessed)
    assert [o.kind for o in pipeline.ingest([again], now=NOW)] == [UNCHANGED]
    assert decided(store_url) == ["a0", "reclean-1"]


def test_the_command_explain_tells_of_deliveries_without_a_decision(
    pipeline: Pipeline, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(pipeline, "a", raw(1))
    ingest(pipeline, "b", raw(1), now=NOW + HOUR)
    ingest(pipeline, "c", raw(1), now=NOW + 2 * HOUR)
    monkeypatch.setenv("WORKER_STORE_URL", store_url)
    done = CliRunner().invoke(group, ["explain", "c0"])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "unchanged" in said
    assert "2 times, the last from wire, receipt c0" in said
    assert "found unchanged without being cleaned" in said


def test_the_command_explain_tells_how_the_article_began_after_many_deliveries(
    pipeline: Pipeline, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(pipeline, "a", raw(1))
    ingest(pipeline, "b", *[raw(1)] * 101, now=NOW + HOUR)
    monkeypatch.setenv("WORKER_STORE_URL", store_url)
    done = CliRunner().invoke(group, ["explain", "b0"])
    said = " ".join(done.output.split())
    assert "Not listed: 2 earlier sightings. 2026-11-22 12:00, receipt a0: Neither its id" in said


def test_the_command_explain_says_nothing_of_deliveries_before_a_withdrawal(
    pipeline: Pipeline, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(pipeline, "a", raw(1))
    ingest(pipeline, "b", raw(1), now=NOW + HOUR)
    ingest(pipeline, "c", POOL["taken down"], now=NOW + 2 * HOUR)
    monkeypatch.setenv("WORKER_STORE_URL", store_url)
    done = CliRunner().invoke(group, ["explain", "b0"])
    assert "without being cleaned" not in " ".join(done.output.split())


class RacedStore(SqlStore):
    """A store in which another worker processes a batch after this one has compared its own."""

    def __init__(self, url: str, *others: object) -> None:
        super().__init__(url)
        self.url, self.others, self.writes = url, list(others), 0

    def known_deliveries(
        self, receipts: Sequence[str], article_ids: Sequence[str]
    ) -> KnownDeliveries:
        known = super().known_deliveries(receipts, article_ids)
        others, self.others = self.others, []
        for number, other in enumerate(others):
            store = SqlStore(self.url)
            ingest(Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup)), f"other{number}-", other)
            store.close()
        return known

    def write(
        self,
        records: Sequence[Record],
        withdrawals: Sequence[Withdrawal],
        dead: Sequence[DeadLetter],
        *,
        unchanged: Sequence[UnchangedArticle] = (),
        **rest: Any,
    ) -> list[Outcome]:
        self.writes += 1
        return super().write(records, withdrawals, dead, unchanged=unchanged, **rest)


TAKEN_DOWN = {**POOL["taken down"], "fetch": {"at": "2026-11-22T11:59:59Z"}}


@pytest.mark.parametrize(
    ("others", "kind", "writes", "revision"),
    [
        ([raw(1)], UNCHANGED, 1, 1),
        ([raw(2, LIBRARY)], UNCHANGED, 1, 1),
        ([raw(1, EDITED)], UNCHANGED, 2, 2),
        ([TAKEN_DOWN], WITHDRAWN, 2, 0),
        ([TAKEN_DOWN, raw(1, EDITED, fetch={"at": "2026-11-22T12:00:00Z"})], REVISION, 2, 3),
    ],
)
def test_what_another_worker_writes_meanwhile_counts(
    store_url: str, others: list[Any], kind: OutcomeKind, writes: int, revision: int
) -> None:
    quiet = SqlStore(store_url)
    ingest(Pipeline(CONFIG, quiet, MemoryIndex(CONFIG.dedup)), "a", raw(1))
    quiet.close()
    store = RacedStore(store_url, *others)
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    given_raw = raw(1, fetch={"at": "2026-11-22T11:00:00Z"})
    [outcome] = pipeline.ingest([Delivery(receipt="mine", raw=given_raw)], now=NOW)
    assert (outcome.kind, store.writes, outcome.revision) == (kind, writes, revision)
    sightings = sum(a["sightings"] for a in rows(store_url, "articles"))
    assert sightings == len(rows(store_url, "receipts"))
    store.close()


def test_a_batch_of_changed_and_unchanged_articles_gives_each_its_outcome(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, "a", *(raw(n, f"{LIBRARY} Shelf {n}.") for n in range(1, 6)))
    batch = [raw(n, f"{LIBRARY} Shelf {n}.") for n in range(1, 5)] + [raw(5, STORY), raw(6, EDITED)]
    kinds = Counter(ingest(pipeline, "b", *batch))
    assert kinds[UNCHANGED] == 4
    assert {"b4", "b5"} == {receipt for receipt in decided(store_url) if receipt[0] == "b"}


def test_a_withdrawn_article_comes_back_when_its_raw_article_is_delivered_again(
    pipeline: Pipeline,
) -> None:
    assert ingest(pipeline, "a", raw(1)) == [NEW]
    assert ingest(pipeline, "b", raw(1)) == [UNCHANGED]
    assert ingest(pipeline, "c", POOL["taken down"]) == [WITHDRAWN]
    assert ingest(pipeline, "d", raw(1)) == [REVISION]
    assert ingest(pipeline, "e", raw(1)) == [UNCHANGED]
    assert ingest(pipeline, "f", raw(1), POOL["taken down"], raw(1)) == [
        UNCHANGED,
        WITHDRAWN,
        REVISION,
    ]


def test_values_that_are_no_json_are_compared_after_cleaning(pipeline: Pipeline) -> None:
    """A client in the same process may pass such values; the hash of their names is the same."""
    for n, text in enumerate((STORY, EDITED)):
        value = raw(1, text, extra={"seen": {n}})
        assert ingest(pipeline, f"{n}", value) == [REVISION if n else NEW]


def _execute(url: str, statement: sa.Update) -> None:
    engine = open_engine(parse(url))
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()
