"""The embedded broker: a Valkey or Redis server on this machine that serves one data folder.

It is started on first use and stopped by `worker down`. It listens on a unix socket only, records
each change in an append-only file, and outlives the command that started it. A file lock ensures
that two commands at once start only one server; a second file lock, which the server holds while it
runs, ensures that no other server works on the same files.
"""

import errno
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from worker.broker import embedded_diagnosis
from worker.broker.embedded_state import (
    ServerState,
    connect_client,
    is_alive,
    process_name,
    server_state,
    socket_path,
)
from worker.broker.server_programs import AOF_FOLDER, Server, cut_zeros, installed_servers, remember
from worker.errors import BadConfig, Unavailable
from worker.model.private_files import UMASK, make_private, opener

__all__ = ["borrowed", "broker_url", "ensure", "has_data", "is_running", "socket_path", "stop"]

SERVICE = "embedded broker"  # its name in errors

_START_DEADLINE_S = 15.0  # for its first answer
_READ_DEADLINE_S = 120.0  # for reading its files: about 10 GB
_STOP_DEADLINE_S = 20.0
_POLL_S = 0.02
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def broker_url(var_dir: Path) -> str:
    """The address of the embedded broker of the data folder `var_dir`: a `redis+socket://` URL."""
    return f"redis+socket://{socket_path(var_dir)}"


def has_data(var_dir: Path) -> bool:
    """Whether an embedded broker runs in the data folder `var_dir`, or has left its data there."""
    return (var_dir / AOF_FOLDER).is_dir() or is_running(var_dir)


def is_running(var_dir: Path) -> bool:
    """Whether the embedded broker of the data folder `var_dir` runs and answers a ping."""
    return server_state(var_dir) is ServerState.READY


def ensure(var_dir: Path) -> bool:
    """Make sure that the embedded broker of the data folder `var_dir` runs and answers.

    Returns whether this call started it. Raises Unavailable when the server does not start, and
    BadConfig for a folder that can't be written; each error says in one line why and what to do.
    """
    with _write_errors(var_dir):
        make_private(var_dir)
        folder = socket_path(var_dir).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder != var_dir and folder.stat().st_uid != os.getuid():
            raise Unavailable(SERVICE, f"{folder} belongs to another user")
        with _lock(var_dir):
            if server_state(var_dir) is ServerState.ABSENT or not _wait_until_ready(var_dir):
                _start_one(var_dir)
                return True
            return False


@contextmanager
def borrowed(var_dir: Path) -> Iterator[bool]:
    """Let the embedded broker of the data folder `var_dir` run for the duration of a `with` block.

    Yields whether this call started it. If so, it is stopped after the block, unless another
    program is connected to it then.
    """
    started = ensure(var_dir)
    try:
        yield started
    finally:
        if started and not _is_used(var_dir):
            stop(var_dir)


def stop(var_dir: Path) -> bool:
    """Stop the embedded broker of the data folder `var_dir`, and wait until its files are written.

    Returns whether one was running. Raises Unavailable when it does not answer or does not stop.
    """
    if not var_dir.is_dir():
        return False
    with _write_errors(var_dir), _lock(var_dir):
        state = server_state(var_dir)
        if state is ServerState.ABSENT:
            return False
        if state is ServerState.SILENT:
            raise Unavailable(SERVICE, f"{process_name(var_dir)} does not answer")
        with connect_client(var_dir) as client:
            client.shutdown(nosave=True)  # the append-only file is what persists
        _wait_until_stopped(var_dir)
        return True


def _start_one(var_dir: Path) -> None:
    """Try the server programs of this machine until one starts and reads the files in `var_dir`.

    Raises Unavailable when none does.
    """
    servers = installed_servers(var_dir)
    if not servers:
        raise Unavailable(SERVICE, embedded_diagnosis.no_server(var_dir))
    reasons: list[str] = []
    for server in servers:
        output = _start(server, var_dir)
        if embedded_diagnosis.DAMAGED in output and cut_zeros(var_dir):
            output = _start(server, var_dir)
        if not output:
            remember(var_dir, server)
            return
        reasons.append(output)
        if not embedded_diagnosis.is_about_files(output):
            raise Unavailable(SERVICE, embedded_diagnosis.exited(server, var_dir, output))
    raise Unavailable(SERVICE, embedded_diagnosis.unreadable(var_dir, servers, reasons))


