"""Trials in processes of their own: what convicts an article, and what does not."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devtools.generated_articles import generate
from devtools.waiting import limit_s, stretch
from tests.support.pipelines import CONFIG
from tests.worker_rules import own_rules
from worker.config.worker_rules import load_worker_rules
from worker.errors import Reason, Stalled, Unavailable
from worker.index.memory_index import MemoryIndex
from worker.model.records import OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.runtime import quarantine, sandbox_client
from worker.runtime.sandbox_client import SandboxServer
from worker.store.sql_store import SqlStore

FAULTS = Path(__file__).parent.parent / "devtools/chaos/faults"


@pytest.fixture
def trials(
    valkey_url: str, sqlite_store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SandboxServer]:
    """One trial may take one second by the clock, a fourth of the hard limit; more when busy."""
    monkeypatch.setenv("WORKER_BROKER_URL", valkey_url)
    monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
    monkeypatch.setenv("PYTHONPATH", str(FAULTS))
    rules = own_rules(tmp_path, article_s=0.5, hard_limit_s=4 * stretch())
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(rules))
    trials = SandboxServer()
    monkeypatch.setattr(quarantine, "_sandbox", lambda: trials)
    yield trials
    trials.close()


@pytest.fixture
def patient_trials(trials: SandboxServer, tmp_path: Path) -> SandboxServer:
    """Only its CPU time ends a trial, also on a busy machine: the limit by the clock is long."""
    own_rules(tmp_path, article_s=0.5, hard_limit_s=4 * limit_s(), visibility_timeout_s=9_999.0)
    return trials


@pytest.fixture
def store(sqlite_store_url: str) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_store_url)
    yield store
    store.close()


@pytest.fixture
def try_articles(trials: SandboxServer, store: SqlStore, tmp_path: Path) -> Callable[..., None]:
    """Try articles in quarantine, by a server that has started: that takes longer than a trial."""
    assert not trials.run([], limit_s()).failed
    rules = load_worker_rules(tmp_path / "own-rules")

    def run(*deliveries: Delivery, runs: dict[str, int] | None = None) -> None:
        quarantine.ingest_in_sandbox(
            Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup)), deliveries, rules, stalled_runs=runs
        )

    return run


def faulty(name: str) -> Delivery:
    return Delivery(receipt=name, raw={"id": name, "title": f"FAULT {name}", "content": name})


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


def test_a_sandbox_that_the_machine_stops_convicts_no_article(
    trials: SandboxServer, store: SqlStore, try_articles: Callable[..., None], tmp_path: Path
) -> None:
    """The process gets a real SIGSTOP while it cleans the article, as often as there are files."""
    title = f"FAULT stop {tmp_path}/suspended-1 {tmp_path}/suspended-2"
    good = Delivery(receipt="good", raw=next(generate(1)) | {"title": title})
    runs: dict[str, int] = {}
    for number in (1, 2):
        (tmp_path / f"suspended-{number}").touch()
        with pytest.raises(Stalled) as stalled:
            try_articles(good, runs=runs)
        runs = stalled.value.runs
        assert runs == {"good": number}
    try_articles(good, runs=runs)
    assert store.outcomes(["good"])["good"].kind is OutcomeKind.NEW


def test_an_article_that_sleeps_is_stalled_in_the_end(
    trials: SandboxServer, store: SqlStore, try_articles: Callable[..., None]
) -> None:
    sleeps = faulty("sleep")
    with pytest.raises(Stalled) as stalled:
        try_articles(replace(sleeps, receipt="newer"), sleeps, runs={"newer": 1, "sleep": 2})
    assert stalled.value.runs == {"newer": 2}
    outcomes = store.outcomes(["newer", "sleep"])
    assert {receipt: outcome.reason for receipt, outcome in outcomes.items()} == {
        "sleep": Reason.STALLED
    }
    [letter] = store.letters([outcomes["sleep"].letter_id])
    assert "3 runs ended by wall-clock time" in letter.detail
    assert letter.stage == "clean"


def test_an_article_that_spins_is_poison_and_its_neighbour_is_stored(
    store: SqlStore, patient_trials: SandboxServer, try_articles: Callable[..., None]
) -> None:
    try_articles(faulty("loop"), Delivery(receipt="good", raw=next(generate(1))))
    outcomes = store.outcomes(["loop", "good"])
    assert {receipt: outcome.reason for receipt, outcome in outcomes.items()} == {
        "loop": Reason.POISON,
        "good": "",
    }


def test_a_server_that_the_machine_stops_is_replaced_and_convicts_no_article(
    trials: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_client, "_ANSWER_MARGIN_S", 0.5)
    good = Delivery(receipt="good", raw=next(generate(1)))
    assert not trials.run([good], limit_s=limit_s()).failed
    server = trials._server
    assert server
    os.kill(server.pid, signal.SIGSTOP)
    with pytest.raises(Unavailable, match="does not answer"):
        trials.run([good], limit_s=0.5)
    assert server.returncode == -signal.SIGKILL
    assert not trials.run([good], limit_s=limit_s()).failed
