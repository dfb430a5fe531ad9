"""Workers, producers and commands of two versions of this package on one broker and one store.

The version before is taken out of the repository's history and run by the same interpreter, with
the same libraries, which the lock files of both versions allow.
"""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from devtools.servers import free_port, private_valkey
from devtools.waiting import limit_s, until

VERSION_BEFORE = "7f6d9b4"  # the commit of release 0.2.0
ROOT = Path(__file__).parents[2]
CHAOS = ROOT / "devtools" / "chaos"
LEASE_S = 6.0
# Times of worker.toml that a test waits for; the limits that end hanging work stay long.
TIMES = {"hard_limit_s": 120, "visibility_timeout_s": 130, "restore_interval_s": 1}
_PRODUCE = """
import json, sys
from worker import Producer
with Producer(sys.argv[1]) as producer:
    print(json.dumps(producer.enqueue(json.load(sys.stdin), invalid="bury")))
"""


def version_before(folder: Path) -> Path:
    """Unpack the version before into a folder and return it; without the history the test skips."""
    try:
        done = subprocess.run(
            ["git", "-C", ROOT, "archive", VERSION_BEFORE], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("git is not installed, so the version before can't be had")
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()
        pytest.skip(f"this clone has no commit {VERSION_BEFORE}, the version before: {why}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Side:
    """One version of the package on one host: its workers, producers and its `worker` command."""

    def __init__(
        self, root: Path, folder: Path, broker_url: str, store_url: str, host: str = "mixed"
    ) -> None:
        folder.mkdir()
        self.root, self.folder, self.broker_url, self.host = root, folder, broker_url, host
        self.workers: list[subprocess.Popen[bytes]] = []
        shutil.copy(CHAOS / "short_lease_app.py", folder)
        self.use_rules(root / "config" / "worker.toml")
        path = [folder, CHAOS / "faults", root]
        left_out = ("WORKER_", "PYTHONPYCACHEPREFIX")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        self.environment |= {
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "WORKER_VAR_DIR": str(folder / "var"),
            "WORKER_CONFIG_DIR": str(folder / "config"),
            "WORKER_BROKER_URL": broker_url,
            "WORKER_STORE_URL": store_url,
            "CHAOS_LEASE_S": str(LEASE_S),
        }

    def use_rules(self, worker_toml: Path, **values: float) -> None:
        """Copy this file to the version's config folder, with short times and these values."""
        text = worker_toml.read_text()
        for key, value in {**TIMES, **values}.items():
            text, found = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {json.dumps(value)}  ", text)
            assert found == 1, key
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config" / "worker.toml").write_text(text)

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a worker with one pool process, as users do it; return it when it is ready.

        An article whose title begins with FAULT may break it (devtools/chaos/faults).
        """
        number = len(self.workers)
        log = self.folder / f"worker-{number}.log"
        arguments = ["celery", "-A", "short_lease_app", "worker", "-c", "1", "-l", "INFO"]
        arguments += ["-n", f"{self.folder.name}-{number}@{self.host}"]
        with log.open("wb") as output:
            worker = subprocess.Popen(
                [sys.executable, "-P", "-m", *arguments],
                env=self.environment,
                cwd=self.root,
                start_new_session=True,
                stdout=output,
                stderr=output,
            )
        self.workers.append(worker)

        def is_ready() -> bool:
            assert worker.poll() is None, self.logs()
            return b"ready." in log.read_bytes()

        until(is_ready, self.logs)
        return worker

    def kill(self, worker: "subprocess.Popen[bytes]") -> None:
        """End a worker and its pool at once, as a machine does that loses its power."""
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def stop(self, worker: "subprocess.Popen[bytes]") -> None:
        worker.terminate()
        assert worker.wait(limit_s()) == 0, self.logs()

    def enqueue(self, raws: Sequence[Any]) -> list[str]:
        """Push articles by a Producer of this version; return their receipts."""
        done = self._run("-c", _PRODUCE, self.broker_url, stdin=json.dumps(raws))
        receipts: list[str] = json.loads(done.stdout)
        return receipts

    def command(self, *arguments: str, code: int = 0) -> str:
        """The output of a `worker` command of this version."""
        return self._run("-m", "worker", *arguments, code=code).stdout

    def _run(
        self, *arguments: str, stdin: str = "", code: int = 0
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-P", *arguments],
            env=self.environment,
            cwd=self.root,
            input=stdin,
            check=False,
            capture_output=True,
            text=True,
            timeout=limit_s(),
        )
        assert done.returncode == code, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def logs(self, lines: int = 25) -> str:
        texts = []
        for log in sorted(self.folder.glob("worker-*.log")):
            texts += [str(log), *log.read_text("utf-8", "replace").splitlines()[-lines:]]
        return "\n".join(texts)

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                self.kill(worker)


class Mixed:
    """Both versions on one broker and one store that nothing has migrated so far."""

    def __init__(self, root_before: Path, folder: Path, url: str, store_url: str) -> None:
        self.before = Side(root_before, folder / "before", url, store_url)
        self.now = Side(ROOT, folder / "now", url, store_url)
        self.broker = redis.Redis.from_url(url)
        self.store_url = store_url

    def leased(self) -> int:
        return int(self.broker.hlen("unacked"))

    def logs(self) -> str:
        return self.before.logs() + "\n" + self.now.logs()

    def close(self) -> None:
        self.before.close()
        self.now.close()
        self.broker.close()


@contextmanager
def mixed_versions(root_before: Path, folder: Path, store_url: str) -> Iterator[Mixed]:
    """Yield both versions on a broker of their own. Raises NoServer without a server program."""
    port = free_port()
    with private_valkey(port):
        mixed = Mixed(root_before, folder, f"redis://127.0.0.1:{port}/0", store_url)
        try:
            yield mixed
        finally:
            mixed.close()
