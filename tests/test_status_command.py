"""`worker status`: a sentence first, then tables; the exit code says whether somebody must look."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from tests.commands import Run, on
from tests.make import article, dead, record
from tests.monitoring.states import ago, lane, scale, status, worker
from tests.support.stores import sqlite_first
from tests.support.transport import message
from worker.broker.backpressure import Advice, Answer
from worker.broker.connection import BrokerConnection
from worker.broker.presence import announce
from worker.celery import make_app
from worker.cli import group
from worker.cli.status_text import drain_words, figures, first_lines, headline
from worker.config.monitoring_rules import AttentionRules
from worker.config.worker_rules import load_worker_rules
from worker.errors import BadConfig
from worker.monitoring.attention import needs_attention
from worker.monitoring.status_values import Attention, Severity, SourceNumbers
from worker.store.sql_store import SqlStore

NOW = datetime.now(UTC)


@pytest.fixture
def run(store_url: str, valkey_url: str, valkey: redis.Redis) -> Run:
    return on(store_url, valkey_url)


@pytest.fixture
def at_work(valkey_url: str, valkey: redis.Redis) -> Callable[..., None]:
    """Let a worker say that it runs."""

    def say(**changes: object) -> None:
        connection = BrokerConnection(make_app(valkey_url, load_worker_rules()))
        with connection.channel() as channel:
            announce(channel, "articles", worker(**changes, started=NOW).state)
        connection.close()

    return say


def test_all_is_well_while_nothing_waits(run: Run, at_work: Callable[..., None]) -> None:
    said = run("status").output
    assert said.startswith(
        "No worker is running, nothing waits. To start one: celery -A worker worker\n"
    )
    at_work(busy_share=0.5)
    said = run("status").output
    assert said.startswith("All is well: 1 worker at work, nothing waits.\n")
    assert "celery@web1" in said
    assert "50%" in said


def test_the_first_lines_say_once_what_needs_attention(
    run: Run, store: SqlStore, valkey: redis.Redis
) -> None:
    store.write([record(article("id:1"))], [], [dead(str(n)) for n in range(30)], now=NOW)
    for number in range(1200):
        valkey.lpush("articles", message(number))
    first, remedy, second, *_ = run("status", code=1).output.splitlines()
    assert first.startswith("urgent  no worker is at work, and 1,200 messages wait, since 20")
    assert first.endswith(" UTC")
    assert second.startswith("urgent  30 of 31 deliveries")
    assert remedy.strip() == "start one: celery -A worker worker"
    said = run("status", code=1).output
    assert "30 of 31 deliveries ended as dead letters" in said
    assert "malformed" in said
    assert "at least" in said
    assert "has not run yet" in said


@sqlite_first
def test_machines_get_the_same_as_json(run: Run, valkey: redis.Redis) -> None:
    valkey.lpush("articles", message(1))
    said = json.loads(run("status", "--json", code=1).output)
    assert said["attention"][0]["name"] == "no-workers"
    assert said["attention"][0]["severity"] == "page"
    assert said["headline"].startswith("No worker is at work, and 1 message waits")
    assert said["waiting"] == 1
    assert said["lanes"][0]["waiting"] == [1, 0, 0, 0]
    assert said["scale"]["replicas"] == 1
    assert said["scale"]["drain_s"] is None


@sqlite_first
def test_what_a_worker_says_of_itself_can_not_steer_the_terminal(
    run: Run, at_work: Callable[..., None]
) -> None:
    at_work(node="celery@\x1b[31mweb", version="\x1b]0;x\x07", refused=True, digest="\x1b[2J")
    for options in ([], ["--json"]):
        assert "\x1b" not in run("status", *options, code=1).output


@sqlite_first
def test_the_state_is_read_although_a_service_is_away(
    run: Run, store_url: str, valkey_url: str, valkey: redis.Redis
) -> None:
    away = on(store_url, "redis://127.0.0.1:1/0")("status", code=1).output
    assert away.startswith("urgent  the broker does not answer")
    assert "lanes" not in away
    no_store = on("postgresql+psycopg://nobody@127.0.0.1:1/none", valkey_url)
    said = no_store("status", code=1).output
    assert said.startswith("urgent  the store does not answer")
    assert "lanes" in said


def test_a_store_that_is_not_there_is_an_error_of_settings(valkey_url: str, tmp_path: Path) -> None:
    store_url = f"sqlite:///{tmp_path}/none.db"
    nowhere = {"WORKER_STORE_URL": store_url, "WORKER_BROKER_URL": valkey_url}
    with pytest.raises(BadConfig, match="there is no store"):
        CliRunner().invoke(group, ["status"], env=nowhere, catch_exceptions=False)


@sqlite_first
def test_the_ledger_is_noted_for_others(run: Run, valkey: redis.Redis) -> None:
    run("ledger", "--day", f"{NOW:%Y-%m-%d}")  # a part of the time says nothing of the rest
    run("ledger", "--since", "1d")
    assert "has not run yet" in run("status").output
    run("ledger")
    assert "0 missing, 20" in run("status").output
    valkey.delete("articles.ledger")
    run("ledger", "--since", f"{NOW - timedelta(days=30):%Y-%m-%d}")
    assert "0 missing" in run("status").output


def item(name: str = "no-workers", **changes: object) -> Attention:
    fields = {"severity": Severity.PAGE, "sentence": "no worker", "remedy": "start one"} | changes
    return Attention(name=name, **fields)


@pytest.mark.parametrize(
    ("attention", "words"),
    [
        ((), "All is well: 1 worker at work, 7 messages waiting."),
        ((item(),), "No worker."),
        ((item(since=ago(60)),), "No worker, since 2026-11-30 11:59 UTC."),
        ((item(), item()), "No worker. 1 more thing needs attention."),
        ((item(), item(), item()), "No worker. 2 more things need attention."),
    ],
)
def test_the_headline_is_one_sentence_and_a_count(
    attention: tuple[Attention, ...], words: str
) -> None:
    assert headline(status(attention=attention, lanes=(lane(waiting=7),))) == words


def test_each_thing_has_a_line_and_its_remedy() -> None:
    later = item(severity=Severity.TICKET)
    lines = list(first_lines(status(attention=(item(since=ago(0)), later))))
    assert len(lines) == 4
    assert lines[0] == "urgent  no worker, since 2026-11-30 12:00 UTC"
    assert lines[2] == "  soon  no worker"
    assert lines[3] == "        start one"


@pytest.mark.parametrize(
    ("drain_s", "words"),
    [
        (None, "no process is at work; 1 worker wanted for 120 s (messages)"),
        (0.0, "0 s at 0.5 s of work a message; 1 worker wanted for 120 s (messages)"),
        (600.0, "10 min at 0.5 s of work a message; 1 worker wanted for 120 s (messages)"),
    ],
)
def test_the_drain_time_is_told_in_words(drain_s: float | None, words: str) -> None:
    assert drain_words(scale(drain_s)) == words


def test_figures_that_are_unknown_are_left_out() -> None:
    advice = Advice(answer=Answer.STOP, reason="2,000 messages")
    full = status(
        undeliverable=1, held=2, advice=advice, sources=SourceNumbers(ok=3, silent=1),
        broker_bytes=50_000_000, broker_limit_bytes=100_000_000,
    )  # fmt: skip
    said = dict(figures(full))
    assert said["producers"] == "must stop: 2,000 messages"
    assert said["memory"] == "50 MB of 100 MB in the broker, 50%"
    assert said["held"] == "2 articles of paused sources"
    assert said["sources"] == "ok 3, silent 1"
    unknown = status(
        unreachable=("broker", "store"), outcomes=None, lately=None, lanes=(), workers=()
    )
    assert dict(figures(unknown)) == {}
    assert needs_attention(unknown, AttentionRules())
