"""`worker dedup replay`: other thresholds are seen on what is stored, before they move anything."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from tests.commands import Run, on
from tests.dedup.texts import CONFIG as RULES_FILE
from tests.dedup.texts import OTHER, PARAGRAPHS, invented
from tests.make import NOW
from tests.store.stored import rows
from tests.support.clusters import homes, story
from tests.support.pipelines import CONFIG, ingest
from worker.cli import group
from worker.index.memory_index import MemoryIndex
from worker.maintenance.rededuplicate import PAGE, Rededuplicator
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.sql_store import SqlStore

HALF = "\n\n".join([*PARAGRAPHS[:3], invented(7, 90), invented(8, 90)])  # contains half of STORY
STRICT = ("dedup", "replay", "--threshold", "0.95", "--since", "3650d")


@pytest.fixture
def pipeline(store: SqlStore) -> Pipeline:
    return Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))


@pytest.fixture
def run(store_url: str, valkey: redis.Redis, valkey_url: str) -> Run:
    return on(store_url, valkey_url)


def test_a_rehearsal_shows_what_would_change_and_changes_nothing(
    pipeline: Pipeline, store_url: str, run: Run
) -> None:
    ingest(pipeline, [story(1), story(2, HALF), story(3), story(4, OTHER)])
    before = rows(store_url, "articles")
    said = json.loads(run(*STRICT, "--dry-run", "--yes", "--json").stdout)
    assert (said["articles"], said["changed"], said["applied"]) == (4, 1, False)
    assert (said["becomes"], said["moved"]) == ({"duplicate extended -> new": 1}, 1)
    [sample] = said["samples"]
    assert sample["title"] == "Port of Rotterdam closes gates"
    assert sample["before"]["scores"]["containment"] < 0.95
    told = run(*STRICT).stdout
    assert "duplicate extended -> new: Port of Rotterdam closes gates" in told
    assert "would move 1 article to other clusters; nothing is changed yet: add --yes" in told
    assert rows(store_url, "articles") == before
    assert rows(store_url, "moves") == []


def test_moves_are_recorded_told_and_can_be_taken_back(
    pipeline: Pipeline, store_url: str, run: Run, tmp_path: Path
) -> None:
    _, half, *_ = ingest(pipeline, [story(1), story(2, HALF), story(3), story(4, HALF)])
    together = homes(store_url)
    assert set(together.values()) == {"a-1"}
    assert "moved 2 articles" in run(*STRICT, "--yes").stdout
    assert homes(store_url) == {"a-1": "a-1", "a-2": "a-2", "a-3": "a-1", "a-4": "a-2"}
    first, _ = rows(store_url, "moves")
    assert (first["reason"], first["by"]) == ("replayed", "operator")
    assert first["version"].endswith("+copies.containment=0.95")
    told = " ".join(run("explain", half.article_id).stdout.split())
    assert "it is no copy of “Port of Rotterdam closes gates”" in told
    assert "moved 0 articles" in run(*STRICT, "--yes").stdout  # as after being broken off
    assert len(rows(store_url, "moves")) == 2
    # The other way round: the strict rules are in force, and the old ones are tried.
    own = tmp_path / "own"
    own.mkdir()
    strict = RULES_FILE.read_text().replace("containment = 0.4 ", "containment = 0.95 ")
    (own / "dedup.toml").write_text(strict)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKER_CONFIG_DIR", str(own))
        back = ("dedup", "replay", "--rules", str(RULES_FILE), "--since", "3650d", "--yes")
        assert "moved 2 articles" in run(*back).stdout
    assert homes(store_url) == together


def test_what_an_operator_ruled_stays(pipeline: Pipeline, store_url: str, run: Run) -> None:
    _, half = (o.article_id for o in ingest(pipeline, [story(1), story(2, HALF)]))
    run("cluster", "pin", half, "--yes")
    assert "1 stay because an operator moved or pinned them" in run(*STRICT, "--yes").stdout
    assert homes(store_url)["a-2"] == "a-1"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "name what to change"),
        (["--threshold", "copies.contaiment=0.5"], "did you mean copies.containment?"),
        (["--threshold", "copies.numbers=many"], "'many' is not a number"),
        (["--threshold", "1.5"], "copies.containment: Input should be less than or equal to 1"),
    ],
)
def test_what_can_not_be_tried_is_refused(arguments: list[str], why: str) -> None:
    done = CliRunner().invoke(group, ["dedup", "replay", *arguments])
    assert done.exit_code == 2
    assert why in done.output


def test_rules_that_make_other_fingerprints_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "dedup.toml"
    other.write_text(RULES_FILE.read_text().replace("sketch = 22", "sketch = 20"))
    done = CliRunner().invoke(group, ["dedup", "replay", "--rules", str(other)])
    assert done.exit_code == 2
    assert "[shingles] differs from the rules in force" in done.output


def test_only_the_window_is_kept_in_memory(pipeline: Pipeline) -> None:
    for month in range(4):
        papers = [{"id": f"paper-{month}-{n}"} for n in range(2)]
        raws = [story(1, source=paper) for paper in papers]
        given = [Delivery(receipt=f"{month}-{n}", raw=raw) for n, raw in enumerate(raws)]
        pipeline.ingest(given, now=NOW + timedelta(days=60 * month))
    stricter = CONFIG.dedup.copies.model_copy(update={"part": 0.1})
    rededuplicator = Rededuplicator(
        pipeline.store, CONFIG.dedup, CONFIG.dedup.model_copy(update={"copies": stricter})
    )
    assert (
        sum(articles for articles, _ in rededuplicator.pages(NOW - timedelta(days=1))) == 8 < PAGE
    )
    assert [len(replay._canonical) for replay in rededuplicator._by_rules] == [1, 1]
    assert len(rededuplicator._index._numbers) == 2
