"""A real Valkey where none is installed: started on first use, stopped by `worker down`.

It listens on a unix socket only, keeps an append-only file, and outlives the command that
started it. A lock makes sure that two commands at once start one server. Another one is held by
the server itself as long as it lives, so that no second server ever works on the same files.
"""

import errno
import fcntl
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.broker import embedded_diagnosis
from worker.broker.server_programs import AOF_FOLDER, Server, at_hand, cut_zeros, remember
from worker.errors import BadConfig, Unavailable

__all__ = ["borrowed", "broker_url", "ensure", "is_running", "socket_path", "stop"]

WHAT = "embedded broker"  # of errors: no address in a setting leads to it

# sun_path holds 104 bytes on macOS, 108 on Linux; the rest is left for a temporary suffix.
_LONGEST_SOCKET_PATH = 100
_START_DEADLINE_S = 15.0  # until it answers at all
_READ_DEADLINE_S = 120.0  # until it has read its files: about 10 GB
_STOP_DEADLINE_S = 20.0
_LOOK_S = 0.02
_FULL = (errno.ENOSPC, errno.EDQUOT)


class State(Enum):
    ABSENT = "absent"  # nobody listens
    READING = "reading"  # its files, and refuses commands until then
    SILENT = "silent"  # takes connections and says nothing
    READY = "ready"


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
    return _state(var_dir) is State.READY


def ensure(var_dir: Path) -> bool:
    """Start the server unless it answers already; True when this call started it.

    Raises Unavailable when it does not come up and BadConfig for a folder that can't be written,
    both with the folder, the reason and the remedy in one line.
    """
    with _written(var_dir):
        var_dir.mkdir(parents=True, exist_ok=True)
        folder = socket_path(var_dir).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder != var_dir and folder.stat().st_uid != os.getuid():
            raise Unavailable(WHAT, f"{folder} belongs to another user")
        with _lock(var_dir):
            if _state(var_dir) is State.ABSENT or not _wait_until_ready(var_dir):
                _start_one(var_dir)
                return True
            return False


@contextmanager
def borrowed(var_dir: Path) -> Iterator[bool]:
    """The server, up; what this call started is stopped, unless somebody uses it by then."""
    started = ensure(var_dir)
    try:
        yield started
    finally:
        if started and not _is_used(var_dir):
            stop(var_dir)


def stop(var_dir: Path) -> bool:
    """Stop the server in good order, its file written; False when none was running."""
    if not var_dir.is_dir():
        return False
    with _written(var_dir), _lock(var_dir):
        state = _state(var_dir)
        if state is State.ABSENT:
            return False
        if state is State.SILENT:
            raise Unavailable(WHAT, f"{_process(var_dir)} does not answer")
        with _client(var_dir) as client:
            client.shutdown(nosave=True)  # the append-only file is what persists
        _wait_until_gone(var_dir)
        return True


def _start_one(var_dir: Path) -> None:
    """Start the first server that can read the files there. Raises Unavailable."""
    servers = at_hand(var_dir)
    if not servers:
        raise Unavailable(WHAT, embedded_diagnosis.no_server(var_dir))
    reasons: list[str] = []
    for server in servers:
        said = _started(server, var_dir)
        if embedded_diagnosis.DAMAGED in said and cut_zeros(var_dir):
            said = _started(server, var_dir)
        if not said:
            remember(var_dir, server)
            return
        reasons.append(said)
        if not embedded_diagnosis.is_about_files(said):
            raise Unavailable(WHAT, embedded_diagnosis.ended(server, var_dir, said))
    raise Unavailable(WHAT, embedded_diagnosis.unread(var_dir, servers, reasons))


def _started(server: Server, var_dir: Path) -> str:
    """Empty when it is up; else what it logged before it ended."""
    log = var_dir / "broker.log"
    before = log.stat().st_size if log.exists() else 0
    with _sign_of_life(var_dir) as sign:
        command = [str(server.program), *_options(var_dir)]
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", pass_fds=[sign.fileno()]
        )
    if answer.returncode == 0 and _wait_until_ready(var_dir):
        return ""
    return (
        answer.stdout + (_tail(log, before) if log.exists() else "") or embedded_diagnosis.NOTHING
    )


