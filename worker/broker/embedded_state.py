"""Find out whether the embedded broker of a data folder runs, and whether it answers."""

import fcntl
import hashlib
import os
import tempfile
from enum import Enum
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.model.private_files import opener

# sun_path holds 104 bytes on macOS, 108 on Linux; the rest is left for a temporary suffix.
_LONGEST_SOCKET_PATH = 100


class ServerState(Enum):
    """The state of the embedded broker's server, found by a ping on its socket.

    Either no server listens, or it still reads its data files, or it is silent (it accepts a
    connection and does not reply), or it is ready. By the state a command decides whether to start
    the server, wait for it or give up.
    """

    ABSENT = "absent"  # nobody listens
    READING = "reading"  # it reads its files, and refuses commands meanwhile
    SILENT = "silent"  # it accepts connections and does not reply
    READY = "ready"


def socket_path(var_dir: Path) -> Path:
    """The path of the unix socket on which the embedded broker of the folder `var_dir` listens.

    It is in `var_dir`; if that path is too long for a socket, it is in a private temporary folder.
    """
    path = var_dir / "broker.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.blake2b(os.fsencode(var_dir), digest_size=6).hexdigest()
    return Path(tempfile.gettempdir()) / f"article-worker-{os.getuid()}-{name}" / "broker.sock"


def server_state(var_dir: Path) -> ServerState:
    """Return in which state the embedded broker of the data folder `var_dir` is, by a ping."""
    if not socket_path(var_dir).exists():
        return ServerState.ABSENT
    try:
        with connect_client(var_dir) as client:
            client.ping()
    except redis.BusyLoadingError:
        return ServerState.READING
    except redis.TimeoutError:
        return ServerState.SILENT
    except redis.ConnectionError:
        return ServerState.ABSENT
    except redis.ResponseError:  # on a full disk it refuses even PING
        return ServerState.READY
    return ServerState.READY


def is_alive(var_dir: Path) -> bool:
    """Whether a server process runs on the data folder `var_dir`, even one without a socket.

    As long as it runs, it holds a lock on the file `broker.alive`.
    """
    with open(var_dir / "broker.alive", "a", opener=opener) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def process_name(var_dir: Path) -> str:
    """Name the server process on the data folder `var_dir` for an error message, by its number."""
    try:
        return f"process {int((var_dir / 'broker.pid').read_text())} on {var_dir}"
    except (OSError, ValueError):
        return f"the server on {var_dir}"


def connect_client(var_dir: Path) -> redis.Redis:
    """Return a client of the embedded broker of the data folder `var_dir`, which tries each command
    once only."""
    return redis.Redis(
        unix_socket_path=str(socket_path(var_dir)),
        socket_timeout=5,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),  # a refused connection is an answer
    )
