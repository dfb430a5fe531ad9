"""The stock command at work on a private server: one process, so that one lost slot stops it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import redis

from devtools.servers import NoServer, free_port, private_valkey
from devtools.waiting import limit_s, until
from tests.missing_server import skip_or_fail
from tests.store.stored import rows
from worker.errors import Reason
from worker.model.records import Outcome
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.sql_store import SqlStore

ROOT = Path(__file__).parent.parent
_BESIDE_MESSAGES = (  # ends of keys
    *(b".journal", b".workers", b".workers.times"),
    *(b".counters", b".pauses", b".recent", b".oldest", b".ledger", b".alerts", b".alerts.turn"),
    b".sources",
)


class Running(NamedTuple):
    """A worker at work: where its broker is, and what it has written."""

    url: str
    environment: dict[str, str]
    broker: redis.Redis
    store: SqlStore
    log: Path
    worker: "subprocess.Popen[bytes]"
    store_url: str

    def outcome(self, receipt: str) -> Outcome:
        self.until(lambda: bool(self.store.outcomes([receipt])), f"an outcome for {receipt}")
        return self.store.outcomes([receipt])[receipt]

    def until(self, condition: Callable[[], bool], what: str) -> None:
        until(condition, lambda: f"{what}\n{self.log.read_text()[-2000:]}")

    def undeliverable(self) -> dict[str, str]:
        """Messages that became dead letters, and why."""
        letter_ids = self.store.letter_ids(DeadLetterQuery(reason=Reason.UNDELIVERABLE))
        return {letter.payload: letter.detail for letter in self.store.letters(letter_ids)}

    def articles(self) -> int:
        """How many are stored."""
        return len(rows(self.store_url, "articles"))

    def idle(self) -> bool:
        """Whether no message waits or is leased."""
        keys = self.broker.keys("articles*")
        waiting = [key for key in keys if not key.endswith(_BESIDE_MESSAGES)]
        return not waiting and not self.broker.hlen("unacked")

    def ended(self) -> bool:
        """Whether no message waits or is leased; some may be on their way to the dead letters."""
        waiting = self.broker.exists("articles", "articles.replay", "articles.quarantine")
        return not waiting and not self.broker.hlen("unacked")

    def lines(self) -> list[str]:
        """What the worker said, but for the lines that Celery writes of every message."""
        said = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in said if "Task articles." not in line]


ALONE = ("--without-gossip", "--without-mingle")


def running_worker(
    store_url: str = "", options: Sequence[str] = ALONE, settings: Mapping[str, str] = {}
) -> Iterator[Running]:
    """A worker on this store, or on one of its own, with these settings. Without a server the test
    skips; with CI=true it fails."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="msg", ignore_cleanup_errors=True) as folder:
        try:
            with private_valkey(port), redis.Redis(port=port) as broker:
                url = f"redis://127.0.0.1:{port}/0"
                yield from _started(Path(folder), url, broker, store_url, options, settings)
        except NoServer as e:
            skip_or_fail(e)


def _started(
    folder: Path,
    url: str,
    broker: redis.Redis,
    store_url: str,
    options: Sequence[str],
    settings: Mapping[str, str],
) -> Iterator[Running]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
    environment |= {"WORKER_BROKER_URL": url, "WORKER_VAR_DIR": str(folder)}
    environment |= settings
    if store_url:
        environment["WORKER_STORE_URL"] = store_url
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "-c", "1"]
    command += [*options, "--loglevel", "INFO"]
    log = folder / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=ROOT)
    store_url = store_url or f"sqlite:///{folder}/articles.sqlite3"
    store = SqlStore(store_url)
    running = Running(url, environment, broker, store, log, worker, store_url)
    try:
        running.until(lambda: b"ready." in log.read_bytes(), "the worker to start")
        # Commands that need a worker look here, a moment later.
        running.until(lambda: bool(broker.hlen("articles.workers")), "the worker to be listed")
        yield running
    finally:
        store.close()
        worker.terminate()
        worker.wait(limit_s())
