"""Scenarios that repeat one kind of failure under load; load.py counts the cost."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import redis
from sqlalchemy import make_url

from devtools.chaos.load import Cost, measure_cost
from devtools.chaos.stack import Stack
from devtools.sentinels import SentinelSet
from devtools.servers import unix_url
from devtools.waiting import until


def kill_workers(stack: Stack, faults: int) -> Cost:
    """Kill the main process of one of two workers with SIGKILL, and start another worker."""
    rng = random.Random(1)
    stack.start_worker()
    stack.start_worker()

    def inject(number: int) -> None:
        time.sleep(rng.uniform(0.2, 1.5))
        victim = stack.alive()[0]
        stack.expect_end(victim)
        victim.kill()
        victim.wait()
        stack.start_worker()

    return measure_cost(stack, faults, inject)


def kill_children(stack: Stack, faults: int) -> Cost:
    """Kill a pool process with SIGKILL while it works."""
    rng = random.Random(2)
    stack.start_worker()

    def inject(number: int) -> None:
        time.sleep(rng.uniform(0.2, 0.8))
        children = [child for worker in stack.alive() for child in stack.children(worker)]
        if children:
            os.kill(rng.choice(children), signal.SIGKILL)

    return measure_cost(stack, faults, inject)


def restart_workers(stack: Stack, faults: int) -> Cost:
    """Replace one worker after the other with SIGTERM, as a rolling deploy does."""
    stack.start_worker()
    stack.start_worker()

    def inject(number: int) -> None:
        oldest = stack.alive()[0]
        stack.expect_end(oldest)
        stack.start_worker()
        oldest.terminate()
        oldest.wait()

    return measure_cost(stack, faults, inject)


def drop_connections(stack: Stack, faults: int) -> Cost:
    """Cut all connections to the broker at once."""
    stack.start_worker()
    client = redis.Redis.from_url(unix_url(stack.broker_url))

    def inject(number: int) -> None:
        time.sleep(0.3)
        for connection in client.client_list():
            if connection["id"] != str(client.client_id()):
                client.client_kill_filter(_id=connection["id"])

    return measure_cost(stack, faults, inject)


def kill_broker(stack: Stack, faults: int, start: Callable[[], None]) -> Cost:
    """Kill the broker with SIGKILL; it restarts with the contents of its append-only file."""
    stack.start_worker()

    def inject(number: int) -> None:
        time.sleep(1.0)
        client = redis.Redis.from_url(unix_url(stack.broker_url))
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)
        time.sleep(0.5)
        start()
        time.sleep(1.0)

    return measure_cost(stack, faults, inject)


def fail_over(stack: Stack, faults: int, servers: SentinelSet, *, planned: bool) -> Cost:
    """Replace the primary of a Sentinel set by one of its replicas, as planned or by its death."""
    stack.start_worker()

    def inject(number: int) -> None:
        time.sleep(1.0)
        if planned:
            servers.fail_over()
        else:
            servers.kill_primary()

    return measure_cost(stack, faults, inject)


_PAUSED = "consuming.paused what=store"


def stop_store(stack: Stack, faults: int, store_url: str) -> Cost:
    """Stop PostgreSQL; start it two seconds after a worker has noticed."""
    _commit_durably(store_url)
    stack.start_worker()

    def inject(number: int) -> None:
        with postgres_away(store_url):
            with suppress(AssertionError):  # not all workers log it
                until(lambda: stack.logs(10_000).count(_PAUSED) > number, "it is noticed", 10)
            time.sleep(2.0)
        time.sleep(1.0)

    return measure_cost(stack, faults, inject)


def _commit_durably(store_url: str) -> None:
    """Turn on synchronous commits: without them a killed server may lose commits it confirmed."""
    url = make_url(store_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {url.database} SET synchronous_commit = on")


@contextmanager
def postgres_away(store_url: str) -> Iterator[None]:
    """Stop the private server of this URL for the block, then restart it with the same options."""
    folder = Path(parse_qs(urlsplit(store_url).query)["host"][0])
    data = folder / "data"
    pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    program = Path(f"/proc/{pid}/exe").readlink().parent / "pg_ctl"
    owner = data.stat()

    def control(*arguments: str) -> None:
        subprocess.run(
            [program, "-D", data, "-w", "-l", folder / "log", *arguments],
            user=owner.st_uid if os.geteuid() == 0 else None,
            group=owner.st_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            cwd="/",
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    control("-m", "immediate", "stop")
    try:
        yield
    finally:
        control("restart")
