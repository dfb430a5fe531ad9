"""Copy a whole store to a file while workers go on writing, and put such a copy back.

An SQLite store is copied by VACUUM INTO, a PostgreSQL database by the program pg_dump.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL

from worker.errors import BadConfig, Unavailable
from worker.model.private_files import create_private
from worker.store.database.engine import open_engine, parse, raising_unavailable

OnBytes = Callable[[int], None]  # called with the bytes written so far

_FILLED = ("articles", "receipts", "dead_letters", "journal")  # tables; one row in any is content
_LOOK_S = 0.2
_STEPS = 50_000  # of SQLite's machine between two calls of OnBytes


def is_sqlite(url: str) -> bool:
    """Return whether the store at this address is an SQLite file."""
    return parse(url).drivername.startswith("sqlite")


def copy_name(url: str) -> str:
    """Return the name of the file for a copy of this store."""
    return "store.sqlite3" if is_sqlite(url) else "store.pgdump"


def copy_store(url: str, target: Path, on_bytes: OnBytes) -> None:
    """Copy the store at this address, as it is at one moment, to a new private file.

    Raises Unavailable when the store does not answer, and BadConfig when the program pg_dump is
    missing or can't dump it.
    """
    parsed = parse(url)
    create_private(target)
    if is_sqlite(url):
        _vacuum_into(parsed, target, on_bytes)
        return
    command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"]
    _run([*command, f"--file={target}", f"--dbname={_libpq(parsed)}"], parsed, target, on_bytes)


def replace_store(url: str, copy: Path, on_bytes: OnBytes) -> None:
    """Replace the store at this address by a copy that copy_store() made.

    Nothing else may use the store meanwhile. Raises as copy_store() does; then the store is as it
    was.
    """
    parsed = parse(url)
    if is_sqlite(url):
        _replace_file(Path(str(parsed.database)), copy, on_bytes)
        return
    command = [_program("pg_restore"), "--clean", "--if-exists", "--no-owner", "--no-privileges"]
    command += ["--single-transaction", "--exit-on-error", f"--dbname={_libpq(parsed)}"]
    _run([*command, str(copy)], parsed, copy, lambda _: None)


def is_empty(url: str) -> bool:
    """Return whether the store at this address holds nothing: no article, outcome or dead
    letter."""
    parsed = parse(url)
    if is_sqlite(url):
        file = Path(str(parsed.database))
        if not file.exists() or not file.stat().st_size:
            return True
    engine = open_engine(parsed)
    try:
        with raising_unavailable(parsed), engine.connect() as connection:
            existing = set(sa.inspect(connection).get_table_names())
            return not any(
                connection.scalar(sa.select(sa.exists().select_from(sa.table(name))))
                for name in _FILLED
                if name in existing
            )
    finally:
        engine.dispose()


def check_copy(copy: Path) -> None:
    """Check that an SQLite file is whole. Raises BadConfig if it is damaged."""
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as connection:
            [answer] = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as e:
        raise BadConfig(f"{copy}: {e}") from e
    if answer != "ok":
        raise BadConfig(f"{copy}: {answer}")


def _vacuum_into(url: URL, target: Path, on_bytes: OnBytes) -> None:
    file = Path(str(url.database))
    if not file.is_file():
        raise BadConfig(f"there is no store: {file}")

    def look() -> None:
        on_bytes(target.stat().st_size)

    try:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as connection:
            connection.set_progress_handler(look, _STEPS)
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as e:
        raise Unavailable("store", f"{file}: {e}") from e
    _flush(target)
    look()


def _replace_file(file: Path, copy: Path, on_bytes: OnBytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.restoring")
    new.unlink(missing_ok=True)
    create_private(new)
    with copy.open("rb") as source, new.open("wb") as target:
        while block := source.read(1 << 20):
            target.write(block)
            on_bytes(target.tell())
    _flush(new)
    # First: SQLite would apply the log of the old file to the new one.
    for ending in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    new.replace(file)


def _run(command: Sequence[str], url: URL, growing: Path, on_bytes: OnBytes) -> None:
    """Run a program of PostgreSQL on this database; the password goes by its environment."""
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            while True:
                try:
                    _, errors = process.communicate(timeout=_LOOK_S)
                    break
                except subprocess.TimeoutExpired:
                    on_bytes(growing.stat().st_size)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        lines = errors.strip().splitlines() or [f"exit code {process.returncode}"]
        raise BadConfig(f"{Path(command[0]).name}: {lines[-1]}")
    on_bytes(growing.stat().st_size)


def _program(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise BadConfig(
            f"{name} is not installed here: install the client programs of PostgreSQL, of the "
            "server's version or a later one, and try again"
        )
    return program


def _libpq(url: URL) -> str:
    """Return the address as the programs of PostgreSQL read it, without the password."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
