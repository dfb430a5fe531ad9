"""`worker cluster`: what an operator rules holds against edits, repairs and rebuilds."""

import json

import pytest
import redis

from tests.commands import Run, on
from tests.dedup.texts import OTHER, STORY
from tests.store.stored import rows
from tests.support.clusters import homes, story
from tests.support.pipelines import CONFIG, ingest
from worker.index.redis_index import RedisIndex
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore


@pytest.fixture
def pipeline(store: SqlStore, valkey: redis.Redis, valkey_url: str) -> Pipeline:
    return Pipeline(CONFIG, store, RedisIndex(valkey_url, CONFIG.dedup))


@pytest.fixture
def run(store_url: str, valkey_url: str) -> Run:
    return on(store_url, valkey_url)


def test_what_is_split_off_stays_apart(pipeline: Pipeline, store_url: str, run: Run) -> None:
    first, second = (o.article_id for o in ingest(pipeline, [story(1), story(2)]))
    assert "nothing is changed yet" in run("cluster", "split", second).stdout
    assert homes(store_url)["a-2"] == "a-1"
    run("cluster", "split", second, "--note", "another match", "--yes")
    run("reconcile", "--since", "3650d")
    run("index", "rebuild", "--from-nothing")
    ingest(pipeline, [story(2, STORY + " More.")], "b")
    run("reconcile", "--since", "3650d")
    assert homes(store_url) == {"a-1": "a-1", "a-2": "a-2"}
    [move] = rows(store_url, "moves")
    assert (move["reason"], move["by"], move["note"]) == ("split", "operator", "another match")
    told = " ".join(run("explain", second).stdout.split())
    assert "An operator took it out of the cluster of “Port of Rotterdam closes gates”" in told
    assert "split off its copies instead" in run("cluster", "split", first, code=2).output


def test_what_is_merged_stays_together(pipeline: Pipeline, store_url: str, run: Run) -> None:
    its = [story(1), story(2), story(3, OTHER, source={"id": "other"})]
    _, second, third = (o.article_id for o in ingest(pipeline, its))
    run("cluster", "merge", second, third, "--yes")
    run("reconcile", "--since", "3650d")
    assert set(homes(store_url).values()) == {"a-3"}
    shown = json.loads(run("cluster", second, "--json").stdout)
    assert (shown["cluster_id"], len(shown["members"])) == (third, 3)
    assert {move["reason"] for move in shown["moves"]} == {"merged"}
    assert "3 articles" in run("cluster", second).stdout


def test_a_pin_can_be_taken_off(pipeline: Pipeline, store_url: str, run: Run) -> None:
    _, second = (o.article_id for o in ingest(pipeline, [story(1), story(2)]))
    run("cluster", "pin", second, "--yes")
    ingest(pipeline, [story(2, OTHER)], "b")
    run("reconcile", "--since", "3650d")
    assert homes(store_url)["a-2"] == "a-1"
    run("cluster", "pin", second, "--off", "--yes")
    run("reconcile", "--since", "3650d")
    assert homes(store_url)["a-2"] == "a-2"


def test_a_cluster_shows_every_sighting_and_who_published_it_first(
    pipeline: Pipeline, run: Run
) -> None:
    signed = story(2, f"ROTTERDAM, Nov 20 (AFP) - {STORY}")
    first, second = (o.article_id for o in ingest(pipeline, [story(1), signed]))
    ingest(pipeline, [signed, story(1)], "again")
    shown = json.loads(run("cluster", first, "--json").stdout)
    assert [(s["receipt"], s["article_id"], s["outcome"]) for s in shown["sightings"]] == [
        ("again0", second, "unchanged"),
        ("again1", first, "unchanged"),
        ("r0", first, "new"),
        ("r1", second, "duplicate"),
    ]
    assert {(s["source"], s["at"]) for s in shown["sightings"]} == {
        ("wire", "2026-11-22T12:00:00Z")
    }
    assert shown["publisher"] == {"name": "AFP", "named_by": "dateline", "article_id": second}
    said = run("cluster", second).stdout
    assert "4 sightings" in said
    assert f"first published by AFP, says the dateline of {second[:10]}" in said