def _start(server: Server, var_dir: Path) -> str:
    """Start one server program on `var_dir`, and wait until it is ready.

    Returns "" when it is ready, or what it wrote to its output and its log when it exited.
    """
    log = var_dir / "broker.log"
    before = log.stat().st_size if log.exists() else 0
    with _alive_lock(var_dir) as lock:
        command = [str(server.program), *_options(var_dir)]
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            pass_fds=[lock.fileno()],
            umask=UMASK,
        )
    if answer.returncode == 0 and _wait_until_ready(var_dir):
        return ""
    return (
        answer.stdout + (_tail(log, before) if log.exists() else "") or embedded_diagnosis.NO_OUTPUT
    )


def _options(var_dir: Path) -> list[str]:
    options = {
        "daemonize": "yes",  # another process group: Ctrl-C in the terminal does not end it
        "port": "0",
        "unixsocket": str(socket_path(var_dir)),
        "unixsocketperm": "600",
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
    """Wait until the embedded server answers. Returns False when it exited instead.

    Raises Unavailable after 15 s without an answer, or 120 s in which it reads its files.
    """
    began = time.monotonic()
    while (state := server_state(var_dir)) is not ServerState.READY:
        if state is ServerState.ABSENT and not is_alive(var_dir):
            return False
        waited_s = time.monotonic() - began
        if state is ServerState.READING and waited_s > _READ_DEADLINE_S:
            what = f"still reads {var_dir / AOF_FOLDER}: try again in a while"
            raise Unavailable(SERVICE, f"{process_name(var_dir)} {what}")
        if state is not ServerState.READING and waited_s > _START_DEADLINE_S:
            raise Unavailable(SERVICE, f"{process_name(var_dir)} does not answer")
        time.sleep(_POLL_S)
    return True


def _wait_until_stopped(var_dir: Path) -> None:
    deadline = time.monotonic() + _STOP_DEADLINE_S
    while socket_path(var_dir).exists():  # the server removes it last, its file written
        if time.monotonic() > deadline:
            raise Unavailable(SERVICE, f"{process_name(var_dir)} does not stop")
        time.sleep(_POLL_S)


def _is_used(var_dir: Path) -> bool:
    """Whether other clients than this one are connected to the embedded server."""
    if not is_running(var_dir):
        return False
    with connect_client(var_dir) as client:
        return int(client.info("clients")["connected_clients"]) > 1


@contextmanager
def _alive_lock(var_dir: Path) -> Iterator[IO[str]]:
    """Lock the file by which others see that a server runs, and yield it to pass it to the server.

    The server inherits the open file, so it stays locked as long as the server runs. Raises
    Unavailable while another server runs whose socket was removed.
    """
    deadline = time.monotonic() + _STOP_DEADLINE_S / 4
    while is_alive(var_dir):  # it may be about to exit
        if time.monotonic() > deadline:
            remedy = "end that process, then try again"
            raise Unavailable(SERVICE, f"{process_name(var_dir)} has lost its socket: {remedy}")
        time.sleep(_POLL_S)
    with open(var_dir / "broker.alive", "a", opener=opener) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


@contextmanager
def _lock(var_dir: Path) -> Iterator[None]:
    with open(var_dir / "broker.lock", "w", opener=opener) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _write_errors(var_dir: Path) -> Iterator[None]:
    """Turn an OSError in the `with` block into an error that names file and remedy in one line.

    A full disk becomes Unavailable, any other error of a file BadConfig.
    """
    try:
        yield
    except OSError as e:
        if e.errno in _DISK_FULL:
            raise Unavailable(SERVICE, embedded_diagnosis.no_space(var_dir)) from e
        path, remedy = e.filename or var_dir, "choose a folder that can be written"
        raise BadConfig(f"WORKER_VAR_DIR: {path}: {e.strerror}; {remedy}") from e


def _tail(log: Path, before: int) -> str:
    with log.open("rb") as file:
        file.seek(before)
        return file.read(100_000).decode("utf-8", "replace")
