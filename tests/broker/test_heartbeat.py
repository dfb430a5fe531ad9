"""A worker that takes no messages although some wait is not at work, whatever else it does."""

import os
import re
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from worker.broker.heartbeat import makes_progress
from worker.broker.pauses import new_pause, pause_lane
from worker.broker.request import FinishedMessages
from worker.celery import INGEST, make_app
from worker.cli.health_command import health
from worker.config.worker_rules import load_worker_rules

RULES = load_worker_rules()
NOBODY = "redis://127.0.0.1:1/0"


def test_a_worker_is_at_work_while_nothing_waits(valkey: redis.Redis, valkey_url: str) -> None:
    assert makes_progress(make_app(valkey_url, RULES), finished_before=FinishedMessages.count)


@pytest.mark.parametrize("priority", [0, 9])
def test_a_worker_that_took_nothing_while_messages_wait_is_not_at_work(
    valkey: redis.Redis, valkey_url: str, priority: int
) -> None:
    app = make_app(valkey_url, RULES)
    app.send_task(INGEST, args=[[]], priority=priority)
    assert makes_progress(app, finished_before=None)  # it may have just begun
    assert not makes_progress(app, finished_before=FinishedMessages.count)


def test_messages_of_a_paused_lane_are_no_work_but_those_of_other_lanes_are(
    valkey: redis.Redis, valkey_url: str
) -> None:
    app = make_app(valkey_url, RULES)
    app.send_task(INGEST, args=[[]])
    pause = new_pause("ann@desk", "", datetime.now(UTC))
    with app.connection_for_write() as connection:
        pause_lane(connection.default_channel, "articles", "live", pause)
    assert makes_progress(app, finished_before=FinishedMessages.count)
    app.send_task(INGEST, args=[[]], queue="articles.replay")
    assert not makes_progress(app, finished_before=FinishedMessages.count)


def test_messages_of_queues_it_does_not_consume_are_not_its_concern(
    valkey: redis.Redis, valkey_url: str
) -> None:
    valkey.lpush("another", "message")
    assert makes_progress(make_app(valkey_url, RULES), finished_before=FinishedMessages.count)


def test_an_outage_of_the_broker_is_not_the_fault_of_the_worker() -> None:
    assert makes_progress(make_app(NOBODY, RULES), finished_before=FinishedMessages.count)


@pytest.mark.parametrize(
    ("age_s", "code", "message"),
    [
        (0, 0, r"was at work \d+ s ago"),
        (RULES.time.hard_limit_s, 0, r"was at work 1\d\d s ago"),
        (2 * RULES.time.hard_limit_s + 5, 1, r"has ended no message, or has not run, for 2\d\d s"),
        (None, 1, "is not at work: there is no|no worker is at work with"),
    ],
)
@pytest.mark.parametrize("node", ["", "celery@another"])
def test_health_is_the_age_of_the_heartbeat(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    node: str,
    age_s: float | None,
    code: int,
    message: str,
) -> None:
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path))
    file = tmp_path / f"{node or 'celery@' + socket.gethostname()}.heartbeat"
    if age_s is not None:
        file.touch()
        os.utime(file, (time.time() - age_s,) * 2)
    done = CliRunner().invoke(health, ["--node", node] if node else [])
    assert done.exit_code == code, done.output
    assert re.search(message, " ".join(done.output.split()))
