"""Make and restore backups: a folder with copies of the broker's keys, the store, and the journals
in which producers list what they sent.

The queue is copied before the store. So an article that is processed meanwhile is in both copies
and not in none; after a restore it is processed a second time, which changes nothing. Journals are
copied last: an article that they list, and that the restored store does not know, was sent after
the backup.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from worker.broker.connection import BrokerConnection
from worker.broker.key_dump import count_keys, dump_keys, restore_keys, try_keys
from worker.broker.presence import present_workers
from worker.broker.server_info import server_info
from worker.errors import BadConfig
from worker.index.redis_index import RedisIndex
from worker.index.watermark import read_watermark, write_watermark
from worker.maintenance.backup_manifest import (
    BROKER_FILE,
    FORMAT,
    JOURNALS,
    BackupFile,
    Manifest,
    check_files,
    measured,
    read_manifest,
    write_manifest,
)
from worker.model.plurals import several
from worker.model.private_files import opener
from worker.store.migrate import migrate, revision
from worker.store.store_copy import (
    check_copy,
    copy_name,
    copy_store,
    is_empty,
    is_sqlite,
    other_tables,
    replace_store,
)

OnPart = Callable[[str, int], None]  # the part of the work, and how much of it was done since


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUpSystem:
    """The broker and the store that a backup copies, or that it is restored to.

    `queues` are the names of the queues; the first is that of new articles, by which workers at
    work are found.
    """

    broker: BrokerConnection
    queues: Sequence[str]
    store_url: str


def make_backup(
    system: BackedUpSystem,
    folder: Path,
    journals: Sequence[Path],
    left_out: Sequence[str],
    on_part: OnPart,
) -> Manifest:
    """Copy the broker's keys, the store and the producers' journals into a new or empty folder.

    Workers and producers may go on. Only this user can read the folder and its files. `left_out`
    has sentences on what is missing in the backup, which are written into its manifest. `on_part`
    is called with the name of a part and how much of it was copied since the last call. Raises
    BadConfig if the folder is not empty, and Unavailable if broker or store do not answer; the
    folder is then empty again.
    """
    _make_empty_folder(folder)
    try:
        return _fill(system, folder, journals, left_out, on_part)
    except BaseException:
        _empty(folder)  # a disk that is full must not stay so
        raise


def _fill(
    system: BackedUpSystem,
    folder: Path,
    journals: Sequence[Path],
    left_out: Sequence[str],
    on_part: OnPart,
) -> Manifest:
    started = datetime.now(UTC)
    broker, keys = _copy_broker(system, folder / BROKER_FILE, on_part)
    store_file = copy_name(system.store_url)
    schema = revision(system.store_url)
    copy_store(system.store_url, folder / store_file, _growth(on_part, "store"))
    names = [BROKER_FILE, store_file, *_copy_journals(folder, journals)]
    files: dict[str, BackupFile] = {
        name: measured(folder / name, lambda n: on_part("checksums", n)) for name in names
    }
    manifest = Manifest(
        format=FORMAT,
        version=version("article-worker"),
        schema=schema,
        store_file=store_file,
        broker=broker,
        keys=keys,
        started=started,
        finished=datetime.now(UTC),
        files=files,
        left_out=tuple(left_out),
    )
    write_manifest(folder, manifest)
    return manifest


def check_backup(folder: Path, store_url: str, on_part: OnPart) -> Manifest:
    """Check that a backup is complete and undamaged, and fits the kind of the store (SQLite or
    PostgreSQL). Returns its manifest.

    `on_part` is called with the name of a part and how much of it was checked since the last call.
    Raises BadConfig that says what is wrong.
    """
    manifest = read_manifest(folder)
    if manifest.store_file != copy_name(store_url):
        kind = "SQLite" if is_sqlite(store_url) else "PostgreSQL"
        raise BadConfig(f"{folder}: {manifest.store_file} can't be restored to {kind}")
    check_files(folder, manifest, lambda n: on_part("checksums", n))
    if is_sqlite(store_url):
        check_copy(folder / manifest.store_file)
    return manifest


def occupied(system: BackedUpSystem, store_copy: Path) -> list[str]:
    """Say in words what a restore would overwrite in the broker and the store; [] if both are
    empty.

    `store_copy` is the file of the backup from which the store is to be restored.
    """
    with system.broker.channel() as channel:
        keys = count_keys(channel)
    found = [] if is_empty(system.store_url) else ["articles or outcomes in the store"]
    if others := other_tables(system.store_url, store_copy):
        found.append(f"tables that the backup does not have ({', '.join(others)})")
    return [*found, *([several(keys, "key") + " in the broker"] if keys else [])]


def refuse_workers(system: BackedUpSystem) -> None:
    """Raise BadConfig while any worker runs, so that nothing is restored under it: it would go
    on with messages that it has taken before."""
    with system.broker.channel() as channel:
        at_work = [worker.state.node for worker in present_workers(channel, system.queues[0])]
    if at_work:
        names = ", ".join(at_work)
        raise BadConfig(f"workers are at work: {names}; end them first: worker drain --all")


def restore_backup(
    system: BackedUpSystem, folder: Path, manifest: Manifest, on_part: OnPart
) -> None:
    """Replace the store and the broker's keys by those of a backup that was checked.

    The store is replaced first, and migrated if it is of an earlier version. If this is
    interrupted, call it again. `on_part` is called with the name of a part and how much of it was
    restored since the last call. Raises Unavailable, before anything changes, if the broker can't
    read the backup.
    """
    path = folder / BROKER_FILE
    with system.broker.channel() as channel, path.open(encoding="utf-8") as lines:
        try_keys(channel, lines)
    replace_store(system.store_url, folder / manifest.store_file, _growth(on_part, "store"))
    migrate(system.store_url)
    with system.broker.channel() as channel, path.open(encoding="utf-8") as lines:
        restore_keys(channel, lines, lambda n: on_part("broker keys", n))


def _make_empty_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadConfig(f"{folder} is not empty: a backup does not overwrite anything")
    folder.chmod(0o700)


def _empty(folder: Path) -> None:
    """Remove what an unfinished backup has written into its folder."""
    shutil.rmtree(folder / JOURNALS, ignore_errors=True)
    for path in folder.iterdir():
        path.unlink()


def _copy_broker(system: BackedUpSystem, target: Path, on_part: OnPart) -> tuple[str, int]:
    """Dump the broker's keys to a file; return the server with its version, and the number."""
    with (
        system.broker.channel() as channel,
        open(target, "x", encoding="utf-8", opener=opener) as file,
    ):
        info = server_info(channel)
        keys = dump_keys(channel, system.queues, file, lambda n: on_part("broker keys", n))
        file.flush()
        os.fsync(file.fileno())
    return f"{info.server} {info.version}", keys


def _copy_journals(folder: Path, journals: Sequence[Path]) -> list[str]:
    """Copy the journals of producers; return their names in the folder."""
    names = []
    for number, journal in enumerate(journals, 1):
        (folder / JOURNALS).mkdir(mode=0o700, exist_ok=True)
        name = f"{JOURNALS}/{number}-{journal.name}"
        with journal.open("rb") as source, open(folder / name, "xb", opener=opener) as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        names.append(name)
    return names


def _growth(on_part: OnPart, part: str) -> Callable[[int], None]:
    """Turn sizes of a growing file into what was added since the size before."""
    before = 0

    def report(size: int) -> None:
        nonlocal before
        on_part(part, max(0, size - before))
        before = max(before, size)

    return report


def mark_index_incomplete(index: RedisIndex) -> None:
    """Mark the restored similarity index as incomplete. Workers then write to it the articles
    that it lacks because it was copied before the store."""
    mark = read_watermark(index)
    if mark.complete_until:
        write_watermark(index, "restored", mark.complete_until)
