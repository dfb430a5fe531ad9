"""Reprocessing stored articles: new tags and cleaned text are written once and read once."""

from pathlib import Path
from typing import Any

import pytest

from devtools.generated_articles import generate
from tests.make import NOW, article, record, tag, withdrawal
from tests.support.own_config import cleaner, configured
from worker.config.loader import Config, load_config
from worker.index.memory_index import MemoryIndex
from worker.maintenance.reprocess import Reprocessing, reprocess
from worker.model.records import OutcomeKind, Retagged
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore
from worker.store.values import ChangeKind, Query


def retagged(its: Any, *tags: Any, was: str = "tags-1", **changes: Any) -> Retagged:
    ordinary = {
        "article_id": its.article_id,
        "revision": 1,
        "was": was,
        "tags": tags,
        "tagger": "tags-2",
        "config": "config-2",
    }
    return Retagged(**(ordinary | changes))


def write(store: SqlStore, *records: Any) -> None:
    store.write(records, [], [], now=NOW)


def kinds(store: SqlStore) -> list[ChangeKind]:
    return [change.kind for change in store.changes("start")]


def test_a_retag_replaces_tags_and_versions_with_one_entry_in_the_feed(store: SqlStore) -> None:
    its = article()
    write(store, record(its))
    assert store.retag([retagged(its, tag("labour"))], now=NOW) == 1
    stored = store.show(its.article_id)
    assert stored
    assert [t["code"] for t in stored["tags"]] == ["labour"]
    assert stored["article"]["sightings"] == 1
    assert len(stored["revisions"]) == 1
    assert stored["revisions"][0]["versions"]["tagger"] == "tags-2"
    assert kinds(store) == [ChangeKind.STORED, ChangeKind.RETAGGED]


def test_the_feed_says_which_tags_a_retag_added_and_removed(store: SqlStore) -> None:
    its, other = article(), article(key="id:other", url="https://a.example/other", text="Other.")
    write(store, record(its, tags=(tag("berlin"), tag("kept"))), record(other))
    store.retag([retagged(its, tag("geonames:2950159"), tag("kept"))], now=NOW)
    store.retag([retagged(other)], now=NOW)
    stored, _, first, second = store.changes("start")
    assert (stored.tags_added, stored.tags_removed) == ((), ())
    assert first.tags_added == ("taxonomy:geonames:2950159",)
    assert first.tags_removed == ("taxonomy:berlin",)
    assert (second.article_id, second.tags_added) == (other.article_id, ())
    assert len(second.tags_removed) == 1


def test_a_retag_that_comes_twice_does_nothing_the_second_time(store: SqlStore) -> None:
    its = article()
    write(store, record(its))
    new = [retagged(its, tag("labour"))]
    assert [store.retag(new, now=NOW), store.retag(new, now=NOW)] == [1, 0]
    assert kinds(store).count(ChangeKind.RETAGGED) == 1


def test_a_retag_that_changes_no_tag_leaves_no_entry(store: SqlStore) -> None:
    its = article()
    write(store, record(its))
    same = tag(version="tags-2", rule="weather/new")
    assert store.retag([retagged(its, same)], now=NOW) == 0
    assert kinds(store) == [ChangeKind.STORED]
    (stored,) = store.records([its.article_id])
    assert (stored.tagger, stored.tags) == ("tags-2", (same,))


@pytest.mark.parametrize("changes", [{"revision": 2}, {"was": "tags-0"}])
def test_what_is_no_longer_as_it_was_read_is_passed_over(
    store: SqlStore, changes: dict[str, Any]
) -> None:
    its = article()
    write(store, record(its))
    assert store.retag([retagged(its, tag("labour"), **changes)], now=NOW) == 0
    (stored,) = store.records([its.article_id])
    assert [t.code for t in stored.tags] == ["weather"]


def test_the_withdrawn_get_no_tags(store: SqlStore) -> None:
    its = article()
    write(store, record(its))
    store.write([], [withdrawal(its.key)], [], now=NOW)
    assert store.records([its.article_id]) == []
    assert store.retag([retagged(its, tag("labour"))], now=NOW) == 0
    assert ChangeKind.RETAGGED not in kinds(store)


def test_stale_articles_are_found_by_source_and_in_pages(store: SqlStore) -> None:
    some = [article(f"id:{n}") for n in range(5)]
    other = article("id:other", source="radio")
    write(store, *map(record, (*some, other)), record(article("id:fresh"), tagger="tags-2"))
    query = Query(source="wire")
    assert store.count_stale(query, "tagger", "tags-2") == 5
    first = store.stale_revisions(query, "tagger", "tags-2", 0, 3)
    rest = store.stale_revisions(query, "tagger", "tags-2", first[-1][0], 3)
    assert [i for _, i in first + rest] == [each.article_id for each in some]


