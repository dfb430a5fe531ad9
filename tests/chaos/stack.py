"""A stack to break: a config with short times, a broker, and workers that can be killed."""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.nursery import Worker, nursery
from worker.broker.connection import BrokerConnection
from worker.broker.inventory import MessageState, list_messages
from worker.celery import make_app
from worker.client.producer import Producer
from worker.config.rule_files import PACKAGED
from worker.config.worker_rules import load_worker_rules
from worker.model.records import Outcome
from worker.store.sql_store import SqlStore

# Short where a test waits for it; what only ends what hangs is long, for the sake of busy machines.
TIMES = {
    "article_s": 1,
    "hard_limit_s": 60,
    "visibility_timeout_s": 65,
    "restore_interval_s": 1,
    "drain_s": 10,
    "budget_s": 3,
}
LEASE_S = 6.0
PATIENCE_S = 90.0  # a busy machine may take as long to start a process, and has lost nothing


class Stack:
    """Workers on one broker and one store, and what became of what was enqueued."""

    def __init__(
        self,
        folder: Path,
        broker_url: str,
        store_url: str,
        *,
        app: str = "tests.chaos.brief",
        lease_s: float = LEASE_S,
        **times: float,
    ) -> None:
        """`times` are keys of worker.toml; the app may take another lease than it allows."""
        self.folder = folder
        self.broker_url = broker_url
        self.store = SqlStore(store_url)
        self.lease_s = lease_s
        self.patience_s = PATIENCE_S
        config = folder / "config"
        config.mkdir()
        shutil.copy(PACKAGED / "worker.toml", config)
        _set(config / "worker.toml", {**TIMES, **times})
        clean = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
        self.environment = clean | {
            "WORKER_VAR_DIR": str(folder / "var"),
            "WORKER_CONFIG_DIR": str(config),
            "WORKER_BROKER_URL": broker_url,
            "WORKER_STORE_URL": store_url,
            "CHAOS_LEASE_S": str(lease_s),
        }
        self.workers: list[Worker] = []
        self.ended = 0  # workers that ended although nobody asked them to
        self._app = app
        self._expected: set[int] = set()
        self._options: dict[int, dict[str, Any]] = {}
        (folder / "var").mkdir()

    def start_worker(self, **options: Any) -> Worker:
        """`processes=2`; with `faults=True` articles may be dangerous: faults/sitecustomize.py."""
        worker = self._start(**options)
        self.workers.append(worker)
        self._options[worker.pid] = options
        return worker

    def _start(self, *, faults: bool = False, processes: int = 2, level: str = "INFO") -> Worker:
        number = len(self.workers)
        arguments = ["-A", self._app, "worker", "-l", level, "-c", str(processes)]
        arguments += ["-n", f"w{number}@chaos", "--without-gossip", "--without-mingle"]
        log = self.folder / f"worker-{number}.log"
        return nursery().start(arguments, self.environment, log, faults=faults)

    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.poll() is None]

    def expect_end(self, worker: Worker) -> None:
        """It is about to be ended: nobody is to take its place."""
        self._expected.add(worker.pid)

    def tend(self) -> None:
        """What a supervisor does: in place of each worker that ended by itself, start another."""
        for worker in [w for w in self.workers if w.pid not in self._expected]:
            if worker.poll() is not None:
                self._expected.add(worker.pid)
                self.ended += 1
                self.start_worker(**self._options[worker.pid])

    def held(self) -> set[str]:
        """Receipts of what waits in the broker or is leased."""
        app = make_app(
            self.broker_url, load_worker_rules(Path(self.environment["WORKER_CONFIG_DIR"]))
        )
        with BrokerConnection(app).channel() as channel:
            found = list_messages(channel, list(app.amqp.queues))
            return {
                r
                for place, receipts in found
                for r in receipts
                if place != MessageState.UNDELIVERABLE
            }

    def enqueue(self, raws: Sequence[Any]) -> list[str]:
        with Producer(self.broker_url) as producer:
            return producer.enqueue(raws, invalid="bury")

    def outcomes(self, receipts: Sequence[str], deadline_s: float = 120) -> dict[str, Outcome]:
        """Wait until every receipt has its outcome."""
        done: dict[str, Outcome] = {}

        def complete() -> bool:
            pending = [receipt for receipt in receipts if receipt not in done]
            done.update(self.store.outcomes(pending))
            return len(done) == len(receipts)

        try:
            until(complete, "every receipt has its outcome", deadline_s)
        except AssertionError as e:
            waiting = len(receipts) - len(done)
            raise AssertionError(f"{waiting} without outcome\n{self.logs(40)}") from e
        return done

    def children(self, worker: Worker) -> list[int]:
        """The pool's processes of a worker, not what those started."""
        path = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def logs(self, lines: int = 15) -> str:
        texts = []
        for log in sorted(self.folder.glob("worker-*.log")):
            texts += [log.name, *log.read_text("utf-8", "replace").splitlines()[-lines:]]
        return "\n".join(texts)

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
        self.store.close()


def until(condition: Callable[[], bool], what: str, deadline_s: float = 120) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"timed out: {what}"
        time.sleep(0.05)


def _set(path: Path, values: dict[str, float]) -> None:
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        key = line.partition("=")[0].strip()
        if key in values:
            lines[number] = f"{key} = {json.dumps(values[key])}"
    path.write_text("\n".join(lines) + "\n")
