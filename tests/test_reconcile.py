"""What happens to clusters after the batches are over: every repair is seen on both stores."""

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
import redis
from click.testing import CliRunner

from tests.dedup.texts import OTHER, STORY, fingerprint_of, invented
from tests.make import NOW, article, record
from tests.store.stored import rows
from tests.support.clusters import homes, story
from tests.support.pipelines import CONFIG, ingest
from worker.cli import group
from worker.explain import explain_sentences
from worker.index.memory_index import MemoryIndex
from worker.maintenance.reconcile import Reconciler
from worker.model.records import OutcomeKind
from worker.pipeline.ingestion import Pipeline
from worker.store.cluster_values import ClusterMove
from worker.store.sql_store import SqlStore

LATER = NOW + timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


def repairs(pipeline: Pipeline, *, write: bool = True) -> list[ClusterMove]:
    its = Reconciler(pipeline.store, pipeline.index, CONFIG.dedup, now=LATER, write=write)
    return [*its.run(NOW - DAY)]


def reasons(moves: Sequence[ClusterMove]) -> list[str]:
    return sorted(move.reason.value for move in moves)


def test_copies_of_a_withdrawn_article_get_the_first_of_them_as_canonical(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, [story(1), story(2), story(3)])
    ingest(pipeline, [{"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}], "w")
    assert reasons(repairs(pipeline)) == ["inherited", "promoted"]
    assert homes(store_url) == {"a-1": "a-1", "a-2": "a-2", "a-3": "a-2"}
    assert {(r["key"], r["verdict"]) for r in rows(store_url, "articles")} == {
        ("id:a-1", "withdrawn"),
        ("id:a-2", "new"),
        ("id:a-3", "duplicate"),
    }
    assert not any(row["canonical_pending"] for row in rows(store_url, "articles"))
    assert repairs(pipeline) == []
    [outcome] = ingest(pipeline, [story(4)], "late")
    assert outcome.kind is OutcomeKind.DUPLICATE
    assert homes(store_url)["a-4"] == "a-2"


def test_copies_of_an_article_that_died_wait_for_it_and_then_go_on_without(
    pipeline: Pipeline, store_url: str
) -> None:
    dead = article("id:a-1")
    orphan = record(
        article("id:a-2", text=STORY),
        fingerprint=fingerprint_of(STORY),
        verdict={"kind": OutcomeKind.DUPLICATE, "cluster_id": dead.article_id},
    )
    pipeline.store.write([orphan], [], [], now=LATER)
    assert repairs(pipeline) == []
    pipeline.store.write([replace(orphan, receipt="again")], [], [], now=NOW)
    assert reasons(repairs(pipeline)) == ["promoted"]
    assert homes(store_url) == {"a-2": "a-2"}
    # Replayed after all, the dead one is a copy of the one that took its place.
    [outcome] = ingest(pipeline, [story(1)])
    assert (outcome.article_id, outcome.kind) == (dead.article_id, OutcomeKind.DUPLICATE)
    assert homes(store_url) == {"a-1": "a-2", "a-2": "a-2"}


def test_a_lost_index_makes_twins_that_become_one_cluster(
    store: SqlStore, store_url: str, pipeline: Pipeline
) -> None:
    ingest(pipeline, [story(1), story(2)])
    pipeline.index = MemoryIndex(CONFIG.dedup)
    assert [o.kind for o in ingest(pipeline, [story(3), story(4)], "b")] == [
        OutcomeKind.NEW,
        OutcomeKind.DUPLICATE,
    ]
    assert reasons(repairs(pipeline, write=False))[0] == "twin"
    assert homes(store_url)["a-3"] == "a-3"
    assert reasons(repairs(pipeline)) == ["followed", "twin"]
    assert set(homes(store_url).values()) == {"a-1"}
    [twin] = [move for move in rows(store_url, "moves") if move["reason"] == "twin"]
    assert (twin["scores"]["containment"], twin["by"]) == (1.0, "reconcile")


def test_a_copy_edited_into_another_story_leaves_and_joins_that_one(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, [story(1), story(2), story(3, OTHER, source={"id": "other"})])
    ingest(pipeline, [story(2, OTHER)], "b")
    assert reasons(repairs(pipeline)) == ["left", "twin"]
    assert homes(store_url) == {"a-1": "a-1", "a-2": "a-3", "a-3": "a-3"}
    [outcome] = ingest(pipeline, [story(5, OTHER, source={"id": "fifth"})], "c")
    assert homes(store_url)["a-5"] == "a-3"
    assert outcome.kind is OutcomeKind.DUPLICATE


def test_a_copy_edited_to_other_figures_leaves_and_the_move_says_why(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, [story(1), story(2)])
    other = re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), STORY)
    ingest(pipeline, [story(2, other)], "b")
    [move] = repairs(pipeline)
    assert homes(store_url) == {"a-1": "a-1", "a-2": "a-2"}
    assert move.reason == "left"
    assert move.scores["numbers"] < move.thresholds["numbers"]
    told = explain_sentences.move_sentence(asdict(move), {}, apart=True)
    assert re.search(
        r"any more, only \d+ % of the figures agree \(threshold \d+ %\): it left", told
    )


def test_an_edit_that_still_matches_moves_nobody(pipeline: Pipeline, store_url: str) -> None:
    ingest(pipeline, [story(1), story(2)])
    ingest(pipeline, [story(1, STORY.replace("46 vessels", "47 ships"))], "b")
    assert repairs(pipeline) == []
    assert [row["change"] for row in rows(store_url, "revisions")] == ["", "", "substantial"]


def test_copies_of_an_article_that_became_another_story_stay_together(
    pipeline: Pipeline, store_url: str
) -> None:
    ingest(pipeline, [story(1), story(2), story(3)])
    ingest(pipeline, [story(1, invented(1))], "b")
    assert reasons(repairs(pipeline)) == ["left", "left"]
    assert homes(store_url) == {"a-1": "a-1", "a-2": "a-2", "a-3": "a-2"}


def test_what_is_pinned_stays_whatever_the_rules_say(pipeline: Pipeline, store_url: str) -> None:
    outcomes = ingest(pipeline, [story(1), story(2)])
    first, second = (outcome.article_id for outcome in outcomes)
    pipeline.store.clusters.pin({second: first}, "same story, says the desk", now=NOW)
    ingest(pipeline, [story(2, OTHER)], "b")
    assert repairs(pipeline) == []
    assert homes(store_url)["a-2"] == "a-1"


def test_a_dry_run_changes_nothing(pipeline: Pipeline, store_url: str) -> None:
    ingest(pipeline, [story(1), story(2), story(3)])
    ingest(pipeline, [{"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}], "w")
    before = rows(store_url, "articles")
    assert reasons(repairs(pipeline, write=False)) == ["inherited", "promoted"]
    assert rows(store_url, "articles") == before
    assert rows(store_url, "moves") == []


def test_the_command_says_what_it_repairs(
    pipeline: Pipeline, store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    ingest(pipeline, [story(1), story(2)])
    ingest(pipeline, [{"id": "a-1", "source": {"id": "wire"}, "status": "withdrawn"}], "w")
    environment = {"WORKER_STORE_URL": store_url, "WORKER_BROKER_URL": valkey_url}
    said = [
        CliRunner().invoke(group, ["reconcile", *arguments], env=environment).stdout
        for arguments in (["--dry-run"], [], [])
    ]
    assert "would repair promoted 1; nothing is changed yet" in said[0]
    assert "repaired promoted 1" in said[1]
    assert "nothing to repair" in said[2]
