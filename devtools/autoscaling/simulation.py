"""Run real workers under a load, in a number that follows what `worker web` answers at /scale."""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from devtools.autoscaling.controller import ControllerRules, Moment, next_number
from devtools.autoscaling.seed_copies import seed_copies
from devtools.chaos.fork_server import Worker
from devtools.chaos.stack import Stack
from devtools.waiting import limit_s, until
from worker.client.producer import Producer

_PER_MESSAGE = 10
_PAUSE_S = 0.5
_TARGET_DRAIN_S = 10  # in place of two minutes, so that a small load wants many workers


class Wave(NamedTuple):
    """A load that arrives at once: all seeds `rounds` times, `at_s` seconds after the start."""

    at_s: float
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePoint:
    """What was seen at one time, `at_s` seconds after the start.

    `wanted` is the answer of /scale (None: no answer), `running` the number of workers that were
    started and not asked to end, and `present` of those that said they are at work. `waiting` and
    `leased` count messages. `done` messages have ended so far, and `busy_s` is the time that pool
    processes have worked.
    """

    at_s: float
    wanted: int | None
    running: int
    present: int
    waiting: int
    leased: int
    done: int
    busy_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What happened: a trace, the receipts of all articles, and how many have an outcome."""

    trace: Sequence[TracePoint]
    receipts: Sequence[str]
    outcomes: int
    exit_codes: Sequence[int]

    @property
    def busy_share(self) -> float:
        """The share of the time of the present workers in which they worked, while messages
        waited. 1.0: nobody idled."""
        worked = there = 0.0
        for before, after in zip(self.trace, self.trace[1:], strict=False):
            if before.waiting and after.waiting:
                worked += after.busy_s - before.busy_s
                there += min(before.present, after.present) * (after.at_s - before.at_s)
        return worked / there if there else 1.0


def simulate(
    folder: Path, broker_url: str, store_url: str, waves: Sequence[Wave], rules: ControllerRules
) -> Simulation:
    """Start one worker and let the waves arrive; end when all is done and one worker is left.

    Raises AssertionError when that takes too long.
    """
    stack = Stack(folder, broker_url, store_url)
    (folder / "config/monitoring.toml").write_text(f"[scale]\ntarget_drain_s = {_TARGET_DRAIN_S}\n")
    try:
        with _web_server(stack, folder) as url:
            return _run(stack, url, list(waves), rules)
    finally:
        stack.close()


def _run(stack: Stack, url: str, waves: list[Wave], rules: ControllerRules) -> Simulation:
    receipts: list[str] = []
    trace: list[TracePoint] = []
    past: list[Moment] = []
    running: list[Worker] = [stack.start_worker(processes=1)]
    ended: list[Worker] = []
    began, rounds = time.monotonic(), 0

    def step() -> bool:
        nonlocal rounds
        if waves and time.monotonic() - began >= waves[0].at_s:
            wave = waves.pop(0)
            receipts.extend(_push(stack, rounds, wave.rounds))
            rounds += wave.rounds
        point = _seen(url, time.monotonic() - began, len(running))
        trace.append(point)
        past.append(Moment(point.at_s, point.wanted, point.running))
        number = next_number(past, rules)
        while len(running) < number:
            running.append(stack.start_worker(processes=1))
        while len(running) > number:
            worker = running.pop()
            worker.terminate()
            ended.append(worker)
        at_rest = not waves and point.waiting + point.leased == 0 and point.wanted is not None
        return at_rest and point.running == rules.least

    until(step, lambda: f"all is done: {trace[-1]}\n{stack.logs()}", pause=_pause)
    exit_codes = [worker.wait() for worker in ended]
    return Simulation(
        trace=trace,
        receipts=receipts,
        outcomes=len(stack.outcomes(receipts)),
        exit_codes=exit_codes,
    )


def _pause() -> None:
    time.sleep(_PAUSE_S)


def _push(stack: Stack, first: int, rounds: int) -> Iterator[str]:
    """Enqueue copies of the seeds, ten a message, and yield their receipts."""
    with Producer(stack.broker_url) as producer:
        for raws in seed_copies(first, rounds):
            for start in range(0, len(raws), _PER_MESSAGE):
                yield from producer.enqueue(raws[start : start + _PER_MESSAGE], invalid="bury")


def _seen(url: str, at_s: float, running: int) -> TracePoint:
    scale, metrics = _get(f"{url}/scale"), _get(f"{url}/metrics")
    answer = json.loads(scale) if scale else {}
    samples = [
        sample
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name in ("worker_messages_total", "worker_busy_seconds_total")
    ]
    return TracePoint(
        at_s=at_s,
        wanted=answer.get("replicas"),
        running=running,
        present=answer.get("workers", 0),
        waiting=answer.get("waiting", 0),
        leased=answer.get("leased", 0),
        done=round(sum(s.value for s in samples if s.labels.get("how") == "done")),
        busy_s=sum(s.value for s in samples if s.name == "worker_busy_seconds_total"),
    )


def _get(url: str) -> str:
    """The body of an answer; "" if it is an error."""
    try:
        with urllib.request.urlopen(url, timeout=limit_s()) as answer:  # noqa: S310
            return str(answer.read().decode())
    except urllib.error.HTTPError:
        return ""


@contextmanager
def _web_server(stack: Stack, folder: Path) -> Iterator[str]:
    log = folder / "web.log"
    command = [sys.executable, "-m", "worker", "web", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=stack.environment, stdout=output, stderr=output)
    try:
        started = re.compile(r"web\.started address=(\S+)")
        until(lambda: started.search(log.read_text()) or process.poll() is not None, "web server")
        found = started.search(log.read_text())
        assert found, log.read_text()
        yield found[1]
    finally:
        process.terminate()
        process.wait()
