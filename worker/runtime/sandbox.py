"""Process articles that may crash a process, each batch in a sandbox, a process of its own.

A pool process can't fork (it is daemonic), so it starts `python -m worker.runtime.sandbox`. That
server loads the pipeline once, and forks for each run, one batch of articles. It reads one run per
line of JSON on standard input, and writes one SandboxEnd per line of JSON on standard output. It
exits when no run was asked for during 30 s.

An exit code does not prove what was stored, because an article may end its process with any code.
Whether an article is done is read from the store, by its receipt (worker.runtime.quarantine).

A run has two limits. The CPU time is the article's own: an article that exceeds it is at fault. The
wall-clock time also passes while the machine is suspended or busy, so it only ends the run.
"""

import json
import logging
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from math import ceil
from typing import Any

from worker import bootstrap
from worker.broker.startup import log_to_stderr
from worker.config.worker_rules import WorkerRules, load_worker_rules
from worker.errors import Unavailable
from worker.maintenance.reprocess import Reprocessing, reprocess
from worker.model.records import Attempt
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.runtime.sandbox_client import SandboxEnd
from worker.settings import Settings

log = logging.getLogger("worker")

_IDLE_S = 30.0
_UNAVAILABLE = "unavailable"  # last stage of a run that found store or index unavailable
_STAGES = ("admit", "clean", "deduplicate", "tag", "write", _UNAVAILABLE)
_BETWEEN_STAGES = "write"  # also reported between the pure stages: store or index are in use
_DONE, _FAILED = 0, os.EX_SOFTWARE
# One report of a sandbox process: index of the stage, seconds of CPU the process has used so far.
_REPORT = struct.Struct("<Bd")


def main() -> None:
    """Run the server that forks a sandbox process for each line of standard input.

    A line is a JSON text that holds a batch of raw articles, or the id of a stored article to
    process again. How the process ended is written to standard output as one line of JSON. The
    server ends with its input, or when no line came for 30 s.
    """
    settings = Settings.load()
    log_to_stderr(settings.log_format)
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
    _write_report(stage)
    yield
    _write_report(_BETWEEN_STAGES)


def _write_report(stage: str) -> None:
    # A pipe takes so few bytes in one piece, so the reader never gets part of a report.
    os.write(_stage_pipe, _REPORT.pack(_STAGES.index(stage), time.process_time()))


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
    stage, cpu_before_s, timed_out = _follow_stages(read_end, pid, began + run_limit_s(rules))
    os.close(read_end)
    _, status, usage = os.wait4(pid, 0)
    cpu_s = max(0.0, usage.ru_utime + usage.ru_stime - cpu_before_s)
    return SandboxEnd(
        code=os.waitstatus_to_exitcode(status),
        stage=_BETWEEN_STAGES if stage == _UNAVAILABLE else stage,
        # Stages do no I/O. A run that is late between them waits for the store or the index.
        unavailable=stage == _UNAVAILABLE or (timed_out and stage == _BETWEEN_STAGES),
        stalled=timed_out and stage != _BETWEEN_STAGES and cpu_s < rules.time.article_s,
        took_s=time.monotonic() - began,
        cpu_s=cpu_s,
        peak_mb=usage.ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024),
    )


def run_limit_s(rules: WorkerRules) -> float:
    """Return for how many seconds one sandbox process, in which the articles of a failed message
    are tried, may run.

    Celery kills the waiting pool process after `hard_limit_s`. In that time there must be room for
    a run with all articles of a message, and then for all attempts at a single article.
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
            deliveries = [
                Delivery(receipt=receipt, raw=raw, traceparent=traceparent)
                for receipt, raw, traceparent in run["deliveries"]
            ]
            handling = Attempt(**run["handling"])
            pipeline.ingest(deliveries, now=datetime.now(UTC), handling=handling)
        code = _DONE
    except Unavailable:
        _write_report(_UNAVAILABLE)
    except BaseException as e:  # noqa: BLE001 - the exit code is the answer
        log.error("trial.failed error=%s", type(e).__name__)
    finally:
        os._exit(code)


def _follow_stages(read_end: int, pid: int, deadline: float) -> tuple[str, float, bool]:
    """Read from a pipe which stage the forked process is in, until it ends or `deadline` passes.

    Returns the last stage, the seconds of CPU that the process had used before that stage, and
    whether the process was killed because the deadline passed.
    """
    stage, cpu_s = _BETWEEN_STAGES, 0.0
    while True:
        timeout_s = max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select([read_end], [], [], timeout_s)
        if not readable:
            os.kill(pid, signal.SIGKILL)
            return stage, cpu_s, True
        reports = os.read(read_end, 400 * _REPORT.size)
        if not reports:  # the process closed its end of the pipe by exiting
            return stage, cpu_s, False
        number, cpu_s = _REPORT.unpack(reports[-_REPORT.size :])
        stage = _STAGES[number]


if __name__ == "__main__":
    main()
