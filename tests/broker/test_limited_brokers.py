"""Brokers that forbid commands, are full, read-only or away: safe, or refused in one line."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.servers import NoServer, free_port, private_server, start_server
from devtools.waiting import until
from tests.missing_server import skip_or_fail
from worker.broker.connection import BrokerConnection
from worker.broker.server_info import ServerInfo, server_info
from worker.celery import make_app
from worker.cli.doctor_command import check_server
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.index.redis_client import RedisClient
from worker.model.records import OutcomeKind

pytestmark = pytest.mark.processes

USER = ("--user", "worker", "on", ">secret", "~*", "&*", "+@all")


def facts(port: int, user: str = "worker:secret@") -> ServerInfo:
    url = f"redis://{user}127.0.0.1:{port}/0"
    connection = BrokerConnection(make_app(url, load_worker_rules()))
    try:
        with connection.channel() as channel:
            return server_info(channel)
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, redis.Redis]]:
    port = free_port()
    try:
        with private_server("--port", port), redis.Redis(port=port) as admin:
            yield port, admin
    except NoServer as e:
        skip_or_fail(e)


@pytest.mark.parametrize(
    ("forbidden", "unknown"),
    [
        (("-info",), True),
        (("-config",), False),
        (("-info", "-config", "-@dangerous", "-@admin"), True),
        (("-keys", "-flushall", "-client|kill"), False),
        (("-evalsha", "-script"), False),
    ],
)
def test_a_user_without_these_commands_can_hold_the_queue(
    server: tuple[int, redis.Redis], forbidden: tuple[str, ...], unknown: bool
) -> None:
    port, admin = server
    admin.execute_command("ACL", "SETUSER", "worker", "reset", *USER[2:], *forbidden)
    info = facts(port)
    assert (info.unfit_because, info.policy == "unknown") == ("", unknown)
    assert info.may_configure == (not {"-config", "-@admin"} & set(forbidden))
    with Producer(f"redis://worker:secret@127.0.0.1:{port}/0") as producer:
        producer.enqueue([{"title": "t"}])
        assert producer.advice().waiting == admin.llen("articles")


@pytest.mark.parametrize(
    "forbidden",
    ["-eval", "-@scripting", "-rpop", "-hset", "-zadd", "-time", "-@write", "-lpush", "-hexists"],
)
def test_a_user_without_scripts_or_their_commands_can_not(
    server: tuple[int, redis.Redis], forbidden: str
) -> None:
    port, admin = server
    admin.execute_command("ACL", "SETUSER", "worker", "reset", *USER[2:], forbidden)
    reason = facts(port).unfit_because
    assert reason.startswith("the broker forbids what the queue needs")
    assert "\n" not in reason


def test_a_user_with_the_keys_of_the_queue_alone_can_not(
    server: tuple[int, redis.Redis],
) -> None:
    port, admin = server
    admin.execute_command("ACL", "SETUSER", "worker", "reset", *USER[2:4])
    admin.execute_command("ACL", "SETUSER", "worker", "~articles*", "~unacked*", "&*", "+@all")
    assert "on all keys" in facts(port).unfit_because


def test_a_worker_without_the_channels_of_celery_ends_with_one_line(
    server: tuple[int, redis.Redis], tmp_path: Path, sqlite_store_url: str
) -> None:
    port, admin = server
    admin.execute_command("ACL", "SETUSER", "worker", "reset", *USER[2:5], "+@all", "resetchannels")
    stack = Stack(tmp_path, f"redis://worker:secret@127.0.0.1:{port}/0", sqlite_store_url)
    try:
        worker = stack.start_worker(processes=1)
        until(lambda: worker.poll() is not None, lambda: f"the end\n{stack.logs(40)}")
        assert worker.returncode == 1
        log = stack.logs(10_000)
        assert "worker: the broker forbids what the queue needs" in log
        assert "Traceback" not in log
    finally:
        stack.close()


def test_renamed_commands_are_the_same_as_forbidden_ones() -> None:
    port = free_port()
    renamed = ("--rename-command", "INFO", "", "--rename-command", "CONFIG", "")
    with private_server("--port", port, *renamed):
        info = facts(port, user="")
        assert (info.unfit_because, info.may_configure, info.append_only) == ("", False, None)
    with private_server("--port", port, "--rename-command", "EVAL", ""):
        assert "forbids" in facts(port, user="").unfit_because


@pytest.mark.parametrize(
    ("policy", "fit"), [("volatile-lru", True), ("volatile-ttl", True), ("allkeys-random", False)]
)
def test_a_policy_that_spares_keys_without_a_time_to_live_is_safe(
    server: tuple[int, redis.Redis], policy: str, fit: bool
) -> None:
    port, admin = server
    admin.config_set("maxmemory-policy", policy)
    assert (facts(port, user="").unfit_because == "") == fit
    admin.config_set("maxmemory-policy", "noeviction")


def test_a_full_or_read_only_broker_is_no_forbidden_one(server: tuple[int, redis.Redis]) -> None:
    port, admin = server
    admin.config_set("maxmemory", 1)
    assert facts(port, user="").unfit_because == ""
    admin.config_set("maxmemory", 0)
    admin.replicaof("127.0.0.1", 1)
    info = facts(port, user="")
    assert (info.unfit_because, info.read_only) == ("", True)
    assert "writes" in {result.what for result in check_server(info) if result.mend}
    admin.replicaof("NO", "ONE")
    assert not facts(port, user="").read_only


def test_a_full_or_read_only_broker_lets_a_worker_declare_its_queues(
    server: tuple[int, redis.Redis],
) -> None:
    port, admin = server
    connection = BrokerConnection(make_app(f"redis://127.0.0.1:{port}/0", load_worker_rules()))
    with connection.channel() as channel:
        for refuse, accept in (
            (lambda: admin.config_set("maxmemory", 1), lambda: admin.config_set("maxmemory", 0)),
            (lambda: admin.replicaof("127.0.0.1", 1), lambda: admin.replicaof("NO", "ONE")),
        ):
            refuse()
            try:
                channel.exchange_declare("reply", "direct")
                channel.queue_declare("reply", expires=10_000)
                channel.queue_bind("reply", "reply", "reply")
                channel.queue_delete("reply")
            finally:
                accept()
    connection.close()


def test_the_index_on_a_full_broker_takes_what_drains_the_queue(
    server: tuple[int, redis.Redis],
) -> None:
    port, admin = server
    url = f"redis://127.0.0.1:{port}/0?global_keyprefix=p:"
    client, separate = RedisClient(url, 5.0, writes_when_full=True), RedisClient(url, 5.0)
    script = "return redis.call('HSETNX', KEYS[1], ARGV[1], '')"
    commands = [
        ("SET", "k", b"\x00v", "EX", 60),
        ("INCRBY", "n", 2),
        ("HSETNX", "h", "f", 1),
        ("EVAL", script, 1, "h2", "f"),
        ("SET", "k", "w", "NX"),
        ("GET", "k"),
        ("HGETALL", "h"),
    ]
    admin.config_set("maxmemory", 1)
    try:
        assert client.execute(commands) == [b"OK", 2, 1, 1, None, b"\x00v", {b"f": b"1"}]
        # On a server of its own, nothing is drained by writing more.
        with pytest.raises(Unavailable, match="memory"):
            separate.execute(commands)
    finally:
        admin.config_set("maxmemory", 0)
        client.close()
        separate.close()


class Service:
    """A managed broker: a user without INFO and CONFIG, and an append-only file."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://worker:secret@127.0.0.1:{self.port}/0"
        self.admin = redis.Redis(port=self.port)
        self._folder = folder
        self.start()

    def start(self) -> None:
        options = ("--port", self.port, "--appendonly", "yes", "--save", "")
        forbidden = ("-@dangerous", "-@admin")
        self._server = start_server(self._folder, *options, *USER, *forbidden)

    def kill(self) -> None:
        self._server.kill()
        self._server.wait()

    def close(self) -> None:
        self.admin.close()
        self.kill()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "s").mkdir()
    try:
        service = Service(tmp_path / "s")
    except NoServer as e:
        skip_or_fail(e)
    yield service
    service.close()


