"""`worker alerts`, and a worker that reports what happens to it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner, Result

from devtools.servers import free_port, private_valkey, unix_url
from devtools.waiting import limit_s, until
from tests.alerts.reports import change
from tests.support.alert_receivers import Hook, mail_server, webhook
from worker.cli import group
from worker.config.rule_files import PACKAGED
from worker.errors import Unavailable
from worker.monitoring.alert_boards import encoded_state
from worker.monitoring.incidents import AlertState, Outbox
from worker.store.sql_store import SqlStore

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]


@pytest.fixture
def run(valkey: redis.Redis, valkey_url: str, sqlite_store_url: str, tmp_path: Path) -> Run:
    """Run `worker alerts` on that broker, with these settings."""
    settings = {"WORKER_BROKER_URL": valkey_url, "WORKER_STORE_URL": sqlite_store_url}
    settings |= {"WORKER_VAR_DIR": str(tmp_path), "COLUMNS": "160"}

    def run(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(group, ["alerts", *arguments], env=settings | more)

    return run


def judged(valkey: redis.Redis, state: AlertState) -> None:
    valkey.set("articles.alerts", encoded_state(state))


def test_standing_incidents_are_listed_with_what_could_not_be_sent(
    run: Run, valkey: redis.Redis
) -> None:
    entry = change("source-silent", about="wire\x1b[2J")
    outbox = Outbox(changes=(entry,), attempts=2, error="the server answered with status 500")
    now = datetime.now(UTC)
    judged(valkey, AlertState(at=now, incidents=(entry.incident,), outboxes={"webhook": outbox}))
    result = run()
    assert result.exit_code == 1
    assert "1 incident" in result.stdout
    assert r"wire\x1b[2J" in result.stdout
    assert "webhook: 1 report not sent: the server answered with status 500" in result.stderr
    assert "`worker status` shows what needs attention now" in result.stdout
    report = json.loads(run("--json").stdout)
    assert report["incidents"][0]["name"] == "source-silent"
    said = {"page": "urgent", "ticket": "soon"}[report["incidents"][0]["severity"]]
    assert said in result.stdout
    assert report["targets"]["webhook"]["waiting"] == 1
    assert report["late"] is False


def test_without_a_target_an_incident_was_reported_nowhere_and_what_to_set_is_said(
    run: Run, valkey: redis.Redis
) -> None:
    incident = replace(change("broker-full").incident, reported=None)
    judged(valkey, AlertState(at=datetime.now(UTC), incidents=(incident,), outboxes={}))
    result = run()
    assert "nowhere" in result.stdout
    assert "set WORKER_ALERT_WEBHOOK or WORKER_ALERT_MAIL_TO for the workers" in result.stderr


def test_no_incident_is_exit_code_0_and_a_judgement_of_long_ago_is_1(
    run: Run, valkey: redis.Redis
) -> None:
    judged(valkey, AlertState(at=datetime.now(UTC)))
    result = run()
    assert (result.exit_code, result.stdout) == (0, "no incident\n")
    judged(valkey, AlertState(at=datetime.now(UTC) - timedelta(minutes=5)))
    result = run()
    assert result.exit_code == 1
    assert "nobody has judged since" in result.stderr
    valkey.delete("articles.alerts")
    assert "no worker has run" in run().stderr


def test_without_the_broker_the_state_comes_from_the_store(run: Run, sqlite_store_url: str) -> None:
    away = {"WORKER_BROKER_URL": "redis+socket:///nowhere/broker.sock"}
    assert isinstance(run(**away).exception, Unavailable)
    now, incident = datetime.now(UTC), change("broker-full").incident
    state = encoded_state(AlertState(at=now, incidents=(incident,)))
    store = SqlStore(sqlite_store_url)
    assert store.write_alert_state(state, holder="a", at=now, until=now)
    store.close()
    assert json.loads(run("--json", **away).stdout)["incidents"][0]["name"] == "broker-full"


def test_a_test_message_goes_to_each_target(run: Run) -> None:
    with webhook() as hook, mail_server() as box:
        settings = {
            "WORKER_ALERT_WEBHOOK": hook.url,
            "WORKER_ALERT_SECRET": "s3cret",
            "WORKER_ALERT_MAIL_TO": "a@a.example, b@a.example",
            "WORKER_SMTP_URL": f"smtp://127.0.0.1:{box.port}?starttls=no",
        }
        result = run("test", **settings)
        assert (result.exit_code, result.stdout) == (0, "webhook: sent\nmail: sent\n")
        hook.statuses = [404]
        result = run("test", **settings)
        assert result.exit_code == 1
        assert "webhook: the server answered with status 404" in result.stderr
    assert [i["name"] for i in json.loads(hook.requests[0][1])["incidents"]] == ["test"]
    assert box.recipients[0] == ["a@a.example", "b@a.example"]


def test_a_test_without_targets_says_what_to_set(run: Run) -> None:
    assert "WORKER_ALERT_WEBHOOK" in str(run("test").exception)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A config folder in which everything about alerts is quick."""
    folder = tmp_path / "rules"
    folder.mkdir()
    text = (PACKAGED / "monitoring.toml").read_text()
    text = text.replace("every_s = 30 ", "every_s = 1 ").replace(
        "recovery_s = 120", "recovery_s = 2"
    )
    text = text.replace("group_s = 60", "group_s = 0").replace(
        "unreachable = 120", "unreachable = 2"
    )
    (folder / "monitoring.toml").write_text(text)
    return folder


