"""Start each compared system on a broker and a database of its own, and push articles to it."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import redis
from kombu import Connection
from kombu import Producer as KombuProducer
from sqlalchemy import text

from bench.peer import floor
from bench.peer.foreign import push_foreign
from bench.peer.loads import Raw
from bench.peer.processes import postgres_pid
from bench.peer.running import Running, group_of_processes, take_lines
from devtools.servers import create_database, in_database, private_server, unix_url
from worker.client.producer import Producer
from worker.config.rule_files import PACKAGED
from worker.store.database.engine import open_engine, parse
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

POSTGRES, SQLITE = "PostgreSQL", "SQLite"
_FLOOR_BATCH = 100
_QUEUES = ("articles", "articles.replay")
_KEYS = text("SELECT source, guid FROM articles")
_ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")


class Place(NamedTuple):
    """Where a system runs: addresses, a folder for its files, and what it is started with."""

    broker_url: str
    store_url: str
    folder: Path
    processes: int
    model: Path  # of the peer

    @property
    def log_file(self) -> Path:
        """Output of the worker."""
        return self.folder / "worker.log"

    @property
    def client_url(self) -> str:
        """The broker's address in redis-py's form."""
        return unix_url(self.broker_url)


class System(NamedTuple):
    """A system to compare, and the database that it writes to."""

    name: str
    store: str
    start: Callable[[Place], AbstractContextManager[Running]]


def systems(names: Sequence[str], *, spacy: bool) -> list[System]:
    """The systems of these names, this worker first, each with its databases."""
    listed = [
        *(System("worker", store, worker) for store in (SQLITE, POSTGRES)),
        *(
            System("worker, zstd", store, partial(worker, zstd=True))
            for store in (SQLITE, POSTGRES)
        ),
        System("peer", POSTGRES, peer("")),
        System("peer, datasketch", POSTGRES, peer("datasketch")),
        System("peer, fast", POSTGRES, peer("fast")),
        *([System("peer, spaCy", POSTGRES, peer("spacy"))] if spacy else []),
        *(System("floor", store, floor_worker) for store in (SQLITE, POSTGRES)),
    ]
    return [system for system in listed if system.name in names]


@contextmanager
def place(
    store: str, postgres_url: str, folder: Path, processes: int, model: Path
) -> Iterator[Place]:
    """A new broker that keeps an append-only file, and a new database of this kind."""
    with private_server("--port", 0, "--save", "", "--appendonly", "yes") as broker_url:
        store_url = f"sqlite:///{folder}/store.db"
        if store == POSTGRES:
            name = f"bench_{uuid.uuid4().hex[:8]}"
            create_database(postgres_url, name)
            store_url = in_database(postgres_url, name)
        yield Place(broker_url, store_url, folder, processes, model)


@contextmanager
def worker(
    at: Place, app: str = "bench.peer.timed_worker", *, zstd: bool = False
) -> Iterator[Running]:
    """This worker, pushed to by its producer, or by messages as docs/message.md describes them.

    With `zstd`, articles are sent and stored as Zstandard frames (`payloads.zstd`).
    """
    migrate(at.store_url)
    times = _latencies(at)
    environment = {
        "WORKER_BROKER_URL": at.broker_url,
        "WORKER_STORE_URL": at.store_url,
        "WORKER_VAR_DIR": str(at.folder),
        "LATENCIES": str(times),
    }
    if zstd:
        config = at.folder / "config"
        config.mkdir()
        rules = (PACKAGED / "worker.toml").read_text("utf-8")
        (config / "worker.toml").write_text(rules.replace("zstd = false", "zstd = true"), "utf-8")
        environment["WORKER_CONFIG_DIR"] = str(config)
    store = SqlStore(at.store_url)
    with (
        Producer(at.broker_url, compress=zstd) as producer,
        redis.Redis.from_url(at.client_url) as broker,
        _celery(at, app, environment) as process,
    ):
        pushed: list[str] = []
        sent_at: dict[str, float] = {}

        def push(articles: Sequence[Raw], foreign: bool, sent: float | None) -> None:
            if foreign:
                pushed[:] = [f"foreign/{uuid.uuid4()}" for _ in articles]
                push_foreign(
                    broker, "articles", "articles.ingest",
                    [([[raw]], {"receipts": [r]}) for raw, r in zip(articles, pushed, strict=True)],
                )  # fmt: skip
            else:
                pushed[:] = producer.enqueue(articles, pace=False)
            if sent is not None:
                sent_at.update(dict.fromkeys(pushed, sent))

        def latencies() -> list[float]:
            stored = [line.split() for line in take_lines(times)]
            return [float(at) - sent_at[r] for r, at in stored if r in sent_at]

        try:
            yield Running(
                process,
                broker.info("server")["process_id"],
                _store_pid(at),
                push,
                lambda: sum(map(broker.llen, _QUEUES)) + broker.hlen("unacked"),
                lambda _: len(set(pushed) - store.outcomes(pushed).keys()),
                latencies,
            )  # fmt: skip
        finally:
            store.close()


def peer(options: str) -> Callable[[Place], AbstractContextManager[Running]]:
    """The peer with these options of bench.peer.usual_stack."""

    @contextmanager
    def start(at: Place) -> Iterator[Running]:
        from bench.peer import usual_stack  # its libraries are optional

        usual_stack.create_schema(at.store_url)
        latencies = _latencies(at)
        environment = {
            "PEER_BROKER": at.broker_url,
            "PEER_STORE": at.store_url,
            "PEER_INDEX": f"{at.client_url}?db=1",
            "PEER_MODEL": str(at.model),
            "PEER_LATENCIES": str(latencies),
            "PEER_OPTIONS": options,
        }
        app = usual_stack.app
        with (
            redis.Redis.from_url(at.client_url) as broker,
            Connection(at.broker_url) as connection,
            _celery(at, "bench.peer.usual_stack", environment) as process,
        ):
            # One publisher for all messages, and no repr of the article in each header.
            publisher = KombuProducer(connection.default_channel, auto_declare=False)

            def push(articles: Sequence[Raw], foreign: bool, sent: float | None) -> None:
                if foreign:
                    calls = [([raw, sent], {}) for raw in articles]
                    push_foreign(broker, usual_stack.QUEUE, usual_stack.TASK, calls)
                    return
                for raw in articles:
                    app.send_task(
                        usual_stack.TASK, (raw, sent), producer=publisher,
                        argsrepr="", kwargsrepr="", queue=usual_stack.QUEUE,
                    )  # fmt: skip

            yield Running(
                process,
                broker.info("server")["process_id"],
                _store_pid(at),
                push,
                lambda: broker.llen(usual_stack.QUEUE) + broker.hlen("unacked"),
                lambda articles: _missing(at.store_url, articles),
                lambda: [*map(float, take_lines(latencies))],
            )

    return start


@contextmanager
def floor_worker(at: Place) -> Iterator[Running]:
    """The processes of bench.peer.floor."""
    floor.create_schema(at.store_url)
    latencies = _latencies(at)
    command = [sys.executable, "-m", "bench.peer.floor", at.client_url, at.store_url]
    with redis.Redis.from_url(at.client_url) as broker:
        pushed = 0

        def push(articles: Sequence[Raw], foreign: bool, sent: float | None) -> None:
            nonlocal pushed
            pushed += len(articles)
            rest, size = iter(articles), 1 if foreign else _FLOOR_BATCH
            extra = {} if sent is None else {"sent": sent}
            with broker.pipeline(transaction=False) as pipe:
                while batch := [*islice(rest, size)]:
                    pipe.rpush(floor.QUEUE, json.dumps({"articles": batch, **extra}))
                pipe.execute()

        command += [str(at.processes)]
        environment = {"PEER_LATENCIES": str(latencies)}
        with group_of_processes(command, environment, at.log_file) as process:
            yield Running(
                process,
                broker.info("server")["process_id"],
                _store_pid(at),
                push,
                lambda: pushed - int(broker.get(floor.DONE) or 0),
                lambda articles: _missing(at.store_url, articles),
                lambda: [*map(float, take_lines(latencies))],
            )


@contextmanager
def _celery(
    at: Place, app: str, environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "celery", "-A", app, "worker", *_ALONE]
    command += ["--concurrency", str(at.processes)]
    with group_of_processes(command, environment, at.log_file) as process:
        yield process


def _missing(store_url: str, articles: Sequence[Raw]) -> int:
    """How many of these articles have no row in the table of the peer or of the floor."""
    engine = open_engine(parse(store_url))
    with engine.connect() as connection:
        known = {tuple(row) for row in connection.execute(_KEYS)}
    engine.dispose()
    return len({(raw["source"]["id"], raw["id"]) for raw in articles} - known)


def _store_pid(at: Place) -> int | None:
    return None if at.store_url.startswith("sqlite") else postgres_pid(at.store_url)


def _latencies(at: Place) -> Path:
    folder = at.folder / "latencies"
    folder.mkdir()
    return folder
