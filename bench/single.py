"""Worker CPU time for messages with one article each, compared with stock Celery.

    python -m bench.single [--messages 2000]

The worker first processes a hundred messages as a warm-up. Then the CPU time of its main process
and its children is counted until all messages are acknowledged.
"""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

import redis

from devtools.chaos.fork_server import Worker
from devtools.chaos.hostile_messages import message
from devtools.chaos.stack import Stack, until
from devtools.generated_articles import generate
from devtools.servers import private_valkey, unix_url
from worker.store.migrate import migrate

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_WARM = 100

SETUPS = {
    "stock, pipeline does nothing": "bench.idle_stock",
    "ours, pipeline does nothing": "bench.idle",
    "ours, whole pipeline": "worker",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.single", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = {setup: measure(app, options.messages) for setup, app in SETUPS.items()}
    if options.json:
        print(json.dumps(figures))
        return
    print(
        f"{options.messages} messages of one article of 3 KB, 2 processes, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {platform.system()}"
    )
    for setup, ms in figures.items():
        print(f"{setup:30} {ms:6.2f} ms of worker CPU a message")


def measure(app: str, messages: int) -> float:
    """CPU milliseconds per message of a worker that runs this Celery app."""
    with tempfile.TemporaryDirectory(prefix="aw-", ignore_cleanup_errors=True) as folder:
        store_url = f"sqlite:///{folder}/store.db"
        migrate(store_url)
        with private_valkey() as url, redis.Redis.from_url(unix_url(url)) as client:
            stack = Stack(Path(folder), url, store_url, app=app)
            try:
                return _measured(stack, client, messages)
            finally:
                stack.close()


def _measured(stack: Stack, client: redis.Redis, messages: int) -> float:
    def unfinished() -> int:
        return client.llen("articles") + client.hlen("unacked")

    worker = stack.start_worker(level="WARNING")
    _push(client, _WARM, seed=1)
    until(lambda: unfinished() == 0, "the worker has warmed up", 300)
    before = _cpu_s(stack, worker)
    _push(client, messages, seed=2)
    until(lambda: unfinished() == 0, "all messages are processed", 600)
    return (_cpu_s(stack, worker) - before) / messages * 1000


def _push(client: redis.Redis, count: int, seed: int) -> None:
    pipe = client.pipeline(transaction=False)
    for raw in generate(count, seed=seed):
        pipe.lpush("articles", message([[raw], {}, {}]))
    pipe.execute()


def _cpu_s(stack: Stack, worker: Worker) -> float:
    """CPU seconds of the main process, its children, and their ended children."""
    total = 0
    for pid in (worker.pid, *stack.children(worker)):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total * _TICK_S


if __name__ == "__main__":
    main()
