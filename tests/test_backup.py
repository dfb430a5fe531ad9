"""A backup holds all that is needed, and after a restore the ledger names what is missing."""

import json
import resource
import shutil
import stat
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
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
from worker.model.queue_place import QueuePlace
from worker.store import store_copy
from worker.store.access_values import AccessToken, Scope
from worker.store.database.engine import open_engine, parse
from worker.store.held_values import HeldArticle
from worker.store.migrate import is_current, migrate
from worker.store.sql_store import SqlStore
from worker.store.values import Query

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
        (lambda folder: _list_file(folder, "../x", b""), "is not in"),
        (lambda folder: _edit(folder, "store_file", "store.other"), "can't be restored to"),
        (lambda folder: _edit(folder, "files", {}), "does not list broker.jsonl"),
        (lambda folder: _edit(folder, "keys", "many"), "not readable: keys"),
        (lambda folder: _edit(folder, "left_out", 3), "not readable: left_out"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "not readable"),
        (lambda folder: (folder / "manifest.json").write_bytes(b"\xff"), "not readable"),
        (lambda folder: _link_away(folder / "broker.jsonl"), "is not in"),
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


def _list_file(folder: Path, name: str, content: bytes) -> None:
    """List a file with this content in the manifest, as somebody does who has changed it."""
    files = json.loads((folder / backup_manifest.MANIFEST).read_text())["files"]
    sizes = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    _edit(folder, "files", {**files, name: sizes})


def _link_away(file: Path) -> None:
    """Move a file out of the folder, and leave a symbolic link to it there."""
    file.symlink_to(file.rename(file.parent.parent / "moved"))


def _edit(folder: Path, name: str, value: object) -> None:
    file = folder / backup_manifest.MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))


def at_schema(url: str, schema: str) -> None:
    """Bring an empty database to the schema of an earlier version."""
    config = Config()
    config.set_main_option("script_location", str(Path(store_copy.__file__).parent / "migrations"))
    engine = open_engine(parse(url))
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
    engine.dispose()


def run_sql(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run these statements in one transaction, and return the rows of the last one."""
    engine = open_engine(parse(url))
    try:
        with engine.execution_options(writes=True).begin() as connection:
            *_, last = [connection.execute(sa.text(each)) for each in statements]
            return [tuple(row) for row in last] if last.returns_rows else []
    finally:
        engine.dispose()


def test_a_backup_from_before_an_upgrade_replaces_the_store_of_after_it(place: Place) -> None:
    """Tables that later migrations have added go too, also one of a version that is not known
    here; otherwise the next migration would find them in its way."""
    place.lose_everything()
    at_schema(place.store_url, "0013")
    place.run("backup", place.backup)
    migrate(place.store_url)
    lost = place.enqueue(1, seed=1)
    place.end_all(lost)
    run_sql(
        place.store_url,
        "CREATE TABLE later (id INTEGER, article_id TEXT REFERENCES articles (article_id))",
    )
    dry = place.run("restore", place.backup, "--dry-run")
    assert ("later" in dry.output) is not store_copy.is_sqlite(place.store_url)

    place.run("restore", place.backup, "--yes")
    assert is_current(place.store_url)
    with closing(SqlStore(place.store_url)) as store:
        assert list(store.articles(Query())) == []
    engine = open_engine(parse(place.store_url))
    assert "later" not in sa.inspect(engine).get_table_names()
    engine.dispose()
    place.end_all(place.enqueue(1, seed=2))
    assert [entry["receipt"] for entry in place.ledger(code=1)["missing"]] == lost


def test_a_restore_that_fails_leaves_the_store_as_it_was(
    postgres_store_url: str, valkey: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    place = Place(postgres_store_url, valkey, valkey_url, tmp_path)
    place.end_all(place.enqueue(3, seed=1))
    place.run("backup", place.backup)
    run_sql(place.store_url, "CREATE VIEW titles AS SELECT article_id FROM articles")
    broker = keys(place.broker)
    refused = place.refused("restore", place.backup, "--yes", code=4)
    assert "view titles depends on table articles" in refused
    run_sql(place.store_url, "DROP VIEW titles", "CREATE TABLE later (id INTEGER)")

    dump = place.backup / "store.pgdump"
    dump.write_bytes(dump.read_bytes()[:-200])
    _list_file(place.backup, dump.name, dump.read_bytes())
    assert "pg_restore" in place.refused("restore", place.backup, "--yes", code=4)
    assert run_sql(place.store_url, "SELECT count(*) FROM later") == [(0,)]
    with closing(SqlStore(place.store_url)) as store:
        assert len(list(store.articles(Query()))) == 3
    assert keys(place.broker) == broker


def held(place: Place, store: SqlStore) -> None:
    queue = QueuePlace(queue="articles", priority=0, quarantined=0)
    article = HeldArticle(receipt="r", source="wire", text="{}", digest="d", frame=b"", place=queue)
    store.held.hold([article], now=NOW)


def token(place: Place, store: SqlStore) -> None:
    store.access.add_token(AccessToken(name="feed", scopes=(Scope.READ,), created=NOW), "hash")


@pytest.mark.parametrize("content", [held, token])
@sqlite_first
def test_a_store_is_not_empty_while_anything_in_it_would_be_missed(
    place: Place, content: Callable[[Place, SqlStore], None]
) -> None:
    place.run("backup", place.backup)
    with closing(SqlStore(place.store_url)) as store:
        store.take_alert_turn("worker", now=NOW, until=NOW)  # every worker writes this
        assert "replaces nothing" in place.run("restore", place.backup, "--dry-run").output
        content(place, store)
    assert "in the store" in place.run("restore", place.backup, code=2).output


def test_a_restore_that_is_cut_off_loses_nothing_of_an_sqlite_store(
    sqlite_store_url: str,
    valkey: redis.Redis,
    valkey_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last transactions are in a file of their own, the log, which must not go first."""
    place = Place(sqlite_store_url, valkey, valkey_url, tmp_path)
    place.run("backup", place.backup)
    file, killed = Path(str(parse(place.store_url).database)), tmp_path / "killed"
    killed.mkdir()
    with closing(SqlStore(place.store_url)) as store:
        store.write([record(article("id:1"), receipt="1")], [], [], now=NOW)
        for path in file.parent.glob(f"{file.name}*"):  # as a worker leaves them that was killed
            shutil.copy(path, killed)
    place.store_url = f"sqlite:///{killed / file.name}"
    assert (killed / f"{file.name}-wal").stat().st_size

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut_off)
        place.run("restore", place.backup, "--yes", code=1)
    assert not list(killed.glob("*.restoring"))
    with closing(SqlStore(place.store_url)) as store:
        assert set(store.outcomes(["1"])) == {"1"}


