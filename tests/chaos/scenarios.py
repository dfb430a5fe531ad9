"""One kind of failure each, again and again under load: see load.py for what is counted."""

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

from tests.chaos.load import Cost, suffer
from tests.chaos.stack import Stack, until
from tests.servers import unix_url


def kill_workers(stack: Stack, faults: int) -> Cost:
    """kill -9 of the main process of one of two workers; another takes its place."""
    rng = random.Random(1)
    stack.start_worker()
    stack.start_worker()

    def strike(number: int) -> None:
        time.sleep(rng.uniform(0.2, 1.5))
        victim = stack.alive()[0]
        stack.expect_end(victim)
        victim.kill()
        victim.wait()
        stack.start_worker()

    return suffer(stack, faults, strike)


def kill_children(stack: Stack, faults: int) -> Cost:
    """kill -9 of a pool process in the middle of its work."""
    rng = random.Random(2)
    stack.start_worker()

    def strike(number: int) -> None:
        time.sleep(rng.uniform(0.2, 0.8))
        children = [child for worker in stack.alive() for child in stack.children(worker)]
        if children:
            os.kill(rng.choice(children), signal.SIGKILL)

    return suffer(stack, faults, strike)


def restart_workers(stack: Stack, faults: int) -> Cost:
    """SIGTERM and a new worker, one after the other, as a rolling deploy does."""
    stack.start_worker()
    stack.start_worker()

    def strike(number: int) -> None:
        oldest = stack.alive()[0]
        stack.expect_end(oldest)
        stack.start_worker()
        oldest.terminate()
        oldest.wait(60)

    return suffer(stack, faults, strike)


def drop_connections(stack: Stack, faults: int) -> Cost:
    """Every connection to the broker is cut at once."""
    stack.start_worker()
    client = redis.Redis.from_url(unix_url(stack.broker_url))

    def strike(number: int) -> None:
        time.sleep(0.3)
        for connection in client.client_list():
            if connection["id"] != str(client.client_id()):
                client.client_kill_filter(_id=connection["id"])

    return suffer(stack, faults, strike)


def kill_broker(stack: Stack, faults: int, start: Callable[[], None]) -> Cost:
    """kill -9 of the broker, which comes back with what its append-only file holds."""
    stack.start_worker()

    def strike(number: int) -> None:
        time.sleep(1.0)
        client = redis.Redis.from_url(unix_url(stack.broker_url))
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)
        time.sleep(0.5)
        start()
        time.sleep(1.0)

    return suffer(stack, faults, strike)


_PAUSED = "consuming.paused what=store"


def stop_store(stack: Stack, faults: int, store_url: str) -> Cost:
    """PostgreSQL dies and is away for two seconds from when a worker found out."""
    _commit_durably(store_url)
    stack.start_worker()

    def strike(number: int) -> None:
        with postgres_away(store_url):
            with suppress(AssertionError):  # not all workers say so
                until(lambda: stack.logs(10_000).count(_PAUSED) > number, "it is noticed", 10)
            time.sleep(2.0)
        time.sleep(1.0)

    return suffer(stack, faults, strike)


def _commit_durably(store_url: str) -> None:
    """The suite's server answers before it writes; what it forgets then is not ours to keep."""
    url = make_url(store_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {url.database} SET synchronous_commit = on")


@contextmanager
def postgres_away(store_url: str) -> Iterator[None]:
    """Stop the private server behind this URL, start it again with the options it had."""
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
