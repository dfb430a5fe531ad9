"""The embedded broker: one server a folder, started on use, stopped in good order."""

import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from worker.broker import embedded

pytestmark = pytest.mark.processes


@pytest.fixture
def var_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "var"
    embedded.stop(tmp_path / "var")


def client(var_dir: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(embedded.socket_path(var_dir)))


def test_commands_that_start_it_at_once_share_one_server(var_dir: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: embedded.ensure(var_dir), range(4)))
    assert sorted(started) == [False, False, False, True]


def test_what_waits_on_the_queue_survives_a_stop(var_dir: Path) -> None:
    embedded.ensure(var_dir)
    with client(var_dir) as c:
        c.lpush("articles", "message")
    assert embedded.stop(var_dir)
    assert not embedded.is_running(var_dir)
    assert not embedded.stop(var_dir)
    embedded.ensure(var_dir)
    with client(var_dir) as c:
        assert c.lrange("articles", 0, -1) == [b"message"]


def test_it_listens_on_a_private_socket_and_no_port(var_dir: Path) -> None:
    embedded.ensure(var_dir)
    assert stat.S_IMODE(embedded.socket_path(var_dir).stat().st_mode) == 0o600
    with client(var_dir) as c:
        assert c.config_get("port") == {"port": "0"}
        assert c.config_get("appendonly") == {"appendonly": "yes"}


def test_a_stale_socket_of_a_killed_server_is_no_hindrance(var_dir: Path) -> None:
    var_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(embedded.socket_path(var_dir)))
    assert embedded.ensure(var_dir)


def test_a_folder_too_deep_for_a_socket_moves_it_to_a_private_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    assert embedded.ensure(deep)
    folder = embedded.socket_path(deep).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert embedded.stop(deep)
