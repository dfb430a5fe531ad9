"""Fork server for workers: one process imports the modules that a worker needs, and forks workers.

A forked worker runs `celery worker` with its own environment, pool and sandboxes. It only saves the
three seconds of imports, which a test would otherwise pay for each worker that it kills.

The server reads one JSON request a line on standard input: {"start": {…}} is answered with the
process id, {"poll": process id} with the exit code, or null while the process lives.
"""

import atexit
import importlib
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from signal import SIGKILL, SIGTERM
from threading import Lock
from typing import Any

from devtools.waiting import until

# All but worker.celery and worker.tasks: these read the environment when they are imported.
_MODULES = """
    celery.__main__ celery.apps.worker celery.bin.worker celery.concurrency.prefork
    worker.broker.server_info worker.broker.shutdown worker.broker.heartbeat worker.broker.journal
    worker.broker.leases worker.broker.transport worker.broker.request worker.bootstrap
    worker.runtime.quarantine worker.store.migrate worker.maintenance.undeliverable
""".split()
_FAULTS = Path(__file__).parent / "faults"


class Worker:
    """The main process of a worker. Has the methods of subprocess.Popen that tests need."""

    def __init__(self, fork_server: "ForkServer", pid: int) -> None:
        self._fork_server = fork_server
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._fork_server.ask({"poll": self.pid})
        return self.returncode

    def wait(self) -> int:
        until(lambda: self.poll() is not None, f"worker {self.pid} ends")
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        os.kill(self.pid, SIGTERM)

    def kill(self) -> None:
        """Kill the worker with its pool and its sandboxes: each worker leads a process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, SIGKILL)


class ForkServer:
    """Client of the fork server, which it starts. Threads may share it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "devtools.chaos.fork_server"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, cwd=Path(__file__).parents[2], **pipes)
        self._lock = Lock()

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        faults: bool = False,
    ) -> Worker:
        """Start `celery` with these arguments. `faults`: titles like "FAULT kill" break it."""
        # Processes that the worker starts import faults/sitecustomize.py from this path.
        extra = {"PYTHONPATH": f"{_FAULTS}{os.pathsep}{Path.cwd()}"} if faults else {}
        request = {"arguments": arguments, "environment": {**environment, **extra}}
        return Worker(self, self.ask({"start": request | {"log": str(log), "faults": faults}}))

    def ask(self, request: dict[str, Any]) -> Any:
        with self._lock:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the fork server has ended"
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()


@cache
def fork_server() -> ForkServer:
    """Return the fork server of this process; the first call starts it."""
    opened = ForkServer()
    atexit.register(opened.close)
    return opened


def main() -> None:
    for module in _MODULES:
        importlib.import_module(module)
    importlib.import_module("worker.bootstrap").warm()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        answer = _started(**request["start"]) if "start" in request else _exit(request["poll"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _started(arguments: list[str], environment: dict[str, str], log: str, *, faults: bool) -> int:
    leads_group, group = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(group)
        os.close(leads_group)
        _redirect(log)
        os.environ.clear()
        os.environ.update(environment)
        if faults:
            runpy.run_path(str(_FAULTS / "sitecustomize.py"))
        sys.argv = ["celery", *arguments]
        sys.exit(importlib.import_module("celery.__main__").main())
    os.close(group)
    os.read(leads_group, 1)  # returns when the worker has its process group: it may be killed now
    os.close(leads_group)
    return pid


def _redirect(log: str) -> None:
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)


def _exit(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    main()
