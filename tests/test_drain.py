"""Workers are ended from another host, and each message is processed or back on its queue."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from devtools.waiting import limit_s, until
from tests import commands
from tests.foreign import GOOD
from tests.running import Running, running_worker
from worker.broker.draining import nodes_of
from worker.celery import make_app
from worker.cli import group
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules

NODES = ("celery@a", "celery@ab", "b@a", "a@b", "c@a.example")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", ["b@a", "celery@a"]),
        ("ab", ["celery@ab"]),
        ("celery@a", ["celery@a"]),
        ("b", ["a@b"]),
        ("celery", []),
        ("@a", []),
        ("", []),
    ],
)
def test_a_name_is_that_of_a_worker_or_of_a_host(name: str, expected: list[str]) -> None:
    assert nodes_of(name, NODES) == expected


@pytest.fixture
def running() -> Iterator[Running]:
    yield from running_worker(options=("-n", "one@far"))


@pytest.fixture
def listed(running: Running) -> Running:
    """The worker, when it has said in the broker that it runs."""
    running.until(lambda: running.broker.hexists("articles.workers", "one@far"), "it is listed")
    return running


def drain(running: Running, *arguments: str, code: int = 0) -> str:
    return commands.on(running.store_url, running.url)("drain", *arguments, code=code).output


def pool_processes(running: Running) -> list[int]:
    children = Path(f"/proc/{running.worker.pid}/task/{running.worker.pid}/children")
    return [int(pid) for pid in children.read_text("ascii").split()]


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    state = Path(f"/proc/{pid}/stat")
    until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", lambda: f"{pid} stops")


@pytest.mark.long
@pytest.mark.processes
def test_workers_are_drained_by_host_or_name_and_the_others_are_named(running: Running) -> None:
    for name in ("two@far", "near"):
        assert "at work are one@far" in drain(running, name, code=1)
    assert "give --all" in drain(running, "far", "--all", code=2)
    printed = drain(running, "far")
    assert "one@far has ended after" in printed
    assert running.worker.wait(limit_s()) == 0
    assert b"worker.ended node=one@far" in running.log.read_bytes()
    assert "no worker is at work" in drain(running, "--all", code=1)


@pytest.mark.long
@pytest.mark.processes
def test_a_worker_that_does_not_end_is_named_with_exit_code_1(listed: Running) -> None:
    stop(listed.worker.pid)
    try:
        printed = drain(listed, "one@far", "--timeout", "1", code=1)
    finally:
        os.kill(listed.worker.pid, signal.SIGCONT)
    assert "one@far has not ended after 1 s" in printed
    assert listed.worker.wait(limit_s()) == 0  # it read the command later


@pytest.mark.long
@pytest.mark.processes
def test_a_message_that_a_process_has_been_given_is_not_also_put_back(running: Running) -> None:
    """On a busy machine a pool process may begin seconds later. Here it is stopped meanwhile."""
    processes = pool_processes(running)
    for pid in processes:
        stop(pid)
    with Producer(running.url) as producer:
        [receipt] = producer.enqueue([GOOD])
    running.until(lambda: running.broker.hlen("unacked") == 1, "the message is taken")
    with make_app(running.url, load_worker_rules(None)) as app:
        app.control.shutdown()
    running.until(lambda: b"drain.waits" in running.log.read_bytes(), "the worker waits for it")
    for pid in processes:
        os.kill(pid, signal.SIGCONT)
    assert running.worker.wait(limit_s()) == 0
    assert list(running.store.outcomes([receipt])) == [receipt]
    assert (running.broker.llen("articles"), running.broker.hlen("unacked")) == (0, 0)


@pytest.mark.parametrize(
    "command",
    [
        ("drain", "--timeout"),
        ("top", "--every"),
        ("changes", "--every"),
        ("retag", "--rate"),
        ("dead", "replay", "--rate"),
    ],
)
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_number_without_a_size_is_wrong_usage(command: tuple[str, ...], number: str) -> None:
    done = CliRunner().invoke(group, [*command, number])
    assert (done.exit_code, command[-1] in done.output) == (2, True), done.output
