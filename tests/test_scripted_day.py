"""A day of an operator: at each step status, metrics, the autoscaler's answer and alerts agree, and
say what is so."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from devtools.servers import NoServer, free_port, private_valkey
from devtools.waiting import limit_s, until
from tests.missing_server import skip_or_fail
from tests.support.deliveries import Deliveries
from tests.support.two_versions import ROOT, Side, version_before
from tests.support.web_server import get, samples, web_server
from worker.config.rule_files import PACKAGED
from worker.store.hourly_values import hour_of
from worker.store.sql_store import SqlStore
from worker.store.values import Query

pytestmark = [pytest.mark.long, pytest.mark.processes]

SOURCES = 8  # that deliver every hour
CLOSED = {"ok": SOURCES - 1, "silent": 0, "new": 0, "paused": 1}  # s7 is closed today, by plan
FLOOD = 60  # articles of one source; more than bulk.source_articles here


RULE = """
[[topics]]
code = "desk:report"
label = "report"
[[topics.rules]]
id = "words"
any = ["source:s0", "source:s1"]
"""


class Day:
    """Two hosts with one worker each, a web server, and what an operator sees of them."""

    def __init__(self, folder: Path, url: str, store_url: str) -> None:
        self.hosts = [Side(ROOT, folder / host, url, store_url, host) for host in ("ash", "elm")]
        for side in self.hosts:
            side.use_rules(PACKAGED / "worker.toml", source_articles=FLOOD - 20)
            (side.folder / "config/monitoring.toml").write_text(_quick_alerts())
        self.before = Side(version_before(folder / "before"), folder / "oak", url, store_url, "oak")
        self.store = SqlStore(store_url)
        self.broker = redis.Redis.from_url(url)
        self.web = ""

    def say(self, *arguments: str, code: int = 0) -> str:
        return self.hosts[0].command(*arguments, code=code)

    def status(self) -> dict[str, Any]:
        shown = subprocess.run(
            [sys.executable, "-P", "-m", "worker", "status", "--json"],
            env=self.hosts[0].environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(shown.stdout)
        return found

    def incidents(self) -> set[tuple[str, str]]:
        shown = subprocess.run(
            [sys.executable, "-P", "-m", "worker", "alerts", "--json"],
            env=self.hosts[0].environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return {(i["name"], i["about"]) for i in json.loads(shown.stdout)["incidents"]}

    def scale(self) -> dict[str, Any]:
        code, text = get(f"{self.web}/scale")
        assert code == 200, text
        found: dict[str, Any] = json.loads(text)
        return found

    def becomes(self, what: str, **expected: Any) -> None:
        """Wait until all four tell the same: parts of the status, metrics by name, parts of the
        answer to an autoscaler, and what needs attention, by status and by alerts."""
        seen: dict[str, Any] = {}

        def agree() -> bool:
            status = self.status()
            seen["status"] = {key: status.get(key) for key in expected.get("status", {})}
            numbers = samples(self.web)
            seen["metrics"] = {key: numbers.get(key) for key in expected.get("metrics", {})}
            scale = self.scale()
            seen["scale"] = {key: scale.get(key) for key in expected.get("scale", {})}
            if "needs" in expected:
                seen["needs"] = {(item["name"], item["about"]) for item in status["attention"]}
                seen["alerts"] = self.incidents()
            wanted = expected | ({"alerts": expected["needs"]} if "needs" in expected else {})
            return all(seen[key] == value for key, value in wanted.items())

        until(agree, lambda: f"{what}\n{expected}\n{seen}\n{self.hosts[0].logs(8)}")

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Let alerts be judged during a `with` block though no worker of this version is at
        work."""
        watch = subprocess.Popen(
            [sys.executable, "-P", "-m", "worker", "alerts", "watch"],
            env=self.hosts[0].environment, cwd=ROOT, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            watch.terminate()
            watch.wait(limit_s())

    def all_ended(self, receipts: Sequence[str]) -> None:
        until(lambda: len(self.store.outcomes(receipts)) == len(receipts), self.hosts[0].logs)

    def close(self) -> None:
        for side in (*self.hosts, self.before):
            side.close()
        self.store.close()
        self.broker.close()


def _quick_alerts() -> str:
    text = (PACKAGED / "monitoring.toml").read_text()
    text = re.sub(r"(?m)^(every_s|recovery_s) = \d+", r"\1 = 1", text)
    days = json.dumps(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
    closed = f'[{{sources = ["s7"], weekdays = {days}}}]'
    text = re.sub(r"(?m)^planned_pauses = \[\]", f"planned_pauses = {closed}", text)
    return text[: text.index("[alerts.for_s]")]


def raws(source: str, first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"{source}-{n}", "title": f"{source} {n}", "source": {"id": source},
         "content": [{"value": f"Report number {n} of {source}. " + f"word{n} " * 60}]}
        for n in range(first, first + count)
    ]  # fmt: skip


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    try:
        with private_valkey(port := free_port()):
            day = Day(tmp_path, f"redis://127.0.0.1:{port}/0", f"sqlite:///{tmp_path}/store.db")
            try:
                day.say("migrate")
                now, deliveries = hour_of(datetime.now(UTC)), Deliveries()
                for number in range(SOURCES):
                    deliveries.add(f"s{number}", range(now - 900, now + 1))
                deliveries.add("wire", range(now - 900, now - 60))
                deliveries.store_in(f"sqlite:///{tmp_path}/store.db")
                with web_server(day.hosts[0].environment, tmp_path) as (address, _):
                    day.web = address
                    yield day
            finally:
                day.close()
    except NoServer as e:
        skip_or_fail(e)


@pytest.mark.timeout(2700)  # a dozen waits, each of which may last on a busy machine
def test_a_day_of_an_operator_is_told_as_it_is(day: Day) -> None:
    ash, elm = day.hosts
    silent = {("source-silent", "wire")}
    workers = [ash.start_worker(), elm.start_worker()]
    day.becomes(
        "a quiet morning with one silent source",
        status={"waiting": 0, "sources": CLOSED | {"silent": 1}},
        metrics={
            "worker_workers": 2,
            "worker_source_silent wire": 1,
            "worker_source_silent s7": None,
            "worker_nothing_arrives": 0,
        },
        scale={"replicas": 0, "reason": "nothing to do", "workers": 2},
        needs=silent,
    )

    receipts = ash.enqueue(raws("s0", 0, 30))  # load
    day.all_ended(receipts)
    totals = samples(day.web)["worker_articles_total new"]

    day.say("pause", "live", "--reason", "the store moves")
    day.say("pause", "bulk")
    waiting = [*elm.enqueue(raws("s1", 0, 10)), *elm.enqueue(raws("s2", 0, FLOOD))]
    bulk = int(day.broker.llen("articles.replay"))
    assert bulk > 0
    paused = {("lane-paused", "live"), ("lane-paused", "bulk")}
    day.becomes(
        "a flood on paused lanes",
        metrics={"worker_queue_paused live": 1, "worker_queue_paused quarantine": 0,
                 "worker_queue_messages bulk 0": bulk},
        scale={"replicas": 1, "reason": "messages on a paused lane", "leased": 0},
        needs=silent | paused,
    )  # fmt: skip
    assert day.status()["pauses"]["lanes"]["live"]["reason"] == "the store moves"

    limit = int(day.broker.info("memory")["used_memory"] / 0.75)
    day.broker.config_set("maxmemory", limit)
    day.becomes(
        "a full broker",
        status={"broker_limit_bytes": limit},
        metrics={"worker_broker_memory_limit_bytes": limit},
        needs=silent | paused | {("broker-full", "")},
    )
    day.broker.config_set("maxmemory", 0)

    for side, worker in zip(day.hosts, workers, strict=True):  # both hosts lose their power
        side.kill(worker)
    for node in day.broker.hkeys("articles.workers"):
        day.broker.zincrby("articles.workers.times", -60, node)
    with day.watch():
        day.becomes(
            "no worker",
            metrics={"worker_workers": 0},
            scale={"replicas": 1, "workers": 0},
            needs=silent | paused | {("no-workers", "")},
        )

    workers = [side.start_worker() for side in day.hosts]
    for lane in ("live", "bulk"):
        day.say("resume", lane)
    day.all_ended(waiting)
    day.becomes(
        "all is processed",
        status={"waiting": 0, "leased": 0},
        metrics={"worker_articles_total new": totals + 10 + FLOOD, "worker_workers": 2},
        scale={"replicas": 0, "messages": 0},
        needs=silent,
    )

    day.say("pause", "--source", "wire")
    held = elm.enqueue(raws("wire", 0, 5))
    day.becomes(
        "a paused source",
        status={"held": 5, "sources": CLOSED | {"paused": 2}},
        metrics={"worker_held_articles": 5, "worker_sources paused": 2},
        scale={"replicas": 1, "reason": "held articles", "held": 5},
        needs=set(),
    )
    day.say("resume", "--source", "wire")
    day.all_ended(held)
    day.becomes("nothing is held", status={"held": 0}, scale={"replicas": 0}, needs=set())

    bad = ash.enqueue([{"id": "bad", "title": "no text", "source": {"id": "s3"}, "content": 3}])
    day.all_ended(bad)
    one = {"worker_dead_letters malformed": 1}
    day.becomes("a dead letter", status={"dead_letters": {"malformed": 1}}, metrics=one)
    before = samples(day.web)["worker_articles_total dead"]
    day.say("dead", "replay", "--reason", "malformed", "--yes")
    dead = {"worker_articles_total dead": before + 1, **one}
    day.becomes("it is dead again", status={"dead_letters": {"malformed": 1}}, metrics=dead)

    totals = samples(day.web)["worker_articles_total new"]
    assert "every article was made by the rules in force" in day.say("retag")
    for side in day.hosts:
        (side.folder / "config/rules").mkdir()
        (side.folder / "config/rules/desk.toml").write_text(RULE)
    day.becomes(
        "both workers follow the new rules",
        metrics={"worker_workers": 2, "worker_config_refused": 0},
        needs=set(),
    )
    day.say("retag")
    has_tag = Query(tag="desk:report")
    until(lambda: day.store.count(has_tag) == 30 + 10, ash.logs)
    day.say("ledger")
    day.becomes(
        "retagged, and nothing is missing",
        status={"waiting": 0, "leased": 0},
        metrics={"worker_articles_total new": totals, "worker_ledger_missing": 0},
        scale={"replicas": 0},
        needs=set(),
    )


def test_an_upgrade_with_messages_under_way_is_told_as_it_is(day: Day, tmp_path: Path) -> None:
    """A worker of the version before holds a message and more wait; one of this version replaces
    it."""
    silent, stops = {("source-silent", "wire")}, tmp_path / "stops"
    totals = samples(day.web)["worker_articles_total new"]
    old = day.before.start_worker()
    stops.touch()
    under_way = day.before.enqueue(
        [{"id": "stops", "title": f"FAULT stop {stops}", "content": "x"}]
    )
    until(lambda: not stops.exists(), day.before.logs)
    under_way += day.before.enqueue(raws("gate", 0, 10))
    under_way += day.hosts[0].enqueue(raws("pier", 0, 10))
    day.say("migrate")
    with day.watch():
        day.becomes(
            "a worker of the version before hangs; it can't say that it is at work",
            status={"leased": 1},
            metrics={"worker_workers": 0, "worker_leases": 1},
            scale={"replicas": 1, "leased": 1, "workers": 0},
            needs=silent | {("no-workers", "")},
        )
    new = day.hosts[1].start_worker()
    day.becomes("both versions are at work", metrics={"worker_workers": 1}, needs=silent)
    day.before.kill(old)
    day.all_ended(under_way)
    day.say("migrate")  # counts what the version before has stored
    day.say("ledger")
    day.becomes(
        "the upgrade is done, and each article ended once",
        status={"waiting": 0, "leased": 0},
        metrics={"worker_articles_total new": totals + len(under_way), "worker_workers": 1,
                 "worker_ledger_missing": 0, "worker_leases": 0},
        scale={"replicas": 0, "workers": 1},
        needs=silent,
    )  # fmt: skip
    day.hosts[1].stop(new)
    day.becomes("nobody is at work", metrics={"worker_workers": 0}, scale={"replicas": 0})
