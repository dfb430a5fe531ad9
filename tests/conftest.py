"""Servers and stores for every test; a missing server skips, and fails where CI=true."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings

from devtools.servers import (
    NoServer,
    create_database,
    drop_database,
    in_database,
    private_postgres,
    private_valkey,
    unix_url,
)
from tests.missing_server import skip_or_fail
from tests.support.reused_databases import Schema, emptied, schema
from worker.broker import embedded
from worker.client.producer import Producer
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

_numbers = count(1)

# A busy machine is slow at everything: how long an example took says nothing of the code.
_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]
_PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
# The same inputs in each run, so that none fails by chance: `make test-long` makes up new ones.
settings.register_profile("fast", _PATIENT, max_examples=5, derandomize=True)  # make test-fast
settings.register_profile("quick", _PATIENT, max_examples=25, derandomize=True)  # make test
settings.register_profile("thorough", _PATIENT, max_examples=500)  # make test-long
settings.load_profile("quick")

_SERVERS = {"postgres_url", "valkey_url"}
_running: list[pytest.Item] = []

os.environ["COLUMNS"] = "120"  # where no test says otherwise, whatever runs the tests


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave tests that ask for a server out of `make test-fast`."""
    for item in items:
        if _SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("processes")


def pytest_runtest_setup(item: pytest.Item) -> None:
    _running[:] = [item]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Allow processes from here on: servers of the whole run are stopped after its last test."""
    _running.clear()


def _refuse_processes(event: str, arguments: tuple[object, ...]) -> None:
    """Fail a test that starts a process without the marker `processes`."""
    if event != "subprocess.Popen" or not _running:
        return
    if _running[0].get_closest_marker("processes") is None:
        raise RuntimeError(f"it starts {arguments[0]}: mark it with `processes`")


sys.addaudithook(_refuse_processes)


def _start(server: AbstractContextManager[str], stack: ExitStack) -> str:
    try:
        return stack.enter_context(server)
    except NoServer as e:
        skip_or_fail(e)


@pytest.fixture(scope="session", autouse=True)
def _own_var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of embedded data for tests that name no other: never that of the developer."""
    folder = tmp_path_factory.mktemp("var")
    os.environ["WORKER_VAR_DIR"] = str(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _no_broker_is_left(_own_var_dir: Path) -> Iterator[None]:
    """Fail the last test of a file if one of its tests has left an embedded broker running."""
    yield
    if embedded.stop(_own_var_dir):
        pytest.fail("a test of this file started an embedded broker and did not stop it")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this run's own."""
    with ExitStack() as stack:
        yield _start(private_postgres(), stack)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey server of this run's own, as kombu writes it; for redis-py: servers.unix_url."""
    with ExitStack() as stack:
        yield _start(private_valkey(), stack)


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """A client of that server, which is emptied first."""
    with redis.Redis.from_url(unix_url(valkey_url)) as client:
        client.flushall()
        yield client


@pytest.fixture
def producer(
    valkey_url: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Producer]:
    """A producer on that server, whose embedded data would lie in the test's own folder."""
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path))
    with Producer(valkey_url) as producer:
        yield producer


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_template(postgres_url: str) -> str:
    create_database(postgres_url, "template_store")
    migrate(in_database(postgres_url, "template_store"))
    return "template_store"


@pytest.fixture
def sqlite_store_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    shutil.copy(_sqlite_template, tmp_path / "store.db")
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(scope="session")
def _postgres_schema(postgres_url: str, _postgres_template: str) -> Schema:
    return schema(in_database(postgres_url, _postgres_template))


_spare_databases: list[str] = []


@pytest.fixture
def postgres_store_url(
    postgres_url: str, _postgres_template: str, _postgres_schema: Schema
) -> Iterator[str]:
    """An empty, migrated PostgreSQL database."""
    if not _spare_databases:
        _spare_databases.append(f"store_{next(_numbers)}")
        create_database(postgres_url, _spare_databases[-1], _postgres_template)
    name = _spare_databases.pop()
    url = in_database(postgres_url, name)
    yield url
    if emptied(url, _postgres_schema):
        _spare_databases.append(name)
    else:
        drop_database(postgres_url, name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.processes)])
def store_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_store_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    """A store on a fresh database of each kind."""
    store = SqlStore(store_url)
    yield store
    store.close()
