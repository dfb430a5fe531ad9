"""Trials in processes of their own: what convicts an article, and what does not."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.generated_articles import generate
from devtools.waiting import limit_s, stretch
from tests.worker_rules import own_rules
from worker.errors import Unavailable
from worker.pipeline.deliveries import Delivery
from worker.runtime.sandbox import SandboxServer
from worker.store.sql_store import SqlStore


@pytest.fixture
def trials(
    valkey_url: str, sqlite_store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SandboxServer]:
    """One trial may take two seconds by the clock, a fourth of the hard limit; more when busy."""
    monkeypatch.setenv("WORKER_BROKER_URL", valkey_url)
    monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
    rules = own_rules(tmp_path, article_s=0.5, hard_limit_s=8 * stretch())
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(rules))
    trials = SandboxServer()
    yield trials
    trials.close()


def test_who_waits_for_a_process_that_starts_or_for_the_store_convicts_nobody(
    trials: SandboxServer, sqlite_store_url: str
) -> None:
    first, second = (Delivery(receipt=f"r-{raw['id']}", raw=raw) for raw in generate(2))
    with pytest.raises(Unavailable, match="sandbox"):
        trials.run([first], limit_s=0.01)  # its imports alone take longer
    assert not trials.run([first], limit_s=limit_s()).failed

    with sqlite3.connect(sqlite_store_url.removeprefix("sqlite:///")) as other:
        other.execute("BEGIN EXCLUSIVE")
        ended = trials.run([second], limit_s=limit_s())
        assert ended.unavailable
        assert ended.stage == "write"
    assert not trials.run([second], limit_s=limit_s()).failed
    store = SqlStore(sqlite_store_url)
    assert len(store.outcomes([first.receipt, second.receipt])) == 2
    store.close()
