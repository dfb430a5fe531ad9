"""A worker refuses a database that another Celery application uses, and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from devtools.waiting import limit_s, until
from tests.support.transport import message
from worker.broker.connection import connect
from worker.broker.foreign_apps import find_foreign_app
from worker.celery import make_app
from worker.config.worker_rules import load_worker_rules

SHOP = """
import time
from celery import Celery
app = Celery("shop", broker={url!r})

@app.task(name="shop.mail")
def mail(seconds):
    time.sleep(seconds)
"""
KOMBU_LEASE = '[{message}, "{queue}", "{queue}"]'


@pytest.fixture
def evidence(valkey_url: str, valkey: redis.Redis) -> Iterator[Callable[[], str]]:
    app = make_app(valkey_url, load_worker_rules())
    connection = connect(app)
    yield lambda: find_foreign_app(app, connection.default_channel)
    connection.release()


def bind(valkey: redis.Redis, exchange: str, queue: str) -> None:
    valkey.sadd(f"_kombu.binding.{exchange}", f"{queue}\x06\x16\x06\x16{queue}")


def lease(valkey: redis.Redis, queue: str, task: str) -> None:
    text = KOMBU_LEASE.format(message=message(1, task), queue=queue)
    valkey.hset("unacked", f"{queue}-{task}", text)


def test_a_leased_message_of_another_application_is_evidence(
    evidence: Callable[[], str], valkey: redis.Redis
) -> None:
    lease(valkey, "celery", "shop.mail")
    assert evidence() == "task shop.mail on queue celery"


def test_a_waiting_message_of_another_application_is_evidence(
    evidence: Callable[[], str], valkey: redis.Redis
) -> None:
    bind(valkey, "mails", "mails")
    valkey.lpush("mails\x06\x166", message(1, "shop.mail"))
    assert evidence() == "task shop.mail on queue mails"


def _another_article_worker(valkey: redis.Redis) -> None:
    for queue in ("news", "news.replay", "news.quarantine"):
        bind(valkey, queue, queue)
        lease(valkey, queue, "articles.ingest")
        valkey.lpush(queue, message(2, "articles.redo"))


def _monitors(valkey: redis.Redis) -> None:
    bind(valkey, "celeryev", "celeryev.1f0c")
    bind(valkey, "celery.pidbox", "celery@host.celery.pidbox")
    bind(valkey, "reply.celery.pidbox", "9a1e.reply.celery.pidbox")
    valkey.lpush("9a1e.reply.celery.pidbox", json.dumps({"body": "{}", "headers": {}}))


def _a_client_of_this_queue(valkey: redis.Redis) -> None:
    bind(valkey, "articles", "articles")
    valkey.lpush("articles", message(1, "shop.mail"))
    lease(valkey, "articles", "shop.mail")


def _a_binding_left_behind(valkey: redis.Redis) -> None:
    bind(valkey, "celery", "celery")


def _what_is_no_message(valkey: redis.Redis) -> None:
    bind(valkey, "celery", "celery")
    valkey.lpush("celery", "{", "[" * 5000, '{"headers": {"task": 7}}', b"\xff")
    for number, value in enumerate(("{", '["", "celery"]', "[" * 5000 + '"celery"]', b"\xff")):
        valkey.hset("unacked", str(number), value)


def _keys_of_another_type(valkey: redis.Redis) -> None:
    bind(valkey, "celery", "celery")
    valkey.set("celery", "not a list")


@pytest.mark.parametrize(
    "prepare",
    [
        _another_article_worker,
        _monitors,
        _a_client_of_this_queue,
        _a_binding_left_behind,
        _what_is_no_message,
        _keys_of_another_type,
    ],
)
def test_nothing_else_is_evidence(
    evidence: Callable[[], str], valkey: redis.Redis, prepare: Callable[[redis.Redis], None]
) -> None:
    prepare(valkey)
    assert evidence() == ""


@pytest.mark.long
@pytest.mark.processes
def test_a_worker_does_not_start_beside_the_worker_of_another_application(
    evidence: Callable[[], str], valkey_url: str, valkey: redis.Redis, tmp_path: Path
) -> None:
    """The other worker is idle at first, and later runs a task that takes longer than a lease."""
    (tmp_path / "shop.py").write_text(SHOP.format(url=valkey_url))
    celery = [sys.executable, "-m", "celery"]
    shop = subprocess.Popen(
        [*celery, "-A", "shop", "worker", "-c", "1", "-P", "solo", "-n", "shop@test"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: evidence() == "its worker shop@test", "the idle worker is found")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
        environment |= {"WORKER_BROKER_URL": valkey_url, "WORKER_VAR_DIR": str(tmp_path)}
        refused = subprocess.run(
            [*celery, "-A", "worker", "worker", "-c", "1", "--without-gossip", "--without-mingle"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit_s(),
            check=False,
        )
    finally:
        shop.kill()
        shop.wait()
    assert refused.returncode == 1
    [line] = [line for line in refused.stderr.splitlines() if "worker: " in line]
    assert "another Celery application uses this database" in line
    assert "its worker shop@test" in line
    assert "Traceback" not in refused.stderr
