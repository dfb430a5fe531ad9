"""A system at work: its processes, how articles are pushed to it, and how its end is seen."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

from bench.peer.loads import Raw

_ROOT = Path(__file__).parents[2]
_STOP_S = 60

# Push articles, foreign or not, with the time of the push where the system itself measures its
# latency. Returns receipts where latency is seen in the store.
Push = Callable[[Sequence[Raw], bool, "float | None"], list[str]]


@dataclass(frozen=True)
class Running:
    """A system at work.

    `unfinished` counts messages that wait or are processed, `missing` the articles of the last push
    that have no row or, with this worker, no outcome. `finished` returns which of these receipts
    have an outcome; systems that measure latency themselves have none, and write it into the folder
    `latencies`.
    """

    process: "subprocess.Popen[bytes]"
    broker_pid: int
    store_pid: int | None
    push: Push
    unfinished: Callable[[], int]
    missing: Callable[[Sequence[Raw]], int]
    finished: Callable[[Sequence[str]], AbstractSet[str]] | None = None
    latencies: Path = field(default=Path("none"))


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


def take_latencies(folder: Path) -> list[float]:
    """Read and remove the latencies, in seconds, that processes have written."""
    found = []
    for file in sorted(folder.iterdir()):
        found += [float(line) for line in file.read_text().split()]
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
