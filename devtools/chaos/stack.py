"""A worker stack for fault tests: short times in the config, workers that can be killed."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devtools.chaos.fork_server import Worker, fork_server
from devtools.waiting import until
from worker.broker.connection import BrokerConnection
from worker.broker.inventory import MessageState, list_messages
from worker.celery import make_app
from worker.client.producer import Producer
from worker.config.rule_files import PACKAGED
from worker.config.worker_rules import load_worker_rules
from worker.model.records import Outcome
from worker.store.sql_store import SqlStore

# Times that a test waits for are short. Limits that only end hanging work are long, because a busy
# machine is slow.
TIMES = {
    "article_s": 1,
    "hard_limit_s": 60,
    "visibility_timeout_s": 65,
    "restore_interval_s": 1,
    "drain_s": 10,
    "budget_s": 3,
}
LEASE_S = 6.0


class Stack:
    """Workers on one broker and one store, and the outcomes of the articles enqueued there."""

    def __init__(
        self,
        folder: Path,
        broker_url: str,
        store_url: str,
        *,
        app: str = "devtools.chaos.short_lease_app",
        lease_s: float = LEASE_S,
        **times: float,
    ) -> None:
        """`times` are keys of worker.toml. `lease_s` may be shorter than worker.toml allows."""
        self.folder = folder
        self.broker_url = broker_url
        self.store_url = store_url
        self.store = SqlStore(store_url)
        self.lease_s = lease_s
        self.patience_s: float | None = None  # instead of what tests wait
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
        self.ended = 0  # workers that ended without being asked to
        self._app = app
        self._expected: set[int] = set()
        self._options: dict[int, dict[str, Any]] = {}
        (folder / "var").mkdir()

    def start_worker(self, **options: Any) -> Worker:
        """Options: `processes=2`; `mingle=True`: it asks other workers first, as Celery's default
        is; `faults=True`: articles may break it (faults/sitecustomize.py)."""
        worker = self._start(**options)
        self.workers.append(worker)
        self._options[worker.pid] = options
        return worker

    def _start(
        self,
        *,
        faults: bool = False,
        processes: int = 2,
        level: str = "INFO",
        mingle: bool = False,
    ) -> Worker:
        number = len(self.workers)
        arguments = ["-A", self._app, "worker", "-l", level, "-c", str(processes)]
        arguments += ["-n", f"w{number}@chaos"]
        arguments += [] if mingle else ["--without-gossip", "--without-mingle"]
        log = self.folder / f"worker-{number}.log"
        return fork_server().start(arguments, self.environment, log, faults=faults)

    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.poll() is None]

    def expect_end(self, worker: Worker) -> None:
        """Do not replace this worker when it ends."""
        self._expected.add(worker.pid)

    def replace_ended_workers(self) -> None:
        """Start a new worker for each one that ended unexpectedly, as a supervisor does."""
        for worker in [w for w in self.workers if w.pid not in self._expected]:
            if worker.poll() is not None:
                self._expected.add(worker.pid)
                self.ended += 1
                self.start_worker(**self._options[worker.pid])

    def queued_receipts(self) -> set[str]:
        """Receipts of the articles that wait in the broker or are leased."""
        app = make_app(
            self.broker_url, load_worker_rules(Path(self.environment["WORKER_CONFIG_DIR"]))
        )
        with BrokerConnection(app).channel() as channel:
            messages = list_messages(channel, list(app.amqp.queues))
            return {
                r
                for state, receipts in messages
                for r in receipts
                if state != MessageState.UNDELIVERABLE
            }

    def enqueue(self, raws: Sequence[Any]) -> list[str]:
        with Producer(self.broker_url) as producer:
            return producer.enqueue(raws, invalid="bury")

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """Wait until every receipt has its outcome."""
        done: dict[str, Outcome] = {}

        def complete() -> bool:
            pending = [receipt for receipt in receipts if receipt not in done]
            done.update(self.store.outcomes(pending))
            return len(done) == len(receipts)

        try:
            until(complete, "every receipt has its outcome")
        except AssertionError as e:
            waiting = len(receipts) - len(done)
            raise AssertionError(f"{waiting} without outcome\n{self.logs(40)}") from e
        return done

    def children(self, worker: Worker) -> list[int]:
        """Process ids of a worker's pool, without the processes that the pool started."""
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


def _set(path: Path, values: dict[str, float]) -> None:
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        key = line.partition("=")[0].strip()
        if key in values:
            lines[number] = f"{key} = {json.dumps(values[key])}"
    path.write_text("\n".join(lines) + "\n")