@pytest.mark.long
def test_one_worker_drains_a_full_broker_and_outlives_a_read_only_and_a_killed_one(
    service: Service, tmp_path: Path, sqlite_store_url: str
) -> None:
    stack = Stack(tmp_path, service.url, sqlite_store_url)

    def count(slug: str) -> int:
        return stack.logs(10_000).count(slug)

    def unavailable(times: int) -> None:
        until(lambda: count("broker.unavailable") == times, lambda: f"outage\n{stack.logs(40)}")

    def available(times: int) -> None:
        until(lambda: count("broker.available") == times, lambda: f"its end\n{stack.logs(40)}")

    try:
        waiting = stack.enqueue(generate(20, seed=1))
        service.admin.config_set("maxmemory", service.admin.info("memory")["used_memory"] - 1)
        worker = stack.start_worker(processes=1, faults=True, mingle=True)
        assert {o.kind for o in stack.outcomes(waiting).values()} == {OutcomeKind.NEW}
        unavailable(1)
        service.admin.config_set("maxmemory", 0)
        available(1)

        service.admin.replicaof("127.0.0.1", 1)
        unavailable(2)
        service.admin.replicaof("NO", "ONE")
        available(2)

        [napping] = stack.enqueue([{"title": "FAULT nap 4", "summary": "It takes its time."}])
        until(lambda: "nap began" in stack.logs(10_000), "a pool process works")
        service.kill()
        unavailable(3)
        os.kill(stack.children(worker)[0], signal.SIGKILL)
        service.start()
        available(3)
        later = stack.enqueue(generate(20, seed=2))
        assert {o.kind for o in stack.outcomes(later).values()} == {OutcomeKind.NEW}
        assert worker.poll() is None
        assert (count("broker.unavailable"), count("broker.available")) == (3, 3)
        assert count("Traceback") == count("Cannot connect") == 0, stack.logs(200)
        # Its message was delivered again when the lease had expired.
        assert stack.outcomes([napping])[napping].kind is OutcomeKind.NEW
    finally:
        stack.close()
