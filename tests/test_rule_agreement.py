"""`worker retag` and `worker reclean` refuse to send what no running worker would process."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from tests.commands import Run, on
from tests.make import NOW, article, record
from tests.monitoring.states import worker
from worker.broker.connection import BrokerConnection
from worker.broker.presence import announce
from worker.celery import make_app
from worker.config.loader import load_config
from worker.config.rule_files import PACKAGED
from worker.config.worker_rules import load_worker_rules
from worker.store.sql_store import SqlStore

AtWork = Callable[..., None]


@pytest.fixture
def run(sqlite_store_url: str, valkey_url: str, valkey: redis.Redis) -> Run:
    store = SqlStore(sqlite_store_url)
    store.write([record(article("id:1"))], [], [], now=NOW)
    store.close()
    return on(sqlite_store_url, valkey_url)


@pytest.fixture
def old_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of rules that seem to have changed long ago, for the commands alone."""
    folder = tmp_path / "config"
    shutil.copytree(PACKAGED, folder)
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(folder))
    monkeypatch.setattr("worker.cli.rule_agreement._changed_at_s", lambda _: 0.0)
    with (folder / "dedup.toml").open("a") as file:
        file.write("\n# of this desk\n")
    return folder


@pytest.fixture
def at_work(valkey_url: str, valkey: redis.Redis) -> AtWork:
    def say(digest: str) -> None:
        connection = BrokerConnection(make_app(valkey_url, load_worker_rules()))
        with connection.channel() as channel:
            announce(channel, "articles", worker(digest=digest, started=NOW).state)
        connection.close()

    return say


def waiting(valkey: redis.Redis) -> int:
    """The messages on all lanes and priorities."""
    lists = valkey.scan_iter("articles*", _type="list")
    return sum(valkey.llen(key) for key in lists if "journal" not in str(key))


def test_nothing_is_sent_while_no_worker_is_running(
    run: Run, old_rules: Path, valkey: redis.Redis
) -> None:
    began = time.monotonic()
    said = run("retag", code=1).output
    assert time.monotonic() - began < 30  # it waited 60 s; a busy machine needs some
    assert "no worker is running, so nothing is sent: start one" in said
    assert waiting(valkey) == 0


def test_nothing_is_sent_to_workers_with_other_rules(
    run: Run, old_rules: Path, at_work: AtWork, valkey: redis.Redis
) -> None:
    at_work("a1b2c3")
    began = time.monotonic()
    said = run("reclean", code=1).output
    assert time.monotonic() - began < 30  # it waited 60 s; a busy machine needs some
    assert "the running workers use other rules (a1b2c3) than this command" in said
    assert f"the files in {old_rules}" in said
    assert "same WORKER_CONFIG_DIR" in said
    assert waiting(valkey) == 0


def test_without_waiting_articles_are_left_on_the_queue_for_a_later_worker(
    run: Run, old_rules: Path, valkey: redis.Redis
) -> None:
    assert "1 article sent" in run("retag", "--no-wait").output
    assert waiting(valkey) == 1


def test_a_worker_with_these_rules_is_found_among_others(
    run: Run, old_rules: Path, at_work: AtWork, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.cli.reprocess_commands._wait_until_done", lambda *_: 0)
    at_work(load_config(old_rules).digest)
    assert "1 article tagged again" in run("retag").output
    assert waiting(valkey) == 1


def test_a_file_that_was_moved_into_the_folder_counts_as_a_change(tmp_path: Path) -> None:
    from worker.cli.rule_agreement import _changed_at_s
    from worker.settings import Settings

    folder = tmp_path / "config"
    shutil.copytree(PACKAGED, folder)
    draft = tmp_path / "draft.toml"
    draft.write_text("")
    os.utime(draft, (0, 0))
    draft.rename(folder / "rules" / "draft.toml")
    assert time.time() - _changed_at_s(Settings(config_dir=folder)) < 60


def test_a_worker_that_is_older_than_the_change_may_still_load_it(
    run: Run, old_rules: Path, at_work: AtWork, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.cli.reprocess_commands._wait_until_done", lambda *_: 0)
    monkeypatch.setattr("worker.cli.rule_agreement._changed_at_s", lambda _: NOW.timestamp() + 1)
    monkeypatch.setattr("worker.cli.rule_agreement.wait_for_reload", lambda _: None)
    at_work("a1b2c3")
    assert "1 article tagged again" in run("retag").output
    assert waiting(valkey) == 1
