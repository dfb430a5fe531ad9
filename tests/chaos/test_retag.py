"""Re-tagging while workers are killed: nothing is left out, nothing happens twice."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest
import redis

from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.waiting import limit_s, until
from tests.make import NOW
from worker.cli.broker_access import workers_at_work
from worker.config.loader import load_config
from worker.index.memory_index import MemoryIndex
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.settings import Settings
from worker.store.sql_store import SqlStore
from worker.store.values import ChangeKind, Query

pytestmark = pytest.mark.processes

EVERYWHERE = """
[[topics]]
code = "own:everywhere"
label = "everywhere"
rules = [{ regex = ['\\pL+'], score = 0.9 }]
"""


def store_articles(store: SqlStore, count: int) -> None:
    config = load_config()
    pipeline = Pipeline(config, store, MemoryIndex(config.dedup))
    for at in range(0, count, 50):
        raws = generate(50, chars=600, seed=at)
        batch = [Delivery(receipt=f"r{at + n}", raw=raw) for n, raw in enumerate(raws)]
        pipeline.ingest(batch, now=NOW)


def retag(stack: Stack) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "worker", "retag", "--rate", "150", "--json"]
    return subprocess.Popen(command, env=stack.environment, stdout=subprocess.PIPE, text=True)


def undone(command: "subprocess.Popen[str]") -> int:
    answer, _ = command.communicate(timeout=limit_s())
    assert command.returncode in (0, 1)
    left: int = json.loads(answer)["undone"]
    return left


def retagged(store: SqlStore) -> Iterator[str]:
    """The articles that the change feed says were tagged again."""
    cursor = "start"
    while page := store.changes(cursor):
        yield from (each.article_id for each in page if each.kind is ChangeKind.RETAGGED)
        cursor = page[-1].cursor


def strike(stack: Stack, number: int) -> None:
    """SIGKILL of a pool process, or of a worker, whose place another takes."""
    worker = stack.alive()[0]
    if number % 2:
        # A worker whose pool loses a process before it is ready gives up.
        until(
            lambda: stack.logs(1000).count("ready.") == len(stack.workers), "every worker is ready"
        )
        os.kill(stack.children(worker)[0], SIGKILL)
    else:
        worker.kill()
        worker.wait()
        stack.replace_ended_workers()


@pytest.mark.parametrize(
    ("articles", "kills"), [(150, 2), pytest.param(400, 4, marks=pytest.mark.long)]
)
def test_workers_killed_while_retagging_leave_nothing_out_and_tag_nothing_twice(
    articles: int,
    kills: int,
    tmp_path: Path,
    valkey_url: str,
    valkey: redis.Redis,
    sqlite_store_url: str,
) -> None:
    stack = Stack(tmp_path, valkey_url, sqlite_store_url)
    try:
        store_articles(stack.store, articles)
        rules = tmp_path / "config" / "rules"
        rules.mkdir()
        (rules / "own.toml").write_text(EVERYWHERE)
        tagger = load_config(rules.parent).tagging.version

        def left() -> int:
            return stack.store.count_stale(Query(), "tagger", tagger)

        stack.start_worker()
        settings = Settings(broker_url=valkey_url, config_dir=rules.parent)
        until(lambda: workers_at_work(settings), "commands see the worker")
        first = retag(stack)
        for number in range(kills):
            until(lambda n=number: left() <= articles * (kills - n) // (kills + 1), "work goes on")
            strike(stack, number)
        if undone(first):
            stack.replace_ended_workers()
            assert undone(retag(stack)) == 0
        assert left() == 0

        found = stack.store.search(Query(limit=2 * articles))
        assert len(found) == articles
        for each in found:
            assert "taxonomy:own:everywhere" in each.tags
            its = stack.store.show(each.article_id)
            assert its
            assert (its["article"]["revision"], its["article"]["sightings"]) == (1, 1)
        changes = Counter(retagged(stack.store))
        assert len(changes) == articles
        assert set(changes.values()) == {1}
    finally:
        stack.close()
