"""Servers of the suite's own: private, in temporary folders, ended with it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

READY_S = 60  # a busy machine starts a database slowly
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")


class NoServer(Exception):
    """This machine has no such server: the message says what was looked for."""


@contextmanager
def private_postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL that nobody else can reach: it listens on a unix socket."""
    with _folder("pg") as folder:
        bin_, account = _postgres(folder)
        data, log = folder / "data", folder / "log"
        arguments = ["--auth=trust", "--username=worker", "--encoding=UTF8", "--locale=C.UTF-8"]
        _run([bin_ / "initdb", "--no-sync", *arguments, "-D", data], account)
        options = f"-c listen_addresses='' -k {folder} -c fsync=off -c synchronous_commit=off"
        server = [bin_ / "pg_ctl", "-D", data, "-w", "-t", str(READY_S)]
        try:
            _run([*server, "-l", log, "-o", f"{options} -c full_page_writes=off", "start"], account)
            yield f"postgresql+psycopg://worker@/postgres?host={folder}"
        finally:
            with suppress(subprocess.CalledProcessError):
                _run([*server, "-m", "immediate", "stop"], account)
