"""Copy a whole store to a file while workers go on writing, and put such a copy back.

An SQLite store is copied by VACUUM INTO, a PostgreSQL database by the program pg_dump.
"""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy import URL

from worker.errors import BadConfig, Unavailable
from worker.model.private_files import create_private
from worker.store.database.engine import open_engine, parse, raising_unavailable
from worker.store.database.schema import alert_turns, job_progress, metadata, table_sizes

OnBytes = Callable[[int], None]  # called with the bytes written so far

# Tables into which workers write without an article; a row in any other one is content.
_BOOKKEEPING = {alert_turns.name, job_progress.name, table_sizes.name}
_PLACE = re.compile(r"^(?:psql:<stdin>:\d+: |\w+: error: )")  # before the words of a program
_LONGEST_REASON = 500  # characters
_LOCK_TIMEOUT = "60s"  # for other users of a PostgreSQL store to end their transactions
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
        _replace_file(Path(str(parsed.database)).resolve(), copy, on_bytes)
        return
    _replace_database(parsed, copy, on_bytes)


def other_tables(url: str, copy: Path) -> list[str]:
    """Return the names of the tables of a PostgreSQL database that a copy of a store does not
    have, such as those that a later version has added. They are removed when it is put back."""
    if is_sqlite(url):
        return []
    command = [_program("pg_restore"), "--list", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise BadConfig(f"pg_restore: {done.stderr.strip()[:_LONGEST_REASON]}")
    entries = [line.split() for line in done.stdout.splitlines() if not line.startswith(";")]
    copied = {entry[5] for entry in entries if entry[3:4] == ["TABLE"]}
    return sorted(set(_names(parse(url))[0]) - copied)


def is_empty(url: str) -> bool:
    """Return whether the store at this address holds nothing that would be missed: no article,
    outcome, dead letter, access token or the like."""
    parsed = parse(url)
    if is_sqlite(url):
        file = Path(str(parsed.database))
        if not file.exists() or not file.stat().st_size:
            return True
    engine = open_engine(parsed)
    try:
        with raising_unavailable(parsed), engine.connect() as connection:
            existing = set(sa.inspect(connection).get_table_names()) & set(metadata.tables)
            return not any(
                connection.scalar(sa.select(sa.exists().select_from(sa.table(name))))
                for name in sorted(existing - _BOOKKEEPING)
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
    try:
        with copy.open("rb") as source, new.open("wb") as target:
            while block := source.read(1 << 20):
                target.write(block)
                on_bytes(target.tell())
        _flush(new)
        _remove_log(file)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    _flush(file.parent)


def _remove_log(file: Path) -> None:
    """Remove the log of an SQLite file, which SQLite would apply to the file that replaces it.

    What is in the log is first written to the file itself: if the process dies before the file is
    replaced, it has lost nothing.
    """
    if file.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for ending in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _replace_database(url: URL, copy: Path, on_bytes: OnBytes) -> None:
    """Replace all tables of a PostgreSQL database in one transaction.

    pg_restore removes only what the copy has, and migrations would fail on the tables of a later
    version. So its SQL goes through psql, after statements that remove all tables, and the view and
    the function by which earlier versions write tags.
    """
    tables, views = _names(url)
    names = ", ".join(f'"{name}"' for name in tables)
    begin = f"BEGIN;\nSET LOCAL lock_timeout = '{_LOCK_TIMEOUT}';\n"
    begin += "DROP VIEW tags;\n" if "tags" in views else ""
    begin += "DROP FUNCTION IF EXISTS write_tag_row();\n"
    begin += f"DROP TABLE {names};\n" if names else ""
    psql = [_program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    restore = [_program("pg_restore"), "--clean", "--if-exists", "--no-owner", "--no-privileges"]
    with (
        tempfile.TemporaryFile("w+", errors="replace") as target_errors,
        tempfile.TemporaryFile("w+", errors="replace") as source_errors,
        subprocess.Popen(
            [*psql, f"--dbname={_libpq(url)}"],
            env=_environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=target_errors,
        ) as target,
        subprocess.Popen(
            [*restore, "--file=-", str(copy)], stdout=subprocess.PIPE, stderr=source_errors
        ) as source,
    ):
        try:
            _send_sql(begin.encode(), source, target, on_bytes)
        except BaseException:  # without COMMIT nothing has changed
            source.kill()
            target.kill()
            raise
        # pg_restore is killed by SIGPIPE if psql has ended with an error.
        if source.wait() not in (0, -signal.SIGPIPE):
            raise BadConfig(f"pg_restore: {_reason(source_errors, source.returncode)}")
        if target.wait() or source.returncode:
            raise BadConfig(f"psql: {_reason(target_errors, target.returncode)}")


def _send_sql(
    begin: bytes,
    source: "subprocess.Popen[bytes]",
    target: "subprocess.Popen[bytes]",
    on_bytes: OnBytes,
) -> None:
    """Send SQL and then the output of `source` to `target`, and commit if `source` ends well."""
    if target.stdin is None or source.stdout is None:
        raise ValueError("both programs need pipes")
    sent = 0
    with suppress(BrokenPipeError), target.stdin, source.stdout:
        target.stdin.write(begin)
        while block := source.stdout.read(1 << 20):
            target.stdin.write(block)
            sent += len(block)
            on_bytes(sent)
        if source.wait() == 0:
            target.stdin.write(b"COMMIT;\n")


def _names(url: URL) -> tuple[list[str], list[str]]:
    """The names of all tables and of all views of a database."""
    engine = open_engine(url)
    try:
        with raising_unavailable(url), engine.connect() as connection:
            found = sa.inspect(connection)
            return sorted(found.get_table_names()), sorted(found.get_view_names())
    finally:
        engine.dispose()


def _run(command: Sequence[str], url: URL, growing: Path, on_bytes: OnBytes) -> None:
    """Run a program of PostgreSQL on this database; the password goes by its environment."""
    with (
        tempfile.TemporaryFile("w+", errors="replace") as errors,
        subprocess.Popen(
            command,
            env=_environment(url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_S)
                on_bytes(growing.stat().st_size)
        except BaseException:
            process.kill()
            raise
        if process.returncode:
            raise BadConfig(f"{Path(command[0]).name}: {_reason(errors, process.returncode)}")


def _reason(errors: IO[str], code: int) -> str:
    """Say why a program of PostgreSQL has failed, by what it wrote to stderr."""
    errors.seek(0)
    lines = [_PLACE.sub("", line).strip() for line in errors]
    lines = [line for line in lines if line and not line.lower().startswith("hint:")]
    return "; ".join(lines)[:_LONGEST_REASON] or f"exit code {code}"


def _environment(url: URL) -> dict[str, str]:
    return {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}


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


def _flush(path: Path) -> None:
    """Return when a file, or the list of files in a folder, is on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
