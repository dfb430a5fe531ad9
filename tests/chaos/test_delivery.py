"""A short form of the fault matrix: nothing lost, nothing twice, nobody buried."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from devtools.chaos import hostile_messages, scenarios
from devtools.chaos.load import Cost
from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.waiting import until
from worker.broker import embedded
from worker.model.records import OutcomeKind
from worker.store.migrate import migrate

pytestmark = pytest.mark.processes


long = pytest.mark.long


@pytest.mark.parametrize(
    ("scenario", "faults"),
    [
        (scenarios.kill_workers, 1),
        (scenarios.kill_children, 1),
        (scenarios.restart_workers, 1),
        (scenarios.drop_connections, 1),
        (hostile_messages.full_broker, 1),
        pytest.param(scenarios.kill_workers, 4, marks=long),
        pytest.param(scenarios.kill_children, 5, marks=long),
        pytest.param(scenarios.restart_workers, 3, marks=long),
        pytest.param(scenarios.drop_connections, 6, marks=long),
        pytest.param(hostile_messages.foreign_messages, 1, marks=long),
    ],
)
def test_failures_cost_nothing(
    scenario: Callable[[Stack, int], Cost],
    faults: int,
    tmp_path: Path,
    valkey_url: str,
    valkey: redis.Redis,
    sqlite_store_url: str,
) -> None:
    stack = Stack(tmp_path, valkey_url, sqlite_store_url)
    try:
        cost = scenario(stack, faults)
        assert cost.clean, cost
        assert "no arguments" not in stack.logs(10_000)  # the text of a message kept as dead
        if scenario is hostile_messages.full_broker:
            assert "used memory > 'maxmemory'" in stack.logs(10_000)  # and says why it waits
    finally:
        stack.close()


@pytest.mark.parametrize("faults", [1, pytest.param(3, marks=long)])
def test_a_killed_broker_costs_nothing(faults: int, tmp_path: Path, sqlite_store_url: str) -> None:
    var = tmp_path / "broker"
    embedded.ensure(var)
    stack = Stack(tmp_path, embedded.broker_url(var), sqlite_store_url)
    try:
        cost = scenarios.kill_broker(stack, faults, lambda: embedded.ensure(var) and None)
        assert cost.clean, cost
    finally:
        stack.close()
        embedded.stop(var)


@pytest.mark.parametrize("faults", [1, pytest.param(3, marks=long)])
def test_a_store_that_is_away_pauses_consuming_and_costs_nothing(
    faults: int, tmp_path: Path, valkey_url: str, valkey: redis.Redis, postgres_store_url: str
) -> None:
    stack = Stack(tmp_path, valkey_url, postgres_store_url)
    try:
        cost = scenarios.stop_store(stack, faults, postgres_store_url)
        assert cost.clean, cost
        log = stack.logs(10_000)
        assert "consuming.paused what=store" in log
        assert "consuming.resumed" in log
        assert log.count("batch.returned") < 40  # nothing spins
        assert "quarantine" not in log.partition("ready.")[2]  # an outage is no attempt
    finally:
        stack.close()


def test_what_is_not_done_when_the_drain_is_over_goes_back_uncounted(
    tmp_path: Path, valkey_url: str, valkey: redis.Redis, sqlite_store_url: str
) -> None:
    stack = Stack(tmp_path, valkey_url, sqlite_store_url, drain_s=2, lease_s=60)
    try:
        worker = stack.start_worker(faults=True)
        receipts = stack.enqueue([*generate(3), {"id": "slow", "title": "FAULT sleep"}])
        until(lambda: valkey.hlen("unacked"), "the worker has the message")
        began = time.monotonic()
        worker.terminate()
        assert worker.wait() == 0
        assert time.monotonic() - began < 45  # the article takes 60
        assert (valkey.llen("articles"), valkey.hlen("unacked")) == (1, 0)
        message = json.loads(valkey.lindex("articles", 0))
        assert "x-delivery-count" not in message["headers"]
        assert "x-quarantine" not in message["headers"]
        stack.start_worker()
        assert {o.kind for o in stack.outcomes(receipts).values()} == {OutcomeKind.NEW}
    finally:
        stack.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_pauses_consuming_until_there_is_room(
    tmp_path: Path, valkey_url: str, valkey: redis.Redis, small_disk: Path
) -> None:
    store_url = f"sqlite:///{small_disk}/store.db"
    migrate(store_url)
    stack = Stack(tmp_path, valkey_url, store_url)
    try:
        stack.start_worker(processes=1)
        receipts = stack.enqueue(generate(400))
        until(lambda: "consuming.paused what=store" in stack.logs(1000), "the disk is full")
        began = time.monotonic()
        until(lambda: time.monotonic() - began > 3, "it stays full for a while")
        assert stack.logs(1000).count("batch.returned") < 15  # nothing spins
        subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
        assert {o.kind for o in stack.outcomes(receipts).values()} == {OutcomeKind.NEW}
        assert "quarantine" not in stack.logs(1000).partition("ready.")[2]
    finally:
        stack.close()
