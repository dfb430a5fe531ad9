"""Tries articles in processes that may die.

A pool child can't fork (it is daemonic), so it starts `python -m worker.runtime.sandbox`, which
loads the pipeline once and then forks for every trial: deliveries come in on standard input, a JSON
line a trial; on standard output goes how its process ended, with the last stage it entered. The
server ends by itself when nothing is to be tried for a while.

The exit code does not show what was stored: an article may end its process with any code. Whether
its articles are done is asked of the store, by their receipts (worker.runtime.quarantine).
"""

import json
import logging
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from math import ceil
from typing import Any

from worker import bootstrap
from worker.config.worker_rules import WorkerRules, load_worker_rules
from worker.errors import Unavailable
from worker.maintenance.reprocess import Reprocessing, redo
from worker.model.admission import Frozen
from worker.model.records import NO_ATTEMPT, Attempt
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.settings import Settings

log = logging.getLogger("worker")

_IDLE_S = 30.0
_AWAY = "unavailable"  # last status of a trial that found store or index unavailable
_STAGES = ("admit", "clean", "deduplicate", "tag", "write", _AWAY)
_OUTSIDE = "write"  # of the stages: speaking with the store or the index
_DONE, _FAILED = 0, os.EX_SOFTWARE


class SandboxEnd(Frozen):
    """How the process of one trial ended."""

    code: int  # exit code, or the negative number of the signal that killed it
    stage: str  # the last it entered
    took_s: float
    peak_mb: int
    unavailable: bool = False  # store or index did not answer, or not in time

    @property
    def failed(self) -> bool:
        return self.code != _DONE

    def __str__(self) -> str:
        how = (
            f"killed by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit {self.code}"
        )
        return f"{how} in stage {self.stage} after {self.took_s:.1f} s, peak {self.peak_mb} MB"


class SandboxLost(Exception):
    """The process that forks ended while it had a trial."""


