"""The services of docker-compose.yml, run natively: their own commands, environment and limits.

Only what a container would give is put in its place: host names, the folder for files.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import make_url

from devtools.servers import create_database, drop_database, in_database
from devtools.waiting import limit_s, stretch, until
from tests.compose.stack import ROOT, seconds, services
from worker import Producer
from worker.broker.server_programs import installed_servers

SERVICES = services()
PROGRAMS = {"worker": [sys.executable, "-m", "worker"], "celery": [sys.executable, "-m", "celery"]}
TMPFS = SERVICES["worker"]["tmpfs"][0] + "/"


@dataclass(frozen=True)
class Local:
    """What stands in for the containers' network and file system."""

    valkey_port: int
    postgres_url: str
    folder: Path

    def environment(self, name: str) -> dict[str, str]:
        given = {key: self._here(value) for key, value in SERVICES[name]["environment"].items()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
        return kept | given

    def command(self, name: str) -> list[str]:
        return self.native(SERVICES[name]["command"])

    def native(self, command: list[str]) -> list[str]:
        return PROGRAMS[command[0]] + [self._here(part) for part in command[1:]]

    def _here(self, value: str) -> str:
        value = value.replace("@valkey:6379/", f"@127.0.0.1:{self.valkey_port}/")
        if "@postgres:5432/" in value:
            query = make_url(self.postgres_url).query
            url = make_url(value).set(host=None, port=None, query=query)
            return url.render_as_string(hide_password=False)
        if value == "/seeds":
            return str(ROOT / "seeds")
        return str(self.folder / value[1:]) if value.startswith(TMPFS) else value

    def run(self, name: str, command: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.native(command),
            env=self.environment(name),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=limit_s(),
            check=False,
        )

    def healthy(self) -> bool:
        _, *command = SERVICES["worker"]["healthcheck"]["test"]
        return self.run("worker", command).returncode == 0


@pytest.fixture(scope="module")
def stack(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """What `docker compose up` starts, in its order; then the worker must stop in time."""
    folder = tmp_path_factory.mktemp("stack")
    with valkey(folder) as port, database(postgres_url) as url:
        local = Local(port, url, folder)
        assert not local.healthy()
        migrated = local.run("migrate", SERVICES["migrate"]["command"])
        assert migrated.returncode == 0, migrated.stderr
        with worker(local):
            yield local
        assert not local.healthy()


@contextmanager
def valkey(folder: Path) -> Iterator[int]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [str(installed_servers(folder)[0].program), *SERVICES["valkey"]["command"][1:]]
    command += ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        with client(port) as connection:
            until(lambda: answers(connection) or ended(server), "the broker answers")
            assert not ended(server)
        yield port
    finally:
        server.kill()
        server.wait()


def client(port: int) -> redis.Redis:
    return redis.Redis(port=port, password=SERVICES["valkey"]["environment"]["VALKEYCLI_AUTH"])


def ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


def answers(connection: redis.Redis) -> bool:
    with suppress(redis.ConnectionError):
        return bool(connection.ping())
    return False


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """The account and the database that the image makes from its environment."""
    account = SERVICES["postgres"]["environment"]
    plain = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        role = psycopg.sql.Identifier(account["POSTGRES_USER"])
        statement = psycopg.sql.SQL("CREATE ROLE {} SUPERUSER LOGIN")
        connection.execute(statement.format(role))
        create_database(server_url, account["POSTGRES_DB"])
        try:
            yield in_database(server_url, account["POSTGRES_DB"])
        finally:
            drop_database(server_url, account["POSTGRES_DB"])
            connection.execute(psycopg.sql.SQL("DROP ROLE {}").format(role))


@contextmanager
def worker(local: Local) -> Iterator[None]:
    with (local.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            local.command("worker"),
            env=local.environment("worker"),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        log = local.folder / "worker.log"
        until(lambda: "ready." in log.read_text() or ended(process), "the worker is ready")
        assert local.healthy(), log.read_text()
        yield
        process.terminate()
        grace_s = seconds(SERVICES["worker"]["stop_grace_period"])
        assert process.wait(grace_s * stretch()) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_an_article_pushed_from_outside_is_found_by_a_command_inside(stack: Local) -> None:
    environment = stack.environment("worker")
    title = "Ferry service to Quillbay resumes"
    urls = environment["WORKER_BROKER_URL"], environment["WORKER_STORE_URL"]
    with Producer(urls[0], store=urls[1]) as producer:
        (receipt,) = producer.enqueue(
            [{"id": "ferry", "title": title, "summary": "Boats sail again."}]
        )
        wait_for([receipt], producer)
    found = json.loads(stack.run("worker", ["worker", "search", "Quillbay", "--json"]).stdout)
    assert [each["title"] for each in found] == [title]


def test_the_seeds_service_puts_all_seeds_on_the_queue(stack: Local) -> None:
    sent = stack.run("seed", [*SERVICES["seed"]["command"], "--json"])
    receipts = json.loads(sent.stdout)["receipts"]
    environment = stack.environment("worker")
    with Producer(environment["WORKER_BROKER_URL"], store=environment["WORKER_STORE_URL"]) as p:
        wait_for(receipts, p)
    assert len(receipts) > 50


def wait_for(receipts: list[str], producer: Producer) -> None:
    until(lambda: all(producer.outcome(receipt) for receipt in receipts), "every outcome")


def test_the_broker_keeps_its_queue_on_disk_and_evicts_nothing(stack: Local) -> None:
    with client(stack.valkey_port) as connection:
        settings = connection.config_get("*")
    assert settings["appendonly"] == "yes"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["maxmemory"] == str(512 * 2**20)
    assert settings["save"] == ""


def test_the_broker_refuses_whoever_lacks_the_password(stack: Local) -> None:
    stranger = redis.Redis(port=stack.valkey_port, retry=Retry(NoBackoff(), 0))
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


@pytest.mark.long
def test_the_web_service_answers_with_its_own_command_and_health_check(stack: Local) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # Its address in a container, 0.0.0.0, needs the read-only mode of its environment.
    command = [*stack.command("web"), "--host", "127.0.0.1", "--port", port]
    how, python, *check = SERVICES["web"]["healthcheck"]["test"]
    assert (how, python) == ("CMD", "python")
    check = [
        sys.executable,
        *(part.replace("127.0.0.1:8080", f"127.0.0.1:{port}") for part in check),
    ]

    def is_healthy() -> bool:
        return subprocess.run(check, capture_output=True, check=False).returncode == 0

    assert not is_healthy()
    web = subprocess.Popen(command, env=stack.environment("web"), cwd="/")
    try:
        until(lambda: is_healthy() or ended(web), "the web server is healthy")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/scale") as answer:
            assert json.load(answer)["workers"] == 1
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.read() == b"ok\n"
        web.terminate()
        assert web.wait(seconds(SERVICES["web"]["stop_grace_period"]) * stretch()) == 0
    finally:
        web.kill()
        web.wait()
