"""A stack to break: a config with short times, a broker, and workers that can be killed."""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.nursery import Worker, nursery
from worker.models import Outcome
from worker.producer import Producer
from worker.rules import PACKAGED
from worker.store.sql import SqlStore

# Short, so that a test waits seconds where production waits minutes.
TIMES = {
    "article_s": 1,
    "hard_limit_s": 12,
    "visibility_timeout_s": 14,
    "restore_interval_s": 1,
    "drain_s": 10,
    "budget_s": 3,
}


class Stack:
    """Workers on one broker and one store, and what became of what was enqueued."""

    def __init__(self, folder: Path, broker_url: str, store_url: str, **times: float) -> None:
        self.folder = folder
        self.broker_url = broker_url
        self.store = SqlStore(store_url)
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
        }
        self.workers: list[Worker] = []
        (folder / "var").mkdir()

    def start_worker(self, *, faults: bool = False, processes: int = 2) -> Worker:
        """With `faults`, articles may be dangerous to it; see faults/sitecustomize.py."""
        number = len(self.workers)
        arguments = ["-A", "worker", "worker", "-l", "INFO", "-c", str(processes)]
        arguments += ["-n", f"w{number}@chaos", "--without-gossip", "--without-mingle"]
        log = self.folder / f"worker-{number}.log"
        self.workers.append(nursery().start(arguments, self.environment, log, faults=faults))
        return self.workers[-1]

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


def until(condition: Callable[[], bool], what: str, deadline_s: float = 60) -> None:
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
