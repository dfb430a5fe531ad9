"""A system at work: its processes, how articles are pushed to it, and how its end is seen."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from bench.peer.loads import Raw

_ROOT = Path(__file__).parents[2]
_STOP_S = 60

# Push articles, foreign or not, with the time of the push if their latency is measured.
Push = Callable[[Sequence[Raw], bool, "float | None"], None]


@dataclass(frozen=True)
class Running:
    """A system at work.

    `unfinished` counts messages that wait or are processed, `missing` the articles of the last push
    that have no row or, with this worker, no outcome. `latencies` returns the seconds that each
    article with a time of its push took until it was stored, as the process that stored it noted.
    """

    process: "subprocess.Popen[bytes]"
    broker_pid: int
    store_pid: int | None
    push: Push
    unfinished: Callable[[], int]
    missing: Callable[[Sequence[Raw]], int]
    latencies: Callable[[], list[float]]


@contextmanager
def group_of_processes(
    command: Sequence[str], environment: Mapping[str, str], log_file: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a process group of its own; end all of the group with the block."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            command, env={**inherited, **environment}, stdout=log, stderr=log, cwd=_ROOT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)
        process.wait()


def take_lines(folder: Path) -> list[str]:
    """Read and remove the lines that processes have written, each into a file of its own."""
    found = []
    for file in sorted(folder.iterdir()):
        found += file.read_text().splitlines()
        file.unlink()
    return found


def wait_until_idle(running: Running, limit_s: float) -> None:
    """Wait until nothing waits or is processed. Raises TimeoutError, or ChildProcessError when
    the system has ended."""
    deadline, idle_seen = time.monotonic() + limit_s, 0
    # Twice, because stock kombu takes a message off the queue before it notes that it has it.
    while idle_seen < 2:
        if running.process.poll() is not None:
            raise ChildProcessError(f"the worker ended with {running.process.returncode}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"{running.unfinished()} messages after {limit_s} s")
        idle_seen = idle_seen + 1 if running.unfinished() == 0 else 0
        time.sleep(0.005)
