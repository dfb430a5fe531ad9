"""Process articles that may crash a process, each batch in a sandbox, a process of its own.

A pool process can't fork (it is daemonic), so it starts `python -m worker.runtime.sandbox`. That
server loads the pipeline once, and forks for each run, one batch of articles. It reads one run per
line of JSON on standard input, and writes one SandboxEnd per line of JSON on standard output. It
exits when no run was asked for during 30 s.

An exit code does not prove what was stored, because an article may end its process with any code.
Whether an article is done is read from the store, by its receipt (worker.runtime.quarantine).
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
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from worker import bootstrap
from worker.config.worker_rules import WorkerRules, load_worker_rules
from worker.errors import Unavailable
from worker.maintenance.reprocess import Reprocessing, reprocess
from worker.model.records import NO_ATTEMPT, Attempt
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.settings import Settings

log = logging.getLogger("worker")

_IDLE_S = 30.0
_UNAVAILABLE = "unavailable"  # last stage of a run that found store or index unavailable
_STAGES = ("admit", "clean", "deduplicate", "tag", "write", _UNAVAILABLE)
_BETWEEN_STAGES = "write"  # also reported between the pure stages: store or index are in use
_DONE, _FAILED = 0, os.EX_SOFTWARE


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxEnd:
    """How the sandbox process of one run ended, and how far it came."""

    code: int  # exit code, or the negative number of the signal that killed it
    stage: str  # the last stage it entered
    took_s: float
    peak_mb: int
    unavailable: bool = False  # store or index did not answer, or not in time

    @property
    def failed(self) -> bool:
        """Whether the sandbox process was killed, or exited with another code than 0."""
        return self.code != _DONE

    def __str__(self) -> str:
        how = (
            f"killed by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit {self.code}"
        )
        return f"{how} in stage {self.stage} after {self.took_s:.1f} s, peak {self.peak_mb} MB"


class SandboxLost(Exception):
    """Raised when the sandbox server ended during a run, and so did the one started after it."""


class SandboxServer:
    """Runs batches of articles in sandbox processes, for the pool process that owns this object.

    It starts a server, a child of the pool process, on first use; the server forks the sandboxes.
    """

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._ready = False

    def run(
        self, deliveries: Sequence[Delivery], limit_s: float, handling: Attempt = NO_ATTEMPT
    ) -> SandboxEnd:
        """Process raw articles with their receipts as one batch in one sandbox process.

        Returns how that process ended; its failure raises nothing. Raises SandboxLost when the
        server ends and a second one does too, and Unavailable when the server is not ready within
        `limit_s` seconds; a later call can use it.
        """
        raws = [[d.receipt, d.raw] for d in deliveries]
        attempt = {"worker": handling.worker, "deliveries": handling.deliveries}
        return self._request({"deliveries": raws, "handling": attempt}, limit_s)

    def redo(self, what: Reprocessing, article_id: str, limit_s: float) -> SandboxEnd:
        """Reprocess one stored article in one sandbox process. Returns and raises as `run` does."""
        return self._request({"redo": what.value, "article_id": article_id}, limit_s)

    def _request(self, run: dict[str, Any], limit_s: float) -> SandboxEnd:
        line = json.dumps(run).encode() + b"\n"
        for restart in (False, True):
            server = self._running_server(restart=restart)
            self._await_ready(server, limit_s)
            try:
                server.stdin.write(line)  # type: ignore[union-attr]
                server.stdin.flush()  # type: ignore[union-attr]
                if answer := server.stdout.readline():  # type: ignore[union-attr]
                    return SandboxEnd(**json.loads(answer))
            except OSError as e:
                log.debug("trial.restart error=%s", e)  # it exited while idle: start another
        raise SandboxLost("the sandbox server ended")

    def _running_server(self, *, restart: bool) -> "subprocess.Popen[bytes]":
        if self._server and (restart or self._server.poll() is not None):
            self.close()
        if self._server is None:
            # -P: the current folder may hold another worker.py
            command = [sys.executable, "-P", "-m", "worker.runtime.sandbox"]
            self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._ready = False
        return self._server

    def _await_ready(self, server: "subprocess.Popen[bytes]", limit_s: float) -> None:
        if not self._ready:
            readable, _, _ = select.select([server.stdout], [], [], limit_s)  # type: ignore[type-var]
            if not readable:
                raise Unavailable("sandbox", "its server is still starting")
            self._ready = bool(server.stdout.readline())  # type: ignore[union-attr]

    def close(self) -> None:
        """Stop the server, if one runs, and wait until it has ended."""
        if self._server is None:
            return
        with suppress(OSError):  # unread input of a server that ended
            self._server.stdin.close()  # type: ignore[union-attr]
        self._server.stdout.close()  # type: ignore[union-attr]
        self._server.wait()
        self._server = None


def main() -> None:
    """Run the sandbox server: fork one process for each run that standard input asks for."""
    settings = Settings.load()
    rules = load_worker_rules(settings.config_dir)
    pipeline = bootstrap.pipeline(settings, _report)
    bootstrap.warm()
    # A library that prints must not write into the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answers.write("ready\n")
    answers.flush()
    while line := _read_line():
        end = _run_forked(pipeline, json.loads(line), rules)
        answers.write(json.dumps(asdict(end)) + "\n")
        answers.flush()


def _read_line() -> bytes:
    """Read one line from standard input; b"" at its end, and after 30 s without a line.

    The client sends one line at a time, so Python's buffer is empty while `select` waits.
    """
    readable, _, _ = select.select([sys.stdin.buffer], [], [], _IDLE_S)
    return sys.stdin.buffer.readline() if readable else b""


_stage_pipe = -1  # file descriptor to which a forked process writes the stage it enters


@contextmanager
def _reported_stage(stage: str) -> Iterator[None]:
    os.write(_stage_pipe, bytes([_STAGES.index(stage)]))
    yield
    os.write(_stage_pipe, bytes([_STAGES.index(_BETWEEN_STAGES)]))


def _report(stage: str) -> AbstractContextManager[None]:
    return _reported_stage(stage) if _stage_pipe >= 0 else nullcontext()


def _run_forked(pipeline: Pipeline, run: dict[str, Any], rules: WorkerRules) -> SandboxEnd:
    """Fork a process that does one run, wait for its end, and return how it ended.

    `run` is what the client asked for: a batch of deliveries, or the id of a stored article.
    """
    read_end, write_end = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _set_limits(rules)
        _run_and_exit(pipeline, run, write_end)
    os.close(write_end)
    stage, timed_out = _follow_stages(read_end, pid, began + run_limit_s(rules))
    os.close(read_end)
    _, status, usage = os.wait4(pid, 0)
    return SandboxEnd(
        code=os.waitstatus_to_exitcode(status),
        stage=_BETWEEN_STAGES if stage == _UNAVAILABLE else stage,
        # Stages do no I/O. A run that is late between them waits for the store or the index.
        unavailable=stage == _UNAVAILABLE or (timed_out and stage == _BETWEEN_STAGES),
        took_s=time.monotonic() - began,
        peak_mb=usage.ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024),
    )


def run_limit_s(rules: WorkerRules) -> float:
    """The wall-clock limit of one run in a sandbox process, in seconds.

    It divides hard_limit_s so that all attempts of an article, and the run of its whole message
    before them, end before Celery kills the pool process.
    """
    return rules.time.hard_limit_s / (rules.quarantine.attempts + 2)


def _set_limits(rules: WorkerRules) -> None:
    """Limit the memory and the CPU time of this sandbox process by the rules of worker.toml."""
    bytes_ = rules.quarantine.memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (bytes_, bytes_))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # CPU time, not wall-clock time: a machine that stands still must not convict an article.
    cpu_s = ceil(2 * rules.time.article_s)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


def _run_and_exit(pipeline: Pipeline, run: dict[str, Any], write_end: int) -> None:
    """Do one run in the forked process, then exit. Never returns.

    The stages that the articles enter are written to the pipe `write_end`.
    """
    global _stage_pipe
    code = _FAILED
    try:
        _stage_pipe = write_end
        if "redo" in run:
            kind, article_ids = Reprocessing(run["redo"]), [run["article_id"]]
            reprocess(pipeline, kind, article_ids, now=datetime.now(UTC))
        else:
            deliveries = [Delivery(receipt=r, raw=raw) for r, raw in run["deliveries"]]
            handling = Attempt(**run["handling"])
            pipeline.ingest(deliveries, now=datetime.now(UTC), handling=handling)
        code = _DONE
    except Unavailable:
        os.write(write_end, bytes([_STAGES.index(_UNAVAILABLE)]))
    except BaseException as e:  # noqa: BLE001 - the exit code is the answer
        print(f"trial.failed error={type(e).__name__}", file=sys.stderr)
    finally:
        os._exit(code)


def _follow_stages(read_end: int, pid: int, deadline: float) -> tuple[str, bool]:
    """Read from a pipe which stage the forked process is in, until it ends or `deadline` passes.

    Returns the last stage, and whether the process was killed because the deadline passed.
    """
    stage = _BETWEEN_STAGES
    while True:
        timeout_s = max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select([read_end], [], [], timeout_s)
        if not readable:
            os.kill(pid, signal.SIGKILL)
            return stage, True
        entered = os.read(read_end, 4096)
        if not entered:  # the process closed its end of the pipe by exiting
            return stage, False
        stage = _STAGES[entered[-1]]


if __name__ == "__main__":
    main()
