"""A backup holds all that is needed, and after a restore the ledger names what is missing."""

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from click.testing import CliRunner, Result

from devtools.generated_articles import generate
from devtools.waiting import limit_s
from tests.make import article, record
from tests.running import ALONE, Running, running_worker
from tests.store.aged import said
from tests.support.stores import sqlite_first
from tests.worker_rules import own_rules
from worker import Producer
from worker.broker.connection import BrokerConnection
from worker.broker.presence import WorkerState, announce
from worker.celery import make_app
from worker.cli import group
from worker.config.worker_rules import load_worker_rules
from worker.errors import WorkerError, exit_code
from worker.maintenance import backup_manifest
from worker.store import store_copy
from worker.store.database.engine import open_engine, parse
from worker.store.sql_store import SqlStore

pytestmark = pytest.mark.processes
NOW = datetime.now(UTC)


class Place:
    """A store, a broker and a folder for backups; commands run on them."""

    def __init__(self, store_url: str, broker: redis.Redis, broker_url: str, folder: Path) -> None:
        self.store_url = store_url
        self.broker = broker
        self.broker_url = broker_url
        self.folder = folder
        self.backup = folder / "backup"
        self.journal = folder / "sent.jsonl"

    def run(self, *arguments: object, code: int = 0) -> Result:
        environment = {
            "WORKER_STORE_URL": self.store_url,
            "WORKER_BROKER_URL": self.broker_url,
            "WORKER_CONFIG_DIR": str(own_rules(self.folder, grace_s=0)),
        }
        done = CliRunner().invoke(group, [str(a) for a in arguments], env=environment)
        assert not done.exception or isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == code, done.output
        return done

    def refused(self, *arguments: object, code: int) -> str:
        """The error with which `main` ends a command by this exit code."""
        environment = {"WORKER_STORE_URL": self.store_url, "WORKER_BROKER_URL": self.broker_url}
        done = CliRunner().invoke(group, [str(a) for a in arguments], env=environment)
        assert isinstance(done.exception, WorkerError), done.exception
        assert exit_code(done.exception) == code
        return str(done.exception)

    def enqueue(self, count: int, seed: int) -> list[str]:
        with Producer(self.broker_url, journal=self.journal) as producer:
            return producer.enqueue(list(generate(count, chars=300, seed=seed)))

    def end_all(self, receipts: list[str]) -> None:
        """Store outcomes of these articles, and take their messages off the queue."""
        with closing(SqlStore(self.store_url)) as store:
            store.write([record(article(f"id:{r}"), receipt=r) for r in receipts], [], [], now=NOW)
        self.broker.delete("articles")

    def lose_everything(self) -> None:
        self.broker.flushall()
        if store_copy.is_sqlite(self.store_url):
            file = Path(str(parse(self.store_url).database))
            for path in file.parent.glob(f"{file.name}*"):
                path.unlink()
            return
        engine = open_engine(parse(self.store_url))
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        engine.dispose()

    def ledger(self, code: int) -> dict[str, Any]:
        done = self.run("ledger", "--json", "--journal", self.journal, code=code)
        audit: dict[str, Any] = json.loads(done.stdout)
        return audit


@pytest.fixture
def place(store_url: str, valkey: redis.Redis, valkey_url: str, tmp_path: Path) -> Place:
    return Place(store_url, valkey, valkey_url, tmp_path)


def keys(broker: redis.Redis) -> dict[bytes, bytes]:
    """The keys that do not expire in a moment."""
    lasting = (name for name in broker.keys("*") if broker.ttl(name) < 0)
    return {name: value for name in lasting if (value := broker.dump(name))}


def test_after_a_restore_the_ledger_names_exactly_what_was_sent_after_the_backup(
    place: Place,
) -> None:
    place.end_all(place.enqueue(6, seed=1))
    place.enqueue(4, seed=2)
    broker, store = keys(place.broker), SqlStore(place.store_url)
    facts = said(store)
    store.close()
    place.run("backup", place.backup, "--journal", place.journal)
    after = place.enqueue(5, seed=3)

    place.lose_everything()
    place.run("restore", place.backup)
    assert keys(place.broker) == broker
    with closing(SqlStore(place.store_url)) as restored:
        assert said(restored) == facts
    audit = place.ledger(code=1)
    assert sorted(entry["receipt"] for entry in audit["missing"]) == sorted(after)
    [day] = audit["days"]
    assert (day["received"], day["waiting"], day["ended"]) == (15, 4, {"new": 6})
    # The copy of the journal ends where the backup does, so it names nothing.
    copied = place.backup / "journals" / "1-sent.jsonl"
    assert copied.read_text().count("\n") == 2