@pytest.fixture
def start(rules: Path, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start a command as a process of its own; it ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str, **settings: str) -> "subprocess.Popen[bytes]":
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
        environment |= {"WORKER_CONFIG_DIR": str(rules), "WORKER_VAR_DIR": str(tmp_path / "var")}
        log = (tmp_path / f"{len(started)}.log").open("wb")
        with log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", *command],
                    env=environment | settings,
                    cwd=ROOT,
                    stdout=log,
                    stderr=log,
                )
            )
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(limit_s())


def told(hook: Hook) -> list[tuple[str, str, str]]:
    bodies: list[dict[str, Any]] = [json.loads(body) for _, body in hook.requests]
    return [(i["state"], i["name"], i["about"]) for body in bodies for i in body["incidents"]]


@pytest.mark.processes
@pytest.mark.long
def test_a_worker_reports_what_happens_once_and_its_end_and_a_restart_repeats_nothing(
    start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path, sqlite_store_url: str
) -> None:
    worker = ("celery", "-A", "worker", "worker", "-c", "1", "--without-gossip", "--without-mingle")
    with private_valkey(free_port()) as url, webhook() as hook:
        settings = {"WORKER_BROKER_URL": url, "WORKER_STORE_URL": sqlite_store_url}
        settings |= {"WORKER_ALERT_WEBHOOK": hook.url}
        with redis.Redis.from_url(unix_url(url)) as broker:
            broker.config_set("maxmemory-policy", "noeviction")
            first = start(*worker, **settings)
            until(lambda: broker.exists("articles.alerts"), "the first judgement")
            used = int(broker.info("memory")["used_memory"])
            broker.set("filler", "x" * 3_000_000)
            broker.config_set("maxmemory", used + 4_000_000)
            set_quick(tmp_path, "broker-full = 600", "broker-full = 0")
            until(lambda: ("firing", "broker-full", "") in told(hook), "the report")
            first.terminate()
            first.wait(limit_s())
            start(*worker, **settings)
            holder = broker.get("articles.alerts.turn")
            until(
                lambda: broker.get("articles.alerts.turn") not in (None, holder), "another holder"
            )
            broker.config_set("maxmemory", 0)
            until(lambda: ("resolved", "broker-full", "") in told(hook), "the end")
    reports = [report for report in told(hook) if report[1] == "broker-full"]
    assert reports == [("firing", "broker-full", ""), ("resolved", "broker-full", "")]


def set_quick(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "rules/monitoring.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.processes
@pytest.mark.long
def test_a_watch_on_a_host_without_workers_reports_that_there_are_none(
    start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path, sqlite_store_url: str
) -> None:
    set_quick(tmp_path, "no-workers = 300", "no-workers = 2")
    with private_valkey(free_port()) as url, webhook() as hook:
        settings = {"WORKER_BROKER_URL": url, "WORKER_STORE_URL": sqlite_store_url}
        with redis.Redis.from_url(unix_url(url)) as broker:
            broker.lpush("articles", "{}")
            start("worker", "alerts", "watch", **settings, WORKER_ALERT_WEBHOOK=hook.url)
            until(lambda: ("firing", "no-workers", "") in told(hook), "the report")
            broker.delete("articles")
            until(lambda: ("resolved", "no-workers", "") in told(hook), "the end")
    assert told(hook) == [("firing", "no-workers", ""), ("resolved", "no-workers", "")]