def test_a_link_to_an_sqlite_store_stays_a_link(
    sqlite_store_url: str, valkey: redis.Redis, valkey_url: str, tmp_path: Path
) -> None:
    file, link = Path(str(parse(sqlite_store_url).database)), tmp_path / "link.db"
    link.symlink_to(file)
    place = Place(f"sqlite:///{link}", valkey, valkey_url, tmp_path)
    sent = place.enqueue(1, seed=1)
    place.end_all(sent)
    place.run("backup", place.backup)
    with closing(SqlStore(place.store_url)) as store:
        store.write([record(article("id:later"), receipt="later")], [], [], now=NOW)
    place.run("restore", place.backup, "--yes")
    assert link.is_symlink()
    with closing(SqlStore(sqlite_store_url)) as store:
        assert set(store.outcomes([*sent, "later"])) == set(sent)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file of this process and its children become larger than `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_a_backup_and_a_restore_and_stays_no_fuller(place: Place) -> None:
    place.end_all(place.enqueue(3, seed=1))
    with full_disk(8_000):
        environment = {"WORKER_STORE_URL": place.store_url, "WORKER_BROKER_URL": place.broker_url}
        failed = CliRunner().invoke(group, ["backup", str(place.backup)], env=environment)
    assert isinstance(failed.exception, WorkerError | OSError), failed.exception
    assert not list(place.backup.iterdir())
    place.run("backup", place.backup)
    if store_copy.is_sqlite(place.store_url):
        with full_disk(100_000):
            failed = CliRunner().invoke(
                group, ["restore", str(place.backup), "--yes"], env=environment
            )
        assert isinstance(failed.exception, OSError), failed.exception
        file = Path(str(parse(place.store_url).database))
        assert not list(file.parent.glob("*.restoring"))
    with closing(SqlStore(place.store_url)) as store:
        assert len(list(store.articles(Query()))) == 3


@sqlite_first
def test_a_broker_that_cannot_read_the_backup_is_told_before_anything_changes(
    place: Place,
) -> None:
    place.end_all(place.enqueue(1, seed=1))
    place.run("backup", place.backup)
    file = place.backup / "broker.jsonl"
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    dump = bytearray(b64decode(entries[0]["dump"]))
    dump[-10] = 99  # the version of the format, in which a later server has written
    entries[0]["dump"] = b64encode(dump).decode()
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    _list_file(place.backup, file.name, file.read_bytes())
    place.enqueue(1, seed=2)
    with closing(SqlStore(place.store_url)) as store:
        store.write([record(article("id:later"), receipt="later")], [], [], now=NOW)
    before = keys(place.broker)
    assert "use the server's version" in place.refused("restore", place.backup, "--yes", code=3)
    assert keys(place.broker) == before
    with closing(SqlStore(place.store_url)) as store:
        assert store.outcomes(["later"])


@sqlite_first
def test_a_broker_with_too_little_memory_for_a_backup_says_so(place: Place) -> None:
    place.enqueue(40, seed=1)
    place.run("backup", place.backup)
    broker = keys(place.broker)
    place.broker.flushall()
    place.broker.config_set("maxmemory", place.broker.info("memory")["used_memory"] // 2)
    try:
        told = place.refused("restore", place.backup, code=3)
    finally:
        place.broker.config_set("maxmemory", 0)
    assert "maxmemory" in told
    place.run("restore", place.backup, "--yes")
    assert keys(place.broker) == broker


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