class SandboxServer:
    """The side of the pool child: starts the server when there is something to try."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._ready = False

    def run(
        self, deliveries: Sequence[Delivery], patience_s: float, handling: Attempt = NO_ATTEMPT
    ) -> SandboxEnd:
        """Try these as one batch. Raises SandboxLost when the server dies, also a second one, and
        Unavailable when it is still starting: a later call can use it."""
        raws = [[d.receipt, d.raw] for d in deliveries]
        return self._tried({"deliveries": raws, "handling": asdict(handling)}, patience_s)

    def redo(self, what: Reprocessing, article_id: str, patience_s: float) -> SandboxEnd:
        """Reprocess one stored article. Raises as `run` does."""
        return self._tried({"redo": what.value, "article_id": article_id}, patience_s)

    def _tried(self, trial: dict[str, Any], patience_s: float) -> SandboxEnd:
        line = json.dumps(trial).encode() + b"\n"
        for fresh in (False, True):
            server = self._running(fresh=fresh)
            self._await_ready(server, patience_s)
            try:
                server.stdin.write(line)  # type: ignore[union-attr]
                server.stdin.flush()  # type: ignore[union-attr]
                if answer := server.stdout.readline():  # type: ignore[union-attr]
                    return SandboxEnd.model_validate_json(answer)
            except OSError as e:
                log.debug("trial.restart error=%s", e)  # it ended while idle: start another
        raise SandboxLost("the process that forks is gone")

    def _running(self, *, fresh: bool) -> "subprocess.Popen[bytes]":
        if self._server and (fresh or self._server.poll() is not None):
            self.close()
        if self._server is None:
            # -P: the folder it is started in may hold a worker.py of its own
            command = [sys.executable, "-P", "-m", "worker.runtime.sandbox"]
            self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._ready = False
        return self._server

    def _await_ready(self, server: "subprocess.Popen[bytes]", patience_s: float) -> None:
        if not self._ready:
            answers, _, _ = select.select([server.stdout], [], [], patience_s)  # type: ignore[type-var]
            if not answers:
                raise Unavailable("trial", "the process that forks is still starting")
            self._ready = bool(server.stdout.readline())  # type: ignore[union-attr]

    def close(self) -> None:
        if self._server is None:
            return
        with suppress(OSError):  # what was left in its pipe when it ended
            self._server.stdin.close()  # type: ignore[union-attr]
        self._server.stdout.close()  # type: ignore[union-attr]
        self._server.wait()
        self._server = None


def main() -> None:
    """The server: forks one process per line."""
    settings = Settings.load()
    rules = load_worker_rules(settings.config_dir)
    pipeline = bootstrap.pipeline(settings, _report)
    bootstrap.warm()
    # What a library prints must not mix into the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answers.write("ready\n")
    answers.flush()
    while line := _next_line():
        ended = _try(pipeline, json.loads(line), rules)
        answers.write(ended.model_dump_json() + "\n")
        answers.flush()


def _next_line() -> bytes:
    """b"" at the end of input, and when nothing came for a while. One line is asked at a time,
    so none hides in the buffer while select waits."""
    ready, _, _ = select.select([sys.stdin.buffer], [], [], _IDLE_S)
    return sys.stdin.buffer.readline() if ready else b""


_pipe = -1  # where a forked process says which stage it enters


@contextmanager
def _entered(stage: str) -> Iterator[None]:
    os.write(_pipe, bytes([_STAGES.index(stage)]))
    yield
    os.write(_pipe, bytes([_STAGES.index(_OUTSIDE)]))  # unless another stage is entered


def _report(stage: str) -> AbstractContextManager[None]:
    return _entered(stage) if _pipe >= 0 else nullcontext()


def _try(pipeline: Pipeline, trial: dict[str, Any], rules: WorkerRules) -> SandboxEnd:
    reading, writing = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _limit(rules)
        _run(pipeline, trial, writing)
    os.close(writing)
    stage, overdue = _watch(reading, pid, began + patience_s(rules))
    os.close(reading)
    _, status, used = os.wait4(pid, 0)
    return SandboxEnd(
        code=os.waitstatus_to_exitcode(status),
        stage=_OUTSIDE if stage == _AWAY else stage,
        # Stages do no I/O. A trial that is late outside of them waits for the store or the index.
        unavailable=stage == _AWAY or (overdue and stage == _OUTSIDE),
        took_s=time.monotonic() - began,
        peak_mb=used.ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024),
    )


def patience_s(rules: WorkerRules) -> float:
    """What one trial may take by the clock: all of an article's, and that of its batch, end before
    the pool child is killed."""
    return rules.time.hard_limit_s / (rules.quarantine.attempts + 2)


def _limit(rules: WorkerRules) -> None:
    bytes_ = rules.quarantine.memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (bytes_, bytes_))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Not the clock: a machine that stands still must not convict an article.
    cpu_s = ceil(2 * rules.time.article_s)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


def _run(pipeline: Pipeline, trial: dict[str, Any], writing: int) -> None:
    """In the forked process: never returns."""
    global _pipe
    code = _FAILED
    try:
        _pipe = writing
        if "redo" in trial:
            redo(
                pipeline, Reprocessing(trial["redo"]), [trial["article_id"]], now=datetime.now(UTC)
            )
        else:
            deliveries = [Delivery(receipt=r, raw=raw) for r, raw in trial["deliveries"]]
            handling = Attempt(**trial["handling"])
            pipeline.ingest(deliveries, now=datetime.now(UTC), handling=handling)
        code = _DONE
    except Unavailable:
        os.write(writing, bytes([_STAGES.index(_AWAY)]))
    except BaseException as e:  # noqa: BLE001 - the exit code is the answer
        print(f"trial.failed error={type(e).__name__}", file=sys.stderr)
    finally:
        os._exit(code)


def _watch(reading: int, pid: int, until: float) -> tuple[str, bool]:
    """Follow the stages until the process ends: the last one, and whether it had to be killed."""
    stage = _OUTSIDE
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            return stage, True
        told = os.read(reading, 4096)
        if not told:  # the last end of the pipe is closed: it is gone
            return stage, False
        stage = _STAGES[told[-1]]


if __name__ == "__main__":
    main()