def _options(var_dir: Path) -> list[str]:
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
        "appenddirname": AOF_FOLDER,
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _wait_until_ready(var_dir: Path) -> bool:
    """False when the server ended instead. Raises Unavailable when it takes too long."""
    began = time.monotonic()
    while (state := _state(var_dir)) is not State.READY:
        if state is State.ABSENT and not _is_alive(var_dir):
            return False
        waited_s = time.monotonic() - began
        if state is State.READING and waited_s > _READ_DEADLINE_S:
            what = f"still reads {var_dir / AOF_FOLDER}: try again in a while"
            raise Unavailable(WHAT, f"{_process(var_dir)} {what}")
        if state is not State.READING and waited_s > _START_DEADLINE_S:
            raise Unavailable(WHAT, f"{_process(var_dir)} does not answer")
        time.sleep(_LOOK_S)
    return True


def _wait_until_gone(var_dir: Path) -> None:
    deadline = time.monotonic() + _STOP_DEADLINE_S
    while socket_path(var_dir).exists():  # the server removes it last, its file written
        if time.monotonic() > deadline:
            raise Unavailable(WHAT, f"{_process(var_dir)} does not stop")
        time.sleep(_LOOK_S)


def _state(var_dir: Path) -> State:
    if not socket_path(var_dir).exists():
        return State.ABSENT
    try:
        with _client(var_dir) as client:
            client.ping()
    except redis.BusyLoadingError:
        return State.READING
    except redis.TimeoutError:
        return State.SILENT
    except redis.ConnectionError:
        return State.ABSENT
    except redis.ResponseError:  # on a full disk it refuses even to be asked
        return State.READY
    return State.READY


def _is_used(var_dir: Path) -> bool:
    """Whether anybody but us is connected."""
    if not is_running(var_dir):
        return False
    with _client(var_dir) as client:
        return int(client.info("clients")["connected_clients"]) > 1


@contextmanager
def _sign_of_life(var_dir: Path) -> Iterator[IO[str]]:
    """A locked file to be handed down: it stays locked as long as a server has it open.

    Raises Unavailable while another server lives, whose socket somebody removed.
    """
    deadline = time.monotonic() + _STOP_DEADLINE_S / 4
    while _is_alive(var_dir):  # it may be about to end
        if time.monotonic() > deadline:
            remedy = "end that process, then try again"
            raise Unavailable(WHAT, f"{_process(var_dir)} has lost its socket: {remedy}")
        time.sleep(_LOOK_S)
    with (var_dir / "broker.alive").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _is_alive(var_dir: Path) -> bool:
    with (var_dir / "broker.alive").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _process(var_dir: Path) -> str:
    try:
        return f"process {int((var_dir / 'broker.pid').read_text())} on {var_dir}"
    except (OSError, ValueError):
        return f"the server on {var_dir}"


def _client(var_dir: Path) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(socket_path(var_dir)),
        socket_timeout=5,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),  # an answer now, also when the answer is no
    )


@contextmanager
def _lock(var_dir: Path) -> Iterator[None]:
    with (var_dir / "broker.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _written(var_dir: Path) -> Iterator[None]:
    """Turn what the system says of files that can't be made into one line."""
    try:
        yield
    except OSError as e:
        if e.errno in _FULL:
            raise Unavailable(WHAT, embedded_diagnosis.no_space(var_dir)) from e
        place, choose = e.filename or var_dir, "choose a folder that can be written"
        raise BadConfig(f"WORKER_VAR_DIR: {place}: {e.strerror}; {choose}") from e


def _tail(log: Path, before: int) -> str:
    with log.open("rb") as file:
        file.seek(before)
        return file.read(100_000).decode("utf-8", "replace")
