"""One kind of failure each, again and again under load, and what it cost.

Every scenario feeds distinct articles while it breaks things, then waits until the last receipt
has its outcome. Nothing may be lost (no outcome after three leases), doubled in the store, or
buried: all articles are good ones.
"""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import redis
from pydantic import BaseModel
from sqlalchemy import make_url

from bench.articles import generate
from tests.chaos.stack import TIMES, Stack, until
from tests.servers import unix_url
from worker.errors import Unavailable
from worker.models import Kind

PER_MESSAGE = 5
LEASES = 3


class Cost(BaseModel):
    """What a scenario did and what it cost, in articles."""

    faults: int
    published: int
    stored: int
    lost: int
    doubled: int
    buried: int
    recovery_s: float

    @property
    def clean(self) -> bool:
        return self.lost == self.doubled == self.buried == 0 and self.stored == self.published


class Load(threading.Thread):
    """Enqueues distinct good articles, a few a message, until it is told to stop."""

    def __init__(self, stack: Stack, seed: int) -> None:
        super().__init__(daemon=True)
        self.stack = stack
        self.receipts: list[str] = []
        self._raws = generate(1_000_000, chars=600, seed=seed)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            raws = [next(self._raws) for _ in range(PER_MESSAGE)]
            # Receipts of its own make a retry harmless: sent twice, it is still one article.
            for raw in raws:
                raw["receipt"] = f"chaos-{raw['id']}"
            while not self._sent(raws):
                time.sleep(0.2)
            self.receipts += [raw["receipt"] for raw in raws]
            self._over.wait(0.02)

    def _sent(self, raws: list[dict[str, object]]) -> bool:
        try:
            self.stack.enqueue(raws)
        except Unavailable:
            return False
        return True

    def stop(self) -> None:
        self._over.set()
        self.join(60)


@contextmanager
def load(stack: Stack, seed: int) -> Iterator[Load]:
    feeding = Load(stack, seed)
    feeding.start()
    try:
        yield feeding
    finally:
        feeding.stop()


def suffer(stack: Stack, faults: int, strike: Callable[[int], None], seed: int = 7) -> Cost:
    """Strike under load, then count."""
    with load(stack, seed) as feeding:
        until(lambda: len(feeding.receipts) > 20, "the load runs")
        first = feeding.receipts[:20]
        until(lambda: len(stack.store.outcomes(first)) == 20, "work began", 120)
        for number in range(faults):
            strike(number)
    struck = time.monotonic()
    done = Counter[Kind]()
    pending = list(feeding.receipts)
    ids: Counter[str] = Counter()

    # Lost is what has no outcome although nothing has moved for three leases: a slow machine that
    # still works through its queue has lost nothing.
    moved = time.monotonic()
    while pending and time.monotonic() - moved < 20 + LEASES * TIMES["visibility_timeout_s"]:
        outcomes = stack.store.outcomes(pending)
        done.update(outcome.kind for outcome in outcomes.values())
        ids.update(o.article_id for o in outcomes.values() if o.kind is not Kind.DEAD)
        if outcomes:
            pending[:] = [receipt for receipt in pending if receipt not in outcomes]
            moved = time.monotonic()
        time.sleep(0.1)
    if pending:
        print(stack.logs(40))
    return Cost(
        faults=faults,
        published=len(feeding.receipts),
        stored=done[Kind.NEW],
        lost=len(pending),
        doubled=done[Kind.REVISION] + sum(count - 1 for count in ids.values()),
        buried=done[Kind.DEAD],
        recovery_s=round(time.monotonic() - struck, 1),
    )


def kill_workers(stack: Stack, faults: int) -> Cost:
    """kill -9 of the main process of one of two workers; another takes its place."""
    rng = random.Random(1)
    stack.start_worker()
    stack.start_worker()

    def strike(number: int) -> None:
        time.sleep(rng.uniform(0.2, 1.5))
        victim = next(w for w in stack.workers if w.poll() is None)
        victim.kill()
        victim.wait()
        stack.start_worker()

    return suffer(stack, faults, strike)


def kill_children(stack: Stack, faults: int) -> Cost:
    """kill -9 of a pool process in the middle of its work."""
    rng = random.Random(2)
    worker = stack.start_worker()

    def strike(number: int) -> None:
        time.sleep(rng.uniform(0.2, 0.8))
        children = stack.children(worker)
        if children:
            os.kill(rng.choice(children), signal.SIGKILL)

    return suffer(stack, faults, strike)


def restart_workers(stack: Stack, faults: int) -> Cost:
    """SIGTERM and a new worker, one after the other, as a rolling deploy does."""
    stack.start_worker()
    stack.start_worker()

    def strike(number: int) -> None:
        oldest = next(w for w in stack.workers if w.poll() is None)
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


def stop_store(stack: Stack, faults: int, store_url: str) -> Cost:
    """PostgreSQL dies and is away for two seconds."""
    _commit_durably(store_url)
    stack.start_worker()

    def strike(number: int) -> None:
        with postgres_away(store_url):
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