def test_what_is_stored_comes_back_as_it_was_cleaned(store: SqlStore) -> None:
    its = article(published=NOW, authors=("Ada",), categories=("World",), flags=("truncated",))
    write(store, given := record(its))
    (stored,) = store.records([its.article_id])
    assert (stored.article, stored.payload) == (its, given.payload.text)


OWN = """
[[topics]]
code = "own:bridge"
label = "bridges"
rules = [{ any = ["the report"], score = 0.9 }]
"""


def piped(store: SqlStore, config: Config) -> Pipeline:
    return Pipeline(config, store, MemoryIndex(config.dedup))


def ingest(pipeline: Pipeline, count: int = 4) -> list[str]:
    batch = [Delivery(receipt=f"r{n}", raw=raw) for n, raw in enumerate(generate(count))]
    return [outcome.article_id for outcome in pipeline.ingest(batch, now=NOW)]


def test_new_rules_reach_what_is_stored_once(store: SqlStore, tmp_path: Path) -> None:
    ids = ingest(piped(store, load_config()))
    newer = piped(store, configured(tmp_path, rules_own=OWN))
    for _ in range(3):
        reprocess(newer, Reprocessing.RETAG, ids, now=NOW)
    assert {t for f in store.search(Query()) for t in f.tags} >= {"taxonomy:own:bridge"}
    assert kinds(store) == [ChangeKind.STORED] * 4 + [ChangeKind.RETAGGED] * 4
    assert store.count_stale(Query(), "tagger", newer.config.tagging.version) == 0


DROP = """
[[lines.rules]]
name = "any-report"
position = "tail"
max_chars = 1000
patterns = { any = ".*the report of .*" }
"""


def test_what_reads_differently_when_cleaned_again_is_a_revision_of_its_article(
    store: SqlStore, tmp_path: Path
) -> None:
    raw = {
        "title": "Ferries stop at the harbour",
        "content": "Nobody sails today, the port said.\n\nSee also the report of Monday.",
    }
    older = piped(store, load_config())
    (first,) = older.ingest([Delivery(receipt="r1", raw=raw)], now=NOW)
    newer = piped(store, configured(tmp_path, cleaning=cleaner(DROP)))
    for _ in range(2):
        reprocess(newer, Reprocessing.RECLEAN, [first.article_id], now=NOW)

    stored = store.show(first.article_id)
    assert stored
    assert [r["number"] for r in stored["revisions"]] == [1, 2]
    assert "report" not in stored["revisions"][1]["text"]
    assert stored["article"]["sightings"] == 1
    assert stored["decisions"][0]["signal"] == "cleaned-again"
    assert len(store.search(Query())) == 1  # its key came from its text, and stays
    assert store.count_stale(Query(), "cleaner", newer.config.cleaner) == 0


def test_what_reads_the_same_when_cleaned_again_is_brought_up_to_date_in_place(
    store: SqlStore, tmp_path: Path
) -> None:
    ids = ingest(piped(store, load_config()))
    newer = piped(store, configured(tmp_path, cleaning=cleaner()))
    reprocess(newer, Reprocessing.RECLEAN, ids, now=NOW)
    assert {(s.revision, s.cleaner) for s in store.records(ids)} == {(1, newer.config.cleaner)}
    assert {s.tagger for s in store.records(ids)} == {newer.config.tagging.version}
    assert kinds(store) == [ChangeKind.STORED] * 4
    assert {store.show(i)["article"]["sightings"] for i in ids} == {1}  # type: ignore[index]


def test_a_reclean_that_dies_leaves_the_article_and_a_letter_that_says_why(
    store: SqlStore, tmp_path: Path
) -> None:
    (its_id,) = ingest(piped(store, load_config()), 1)
    strict = cleaner().replace("min_letters = 3", "min_letters = 100000", 1)
    newer = piped(store, configured(tmp_path, cleaning=strict))
    reprocess(newer, Reprocessing.RECLEAN, [its_id], now=NOW)
    (outcome,) = store.outcomes([f"reclean-{its_id}-1-{newer.config.cleaner}"]).values()
    assert outcome.kind is OutcomeKind.DEAD
    assert [s.revision for s in store.records([its_id])] == [1]
    assert store.count_stale(Query(), "cleaner", newer.config.cleaner) == 0