@sqlite_first
def test_what_ends_while_the_backup_is_made_is_in_both_copies(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = place.enqueue(3, seed=1)
    copy = store_copy.copy_store

    def ended_just_before(*arguments: Any) -> None:
        place.end_all(sent)  # the broker is copied already
        copy(*arguments)

    monkeypatch.setattr("worker.maintenance.backup.copy_store", ended_just_before)
    place.run("backup", place.backup)
    place.lose_everything()
    place.run("restore", place.backup)
    assert place.broker.llen("articles") == 1  # it is processed again, without effect
    audit = place.ledger(code=0)
    assert audit["missing"] == []
    assert audit["days"][0]["ended"] == {"new": 3}


@sqlite_first
def test_a_backup_is_private_has_a_manifest_and_overwrites_nothing(place: Place) -> None:
    place.enqueue(2, seed=1)
    done = place.run("backup", place.backup, "--journal", place.journal, "--json")
    manifest = json.loads(done.stdout)
    names = {str(p.relative_to(place.backup)) for p in place.backup.rglob("*") if p.is_file()}
    assert names == {*manifest["files"], "manifest.json"}
    assert manifest["schema"] == "0024"
    for path in (place.backup, *place.backup.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    before = {path: path.stat().st_mtime_ns for path in place.backup.rglob("*")}
    assert "is not empty" in place.refused("backup", place.backup, code=4)
    assert {path: path.stat().st_mtime_ns for path in place.backup.rglob("*")} == before


def test_a_place_that_is_not_empty_is_replaced_only_when_asked(place: Place) -> None:
    sent = place.enqueue(2, seed=1)
    place.end_all(sent)
    place.run("backup", place.backup)
    later = place.enqueue(1, seed=2)
    with closing(SqlStore(place.store_url)) as store:
        store.write([record(article("id:later"), receipt="later")], [], [], now=NOW)
    said_before = keys(place.broker)

    refused = place.run("restore", place.backup, code=2)
    assert "articles or outcomes in the store" in refused.output
    dry = place.run("restore", place.backup, "--dry-run", "--yes")
    assert "nothing is changed yet" in " ".join(dry.output.split())
    assert keys(place.broker) == said_before
    with closing(SqlStore(place.store_url)) as store:
        assert store.outcomes(["later"])

    place.run("restore", place.backup, "--yes")
    with closing(SqlStore(place.store_url)) as store:
        assert set(store.outcomes([*sent, "later"])) == set(sent)
    assert place.broker.llen("articles") == 0
    assert [entry["receipt"] for entry in place.ledger(code=1)["missing"]] == later


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "no complete backup"),
        (lambda folder: (folder / "broker.jsonl").unlink(), "is missing"),
        (lambda folder: _flip_last_byte(folder / "broker.jsonl"), "is damaged"),
        (lambda folder: _edit(folder, "format", 99), "format 99"),
        (lambda folder: _edit(folder, "files", {"../x": {"bytes": 1, "sha256": ""}}), "is not in"),
        (lambda folder: _edit(folder, "store_file", "store.other"), "can't be restored to"),
    ],
)
@sqlite_first
def test_a_damaged_backup_is_refused_before_anything_changes(
    place: Place, damage: Any, message: str
) -> None:
    place.end_all(place.enqueue(1, seed=1))
    place.run("backup", place.backup)
    damage(place.backup)
    place.enqueue(1, seed=2)
    before = keys(place.broker)
    assert message in place.refused("restore", place.backup, "--yes", code=4)
    assert keys(place.broker) == before


def _flip_last_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def _edit(folder: Path, name: str, value: object) -> None:
    file = folder / backup_manifest.MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))


@sqlite_first
def test_a_restore_is_refused_while_a_worker_is_at_work(
    place: Place,
) -> None:
    place.run("backup", place.backup)
    state = WorkerState(
        node="celery@other",
        processes=1,
        busy=0,
        version="1",
        digest="",
        refused=False,
        memory_bytes=0,
        started=NOW,
    )
    link = BrokerConnection(make_app(place.broker_url, load_worker_rules()))
    with link.channel() as channel:
        announce(channel, "articles", state)
    link.close()
    assert "celery@other" in place.refused("restore", place.backup, "--yes", code=4)


def test_without_the_programs_of_postgresql_the_error_says_what_to_install(
    postgres_store_url: str,
    valkey: redis.Redis,
    valkey_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place(postgres_store_url, valkey, valkey_url, tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "pg_dump is not installed here" in place.refused("backup", place.backup, code=4)
    assert not (place.backup / "manifest.json").exists()


@pytest.fixture
def running() -> Iterator[Running]:
    yield from running_worker()


def stop(worker: "subprocess.Popen[bytes]") -> None:
    worker.terminate()
    worker.wait(limit_s())


@pytest.mark.long
def test_workers_go_on_with_a_restored_system(running: Running, tmp_path: Path) -> None:
    """Everything is killed and lost; then the queue of the backup is worked off, and what the
    ledger names is sent again under the same receipts."""
    place = Place(running.store_url, running.broker, running.url, tmp_path)
    first = place.enqueue(5, seed=1)
    running.until(lambda: len(running.store.outcomes(first)) == 5, "outcomes")
    stop(running.worker)
    waiting = place.enqueue(3, seed=2)
    place.run("backup", place.backup, "--journal", place.journal)
    after = place.enqueue(2, seed=3)
    running.store.close()
    place.lose_everything()

    place.run("restore", place.backup)
    missing = [entry["receipt"] for entry in place.ledger(code=1)["missing"]]
    assert sorted(missing) == sorted(after)
    raws = generate(2, chars=300, seed=3)
    with Producer(place.broker_url) as producer:
        again = [{**raw, "receipt": receipt} for raw, receipt in zip(raws, after, strict=True)]
        assert producer.enqueue(again) == after
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "-c", "1", *ALONE]
    with subprocess.Popen(command, env=running.environment, stderr=subprocess.DEVNULL) as worker:
        every = [*first, *waiting, *after]
        running.until(lambda: len(running.store.outcomes(every)) == 10, "all outcomes")
        stop(worker)
    audit = place.ledger(code=0)
    assert audit["missing"] == []
    assert sum(day["received"] for day in audit["days"]) == 10
